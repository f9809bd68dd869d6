// Parameters that are encrypted in the database and in messages, and plain in a container.
//
// Pure functions: threads and time are the caller's.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace invoker {

// The keys of whisk.parameter-storage, as bytes; empty: none.
struct ParameterKeys {
  std::string aes_128;
  std::string aes_256;
};

// Of their base64; an empty text is no key. Errors: kInvalidArgument, without saying the key.
base::Result<ParameterKeys> parse_parameter_keys(std::string_view aes_128,
                                                 std::string_view aes_256);

// `content` with its locked members in plain. What is not a text, or is locked in a way for which
// there is no key, stays as it is. `locked`: name → "aes-128" or "aes-256".
// Errors: kDataLoss with the name of a member that the key does not open.
base::Result<base::Json> unlock_parameters(base::Json content,
                                           const std::map<std::string, std::string>& locked,
                                           const ParameterKeys& keys);

}  // namespace invoker
