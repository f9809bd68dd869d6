// Where the records of activations are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace standalone {

struct ActivationRecord {
  std::string namespace_name;  // of the invoking identity
  std::string activation_id;   // 32 lower-case hex digits
  std::string filter_name;     // what `name=` of a list finds: "hello", "package/hello"
  std::int64_t start_ms = 0;
  std::string document;  // JSON text of the record as OpenWhisk stores it
};

struct ActivationQuery {
  std::string namespace_name;
  std::optional<std::string> filter_name;
  std::optional<std::int64_t> since_ms;  // inclusive, as is upto
  std::optional<std::int64_t> upto_ms;
  std::int64_t skip = 0;
  std::int64_t limit = 30;
};

// Threads: any method from any thread.
class ActivationStore {
 public:
  using Done = std::function<void(base::Status)>;

  virtual ~ActivationStore() = default;

  // Takes the record; `done` is called once, from a thread of the store, when the record survives
  // the end of this process (then get() and list() show it), or with the reason why it is not kept:
  // kNoSpace, kUnavailable, kAlreadyExists. Time: blocks while too many records wait.
  virtual void put(ActivationRecord record, Done done) = 0;

  // As put(), for an activation that is not over: `record` is what will be said of it if the
  // process ends before put() is given the real one, and is not shown before the store is opened
  // again. Does nothing when the real one is there already.
  virtual void accept(ActivationRecord record, Done done) = 0;

  // How many records of the accept() kind the store found when it was opened, and made real.
  virtual std::int64_t interrupted() const = 0;

  // The document. Errors: kNotFound, kDataLoss, kUnavailable.
  virtual base::Result<base::Json> get(std::string_view namespace_name,
                                       std::string_view activation_id) = 0;

  // Newest first by start.
  virtual base::Result<std::vector<base::Json>> list(const ActivationQuery& query) = 0;

  // How many there are, without regard to skip and limit.
  virtual base::Result<std::int64_t> count(const ActivationQuery& query) = 0;
};

}  // namespace standalone
