#include "reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/sizes.h"
#include "base/text.h"
#include "keys.h"
#include "units.h"

namespace invoker_settings {
namespace {

using base::Json;
using std::chrono::milliseconds;

constexpr std::size_t kItemsMax = 1000;

bool is_scalar(const Json& value) { return !value.is_array() && !value.is_object(); }

std::string text_of(const Json& value) {
  return value.is_string() ? value.as_string() : value.to_string();
}

void add_item(std::vector<std::string>& items, std::string_view item) {
  item = base::trimmed(item);
  if (!item.empty()) items.emplace_back(item);
}

void add_items(std::vector<std::string>& items, const Json& value) {
  if (!value.is_array()) return add_item(items, text_of(value));
  for (const Json& item : value.items()) add_item(items, text_of(item));
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    add_item(items, text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

// Of a path; quotes stay.
std::string first_part(std::string_view path) {
  const std::size_t from = path.starts_with('"') ? std::min(path.find('"', 1), path.size()) : 0;
  return std::string(path.substr(0, path.find('.', from)));
}

std::string without_quotes(std::string text) {
  std::erase(text, '"');
  return text;
}

// "a" or "b" or "c"
std::string any_of(std::initializer_list<std::string_view> names) {
  std::string result;
  for (const std::string_view name : names) {
    result += (result.empty() ? "" : " or ") + std::string(name);
  }
  return result;
}

}  // namespace

std::string Reader::place(std::string_view path) const {
  const Value* value = layers_.find(path);
  return (value == nullptr ? "" : value->origin + ": ") + std::string(path) + ": ";
}

base::Error Reader::wrong(std::string_view path, std::string_view expected) const {
  const Value* value = layers_.find(path);
  const std::string shown = value == nullptr  ? "nothing"
                            : is_secret(path) ? "the value"
                                              : base::quoted(text_of(value->value));
  return {base::ErrorCode::kInvalidArgument, place(path) + shown + " " + std::string(expected)};
}

base::Result<std::optional<std::string>> Reader::optional_text(std::string_view path) const {
  const Value* value = layers_.find(path);
  if (value == nullptr) return std::optional<std::string>();
  if (!is_scalar(value->value)) return wrong(path, "is a list, and one value is wanted");
  std::string text = text_of(value->value);
  if (!is_secret(path)) text = base::trimmed(text);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

bool Reader::has(std::string_view path) const {
  const auto text = optional_text(path);
  return !text.ok() || text->has_value();
}

base::Result<std::string> Reader::text(std::string_view path) const {
  TRY(std::optional<std::string> value, optional_text(path));
  return value.value_or("");
}

base::Result<std::size_t> Reader::choice(std::string_view path,
                                         std::initializer_list<std::string_view> allowed) const {
  TRY(const std::string value, text(path));
  const auto* const found = std::ranges::find(allowed, value);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  return wrong(path, "is not " + any_of(allowed));
}

base::Result<bool> Reader::flag(std::string_view path) const {
  TRY(const std::string value, text(path));
  for (const char* yes : {"true", "yes", "on"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"false", "no", "off"}) {
    if (value == no) return false;
  }
  return wrong(path, "is neither true nor false");
}

base::Result<std::int64_t> Reader::whole(std::string_view path, std::int64_t min,
                                         std::int64_t max) const {
  TRY(const std::string value, text(path));
  const auto parsed = Json::parse(value);
  const auto number = parsed.ok() ? parsed->as_int64() : std::nullopt;
  if (number && *number >= min && *number <= max) return *number;
  return wrong(path,
               "is no whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

base::Result<int> Reader::small(std::string_view path, int min, int max) const {
  TRY(const std::int64_t number, whole(path, min, max));
  return static_cast<int>(number);
}

base::Result<double> Reader::decimal(std::string_view path, double min, double max) const {
  TRY(const std::string value, text(path));
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc{} && stop == end && number > min && number <= max) return number;
  const auto shown = [](double bound) {
    return Json(static_cast<std::int64_t>(bound)).to_string();
  };
  return wrong(path, "is no number above " + shown(min) + " and up to " + shown(max));
}

base::Result<std::int64_t> Reader::bytes(std::string_view path, std::int64_t min) const {
  TRY(const std::string value, text(path));
  const auto number = hocon_bytes(value);
  if (!number) {
    return wrong(path, "is no size such as 256m, \"1 g\", \"256 MB\" (decimal) or 1048576 (bytes)");
  }
  if (*number < min) return wrong(path, "is less than " + base::format_bytes(min));
  return *number;
}

base::Result<std::optional<milliseconds>> Reader::limit(std::string_view path) const {
  TRY(const std::string value, text(path));
  const auto duration = hocon_duration(value);
  if (!duration) return wrong(path, "is no duration such as \"10 minutes\", 500ms or Inf");
  return duration->infinite ? std::nullopt : std::optional(duration->time);
}

base::Result<milliseconds> Reader::duration(std::string_view path) const {
  constexpr milliseconds kForEver = std::chrono::hours(24 * 365 * 100);
  TRY(const auto value, limit(path));
  return value.value_or(kForEver);
}

base::Result<std::vector<std::string>> Reader::list(std::string_view path) const {
  std::vector<std::string> items;
  if (const Value* value = layers_.find(path)) {
    if (value->value.is_object()) return wrong(path, "is no list");
    if (!value->value.is_array()) return split_at_commas(text_of(value->value));
    add_items(items, value->value);
    return items;
  }
  std::map<std::size_t, const Value*> numbered;
  for (const auto& [name, value] : layers_.below(path)) {
    std::size_t index = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error != std::errc{} || stop != name.data() + name.size() || index >= kItemsMax) {
      return wrong(std::string(path) + "." + name, "stands at no place of a list");
    }
    numbered.emplace(index, value);
  }
  for (const auto& [index, value] : numbered) add_items(items, value->value);
  return items;
}

base::Result<std::map<std::string, std::string>> Reader::properties(std::string_view path) const {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : layers_.below(path)) {
    if (!is_scalar(value->value)) {
      return wrong(std::string(path) + "." + name, "is a list, and one value is wanted");
    }
    std::string property = without_quotes(name);
    std::ranges::replace(property, '-', '.');
    result.insert_or_assign(std::move(property), text_of(value->value));
  }
  return result;
}

base::Result<std::map<std::string, std::vector<std::string>>> Reader::lists(
    std::string_view path) const {
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& [name, value] : layers_.below(path)) {
    const std::string part = first_part(name);
    std::vector<std::string>& items = result[without_quotes(part)];
    if (part == name && !value->value.is_object()) {
      add_items(items, value->value);
    } else {
      TRY(items, list(std::string(path) + "." + part));
    }
  }
  return result;
}

}  // namespace invoker_settings
