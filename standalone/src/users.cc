#include "standalone/users.h"

#include "base/base64.h"
#include "text.h"

namespace standalone {
namespace {

constexpr std::size_t kSecretLength = 64;
constexpr std::string_view kGuestKey =
    "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:"
    "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
constexpr std::string_view kSystemKey =
    "789c46b1-71f6-4ed5-8c54-816aa4f8c502:"
    "abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

// Takes as long for a wrong secret as for the right one.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

Users Users::well_known() {
  Users users;
  CHECK(users.add("guest", std::string(kGuestKey)).ok());
  CHECK(users.add("whisk.system", std::string(kSystemKey)).ok());
  return users;
}

base::Status Users::add(const std::string& name, const std::string& auth_key, base::Json limits) {
  const std::size_t colon = auth_key.find(':');
  if (colon == 0 || colon == std::string::npos || auth_key.size() - colon - 1 != kSecretLength) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "the key of user '" + name + "' must be UUID:SECRET, with " +
                           std::to_string(kSecretLength) + " characters of secret"};
  }
  if (name.size() < 5) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "the name of user '" + name + "' must have at least 5 characters"};
  }
  Entry entry;
  entry.secret = auth_key.substr(colon + 1);
  entry.identity.subject = name;
  entry.identity.namespace_name = name;
  entry.identity.namespace_uuid = auth_key.substr(0, colon);
  entry.identity.authkey.set("api_key", auth_key);
  entry.identity.rights = {"READ", "PUT", "DELETE", "ACTIVATE"};
  entry.identity.limits = std::move(limits);
  const std::string uuid = entry.identity.namespace_uuid;
  if (by_uuid_.try_emplace(uuid, std::move(entry)).second) return {};
  return base::Error{base::ErrorCode::kAlreadyExists, "two users have the key id " + uuid};
}

Users::Answer Users::authenticate(const std::string* authorization) const {
  if (authorization == nullptr) return {};
  const std::string_view value = trim(*authorization);
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos || !same_ignoring_case(value.substr(0, blank), "basic")) {
    return {};
  }
  const auto decoded = base::decode_base64(trim(value.substr(blank)));
  const std::size_t colon = decoded.has_value() ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return {Verdict::kInvalid, nullptr};
  const auto found = by_uuid_.find(decoded->substr(0, colon));
  if (found == by_uuid_.end() ||
      !same_secret(found->second.secret, std::string_view(*decoded).substr(colon + 1))) {
    return {Verdict::kInvalid, nullptr};
  }
  return {Verdict::kKnown, &found->second.identity};
}

}  // namespace standalone
