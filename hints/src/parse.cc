#include "hints/parse.h"

#include "base/text.h"
#include "object_reader.h"
#include "readers.h"

namespace hints {
namespace {

using base::Json;
using base::Result;

const Json* last_value(const Json& annotations, std::string_view key) {
  const Json* found = nullptr;
  for (const Json& annotation : annotations.items()) {
    const Json* name = annotation.find("key");
    if (name != nullptr && name->is_string() && name->as_string() == key) {
      found = annotation.find("value");
    }
  }
  return found;
}

// A shell easily wraps JSON once too often: a string that holds JSON text stands for that JSON.
Result<Json> unwrapped(std::string_view key, const Json& value) {
  if (!value.is_string()) return value;
  const std::string_view text = base::trimmed(value.as_string());
  auto inner = Json::parse(text);
  if (inner.ok()) return inner;
  const bool meant_as_json = !text.empty() && std::string_view("{[\"").find(text[0]) != text.npos;
  if (!meant_as_json) return value;
  return refusal("annotation '" + std::string(key) + "'",
                 base::quoted(text) + " is " + inner.error().message);
}

template <typename Value, typename Target>
base::Status read(const Json& annotations, std::string_view key,
                  Result<Value> (*reader)(const Json&), Target& target) {
  const Json* value = last_value(annotations, key);
  if (value == nullptr) return {};
  TRY(const Json plain, unwrapped(key, *value));
  if (plain.is_null()) return {};
  TRY(target, reader(plain));
  return {};
}

}  // namespace

Result<Hints> parse(const Json& annotations, Unreadable common_words) {
  Hints hints;
  if (annotations.is_null()) return hints;
  if (!annotations.is_array()) {
    return refusal("annotations", "found " + show(annotations) + " instead of an array");
  }
  const auto ours = [&](base::Status status) {
    return common_words == Unreadable::kRefused ? std::move(status) : base::Status();
  };
  TRY_STATUS(read(annotations, "volumes", read_volumes, hints.volumes));
  TRY_STATUS(ours(read(annotations, "locality", read_locality, hints.locality)));
  TRY_STATUS(read(annotations, "gpu", read_gpu, hints.gpu));
  TRY_STATUS(ours(read(annotations, "delivery", read_delivery, hints.delivery)));
  return hints;
}

Result<Delivery> read_delivery(const Json& value) {
  static constexpr std::pair<std::string_view, Delivery> kDeliveries[] = {
      {"at-most-once", Delivery::kAtMostOnce},
      {"at-least-once", Delivery::kAtLeastOnce},
      {"exactly-once", Delivery::kExactlyOnce}};
  std::vector<std::string_view> names;
  for (const auto& [name, delivery] : kDeliveries) {
    if (value.is_string() && value.as_string() == name) return delivery;
    names.push_back(name);
  }
  return refusal("annotation 'delivery'",
                 show(value) + " is not one of " + base::quoted_list(names));
}

}  // namespace hints
