// Texts that clients compare, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace standalone::texts {

inline const std::string kNotFound = "The requested resource does not exist.";
inline const std::string kNoRoute = "The requested resource could not be found.";
inline const std::string kInternal = "There was an internal server error.";
inline const std::string kUnavailable =
    "The server is currently unavailable (because it is overloaded or down for maintenance).";
inline const std::string kAuthMissing =
    "The resource requires authentication, which was not supplied with the request";
inline const std::string kAuthInvalid = "The supplied authentication is invalid";
inline const std::string kExists = "resource already exists";
inline const std::string kOtherCollection =
    "Resource by this name exists but is not in this collection.";
inline const std::string kConcurrentChange = "Concurrent modification to resource detected.";
inline const std::string kCorrupted = "Resource is corrupted and cannot be read.";
inline const std::string kParametersNotAllowed =
    "Request defines parameters that are not allowed (e.g., reserved properties).";
inline const std::string kOnBinding = "Operation not permitted on package binding.";

inline const std::string kInterrupted =
    "The platform ended before the activation did. It may have run, in part or to its end.";

inline std::string unrecorded(const std::string& why) {
  return "The activation was started, and no record of it can be kept: " + why;
}
inline std::string not_yours(const std::string& resource) {
  return "The supplied authentication is not authorized to access '" + resource + "'.";
}
inline std::string deprecated(const std::string& kind) {
  return "The '" + kind +
         "' runtime is no longer supported. You may read and delete but not update or invoke this "
         "action.";
}
inline std::string too_large(const std::string& what, std::size_t bytes, std::int64_t bytes_max) {
  return what + " larger than allowed: " + std::to_string(bytes) + " > " +
         std::to_string(bytes_max) + " bytes.";
}

}  // namespace standalone::texts
