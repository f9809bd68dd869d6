#include "fields.h"

#include "storage_control/protocol.h"

namespace storage_control {
namespace {

const base::Json kNothing = base::Json::object();
const base::Json kNoItems = base::Json::array();

}  // namespace

const base::Json* Fields::require(std::string_view key) {
  const base::Json* found = json_.find(key);
  if (found == nullptr) fail("\"" + std::string(key) + "\" is missing");
  return found;
}

std::string Fields::text(std::string_view key) {
  const base::Json* found = require(key);
  if (found != nullptr && found->is_string()) return found->as_string();
  fail("\"" + std::string(key) + "\" is no string");
  return {};
}

std::string Fields::bytes(std::string_view key) { return take(decode_bytes(text(key))); }

bool Fields::flag(std::string_view key) {
  const base::Json* found = require(key);
  if (found != nullptr && found->is_bool()) return found->as_bool();
  fail("\"" + std::string(key) + "\" is neither true nor false");
  return false;
}

std::int64_t Fields::whole(std::string_view key, std::int64_t least, std::int64_t most) {
  const base::Json* found = require(key);
  const auto value = found != nullptr ? found->as_int64() : std::nullopt;
  if (value && *value >= least && *value <= most) return *value;
  fail("\"" + std::string(key) + "\" is no whole number within its bounds");
  return least;
}

const base::Json& Fields::object(std::string_view key) {
  const base::Json* found = require(key);
  if (found != nullptr && found->is_object()) return *found;
  fail("\"" + std::string(key) + "\" is no object");
  return kNothing;
}

const base::Json& Fields::array(std::string_view key) {
  const base::Json* found = require(key);
  if (found != nullptr && found->is_array()) return *found;
  fail("\"" + std::string(key) + "\" is no array");
  return kNoItems;
}

}  // namespace storage_control
