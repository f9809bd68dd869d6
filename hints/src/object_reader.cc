#include "object_reader.h"

#include <algorithm>

#include "base/sizes.h"

namespace hints {

using base::ErrorCode;
using base::Json;
using base::Status;

std::string show(const Json& value) {
  switch (value.type()) {
    case Json::Type::kString:
      return base::quoted(value.as_string());
    case Json::Type::kArray:
      return "an array of " + std::to_string(value.items().size());
    case Json::Type::kObject:
      return "an object";
    default:
      return value.to_string();
  }
}

base::Error refusal(std::string_view place, std::string_view what) {
  return {ErrorCode::kInvalidArgument, std::string(place) + ": " + std::string(what)};
}

base::Result<std::int64_t> read_size(std::string_view place, const Json& value) {
  static constexpr std::string_view kExpected =
      "; allowed are a size such as \"2 GB\" or \"512m\", or a whole number of bytes, above 0";
  std::int64_t bytes = 0;
  if (value.is_string()) {
    auto parsed = base::parse_bytes(value.as_string());
    if (!parsed) return refusal(place, parsed.error().message + std::string(kExpected));
    bytes = *parsed;
  } else {
    bytes = value.as_int64().value_or(0);
  }
  if (bytes <= 0) return refusal(place, show(value) + " is no size" + std::string(kExpected));
  return bytes;
}

ObjectReader::ObjectReader(std::string place, const Json& object)
    : place_(std::move(place)), object_(object) {
  if (!object.is_object()) keep(refusal(place_, "found " + show(object) + " instead of an object"));
}

const Json* ObjectReader::take(std::string_view key) {
  known_.push_back(key);
  return status_.ok() ? object_.find(key) : nullptr;
}

void ObjectReader::refuse(std::string_view key, std::string_view what) {
  keep(refusal(place_of(key), what));
}

void ObjectReader::keep(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

void ObjectReader::require(std::string_view key) {
  if (missing_.empty() && !has(key)) missing_ = key;
}

void ObjectReader::text(std::string_view key, std::string& target) {
  const Json* value = take(key);
  if (value == nullptr) return;
  if (!value->is_string()) return refuse(key, "found " + show(*value) + " instead of a string");
  target = value->as_string();
}

void ObjectReader::flag(std::string_view key, bool& target) {
  const Json* value = take(key);
  if (value == nullptr) return;
  if (!value->is_bool()) return refuse(key, show(*value) + " is not one of true, false");
  target = value->as_bool();
}

void ObjectReader::whole(std::string_view key, Range range, int& target) {
  const Json* value = take(key);
  if (value == nullptr) return;
  const auto number = value->as_int64();
  if (!number || *number < range.min || *number > range.max) {
    return refuse(key, show(*value) + " is no whole number from " + std::to_string(range.min) +
                           " to " + std::to_string(range.max));
  }
  target = static_cast<int>(*number);
}

void ObjectReader::size(std::string_view key, std::optional<std::int64_t>& target) {
  const Json* value = take(key);
  if (value == nullptr) return;
  auto bytes = read_size(place_of(key), *value);
  if (!bytes) return keep(std::move(bytes).error());
  target = *bytes;
}

Status ObjectReader::finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : object_.members()) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const std::string_view meant = base::nearest(key, known_);
    const std::string hint = meant.empty() ? "" : " (did you mean " + base::quoted(meant) + "?)";
    return refusal(place_, "unknown key " + base::quoted(key) + hint + "; known are " +
                               base::quoted_list(known_));
  }
  if (!missing_.empty()) {
    return refusal(place_, "the key " + base::quoted(missing_) + " is missing");
  }
  return {};
}

}  // namespace hints
