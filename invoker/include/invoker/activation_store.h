// Where the records of activations go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "invoker/activation.h"
#include "invoker/message.h"

namespace invoker {

struct ActivationRecord {
  std::string id;        // "guest/0123456789abcdef0123456789abcdef"
  std::string document;  // a JSON object, without line ends; its "_id" is `id`
};

// As OpenWhisk stores it: to_document() with "_id", "entityType" and "updated" (epoch ms).
ActivationRecord to_record(const Activation& activation, std::int64_t updated_ms);

// Which records are kept.
enum class StoreLevel { kAlways, kFailures, kFailuresNotApplicationErrors };

// "STORE_ALWAYS", "STORE_FAILURES", "STORE_FAILURES_NOT_APPLICATION_ERRORS". Errors:
// kInvalidArgument.
base::Result<StoreLevel> parse_store_level(std::string_view text);

struct StorePolicy {
  StoreLevel blocking = StoreLevel::kAlways;
  StoreLevel non_blocking = StoreLevel::kAlways;
};

// Whether this record is to be stored: by the namespace's own word, and by the level for this kind
// of call unless the request asked for extra logging. What a blacklisted namespace asked for is
// never stored; that is for the caller to know.
bool is_stored(const ActivationMessage& message, const Activation& activation,
               const StorePolicy& policy);

// Threads: any method from any thread.
class ActivationStore {
 public:
  virtual ~ActivationStore() = default;

  // Takes the record over: from then on it is written in the background, however often that has to
  // be tried. Time: at once, as a rule; when everything that may hold records is full, up to a
  // bound that the implementation names. Errors: kNoSpace when it was full for that long: this
  // record will not be stored, and that has been logged.
  virtual base::Status store(ActivationRecord record) = 0;

  // Waits until every record so far is in the database: true. False when `deadline` came first.
  virtual bool flush(base::Instant deadline) = 0;
};

}  // namespace invoker
