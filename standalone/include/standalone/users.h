// Who may use the platform.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "invoker/message.h"

namespace standalone {

// Immutable once built. References to users stay valid as long as this does.
class Users {
 public:
  // `guest` and `whisk.system` with OpenWhisk's well-known keys.
  static Users well_known();

  // Adds a subject that owns the namespace of its name; `auth_key` is "UUID:SECRET" with 64
  // characters of secret. `limits` overrides limits of the namespace. Errors: kInvalidArgument,
  // kAlreadyExists for a uuid that is taken.
  base::Status add(const std::string& name, const std::string& auth_key,
                   base::Json limits = base::Json::object());

  enum class Verdict { kMissing, kInvalid, kKnown };
  struct Answer {
    Verdict verdict = Verdict::kMissing;
    const invoker::Identity* user = nullptr;  // kKnown only
  };

  // Judges the value of an Authorization header (null pointer: none was sent).
  Answer authenticate(const std::string* authorization) const;

 private:
  struct Entry {
    std::string secret;
    invoker::Identity identity;
  };
  std::unordered_map<std::string, Entry> by_uuid_;
};

}  // namespace standalone
