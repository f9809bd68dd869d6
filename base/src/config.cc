#include "base/config.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/sizes.h"
#include "base/text.h"

namespace base {
namespace {

std::string variable_name(std::string_view prefix, std::string_view key) {
  std::string result(prefix);
  for (const char c : key) {
    const bool letter = c >= 'a' && c <= 'z';
    result += c == '.' || c == '-' ? '_' : letter ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return result;
}

std::string suggestion(std::string_view wrong, std::span<const std::string_view> known) {
  const std::string_view meant = nearest(wrong, known);
  return meant.empty() ? "" : "; did you mean " + quoted(meant) + "?";
}

std::string as_text(const Json& value) {
  return value.is_string() ? value.as_string() : value.to_string();
}

}  // namespace

Config::Config(std::vector<ConfigKey> keys) {
  for (ConfigKey& key : keys) {
    CHECK(find(key.name) == nullptr);
    Json value = key.value;
    entries_.push_back({.key = std::move(key), .value = std::move(value)});
  }
}

Config::Entry* Config::find(std::string_view name) {
  const auto at = std::ranges::find(
      entries_, name, [](const Entry& entry) -> std::string_view { return entry.key.name; });
  return at == entries_.end() ? nullptr : &*at;
}

const Config::Entry& Config::at(std::string_view name) const {
  const Entry* entry = const_cast<Config*>(this)->find(name);
  CHECK(entry != nullptr);
  return *entry;
}

Error Config::unknown(std::string_view name, const std::string& origin) const {
  std::vector<std::string_view> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) names.push_back(entry.key.name);
  return {ErrorCode::kInvalidArgument,
          origin + ": unknown setting " + quoted(name) + suggestion(name, names)};
}

Error Config::unknown_variable(std::string_view variable, std::string_view prefix) const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) names.push_back(variable_name(prefix, entry.key.name));
  const std::vector<std::string_view> views(names.begin(), names.end());
  return {ErrorCode::kInvalidArgument,
          "environment: unknown setting " + quoted(variable) + suggestion(variable, views)};
}

Status Config::set(std::string_view name, Json value, Layer layer, const std::string& origin) {
  Entry* entry = find(name);
  if (entry == nullptr) return unknown(name, origin);
  if (layer < entry->layer) return {};
  entry->value = std::move(value);
  entry->layer = layer;
  entry->origin = origin;
  return {};
}

Status Config::set_object(const std::string& prefix, const Json& object,
                          const std::string& origin) {
  for (const auto& [key, value] : object.members()) {
    const std::string name = prefix + key;
    const bool folder = value.is_object() && find(name) == nullptr;
    TRY_STATUS(folder ? set_object(name + ".", value, origin)
                      : set(name, value, Layer::kFile, origin));
  }
  return {};
}

Status Config::add_file(std::string_view text, std::string_view file_name) {
  const std::string origin = "file " + std::string(file_name);
  auto json = Json::parse_with_comments(text);
  if (!json) return Error{ErrorCode::kInvalidArgument, origin + ": " + json.error().message};
  if (!json->is_object()) {
    return Error{ErrorCode::kInvalidArgument, origin + ": found no JSON object"};
  }
  return set_object("", *json, origin);
}

Status Config::read_file(const std::string& file_name) {
  std::ifstream file(file_name);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Error{ErrorCode::kNotFound, "cannot read the configuration file " + file_name};
  }
  return add_file(text.str(), file_name);
}

Status Config::add_environment(std::span<const std::string> variables, std::string_view prefix) {
  for (const std::string& variable : variables) {
    if (!variable.starts_with(prefix)) continue;
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(0, equals);
    const std::string value = variable.substr(std::min(equals + 1, variable.size()));
    const auto entry = std::ranges::find_if(
        entries_, [&](const Entry& e) { return variable_name(prefix, e.key.name) == name; });
    if (entry == entries_.end()) return unknown_variable(name, prefix);
    if (!value.empty())
      TRY_STATUS(set(entry->key.name, value, Layer::kEnvironment, "environment " + name));
  }
  return {};
}

Status Config::add_command_line(std::span<const std::string> settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == setting.npos) {
      return Error{ErrorCode::kInvalidArgument,
                   "command line: " + quoted(setting) + " is not of the form NAME=VALUE"};
    }
    TRY_STATUS(set(setting.substr(0, equals), setting.substr(equals + 1), Layer::kCommandLine,
                   "command line"));
  }
  return {};
}

Error Config::wrong(const Entry& entry, std::string_view expected) const {
  const std::string value = entry.key.secret ? "the value" : quoted(as_text(entry.value));
  return {ErrorCode::kInvalidArgument,
          entry.origin + ": " + entry.key.name + ": " + value + " " + std::string(expected)};
}

Result<const Config::Entry*> Config::with_value(std::string_view name) const {
  const Entry& entry = at(name);
  if (!entry.value.is_null()) return &entry;
  return Error{ErrorCode::kNotFound, "the setting " + quoted(name) + " has no value"};
}

bool Config::has(std::string_view name) const { return !at(name).value.is_null(); }

Result<Json> Config::json(std::string_view name) const {
  TRY(const Entry* entry, with_value(name));
  return entry->value;
}

Result<std::string> Config::text(std::string_view name) const {
  TRY(const Entry* entry, with_value(name));
  if (entry->value.is_array() || entry->value.is_object()) return wrong(*entry, "is no text");
  return as_text(entry->value);
}

Result<bool> Config::flag(std::string_view name) const {
  TRY(const Entry* entry, with_value(name));
  const std::string value = as_text(entry->value);
  if (value != "true" && value != "false") return wrong(*entry, "is neither true nor false");
  return value == "true";
}

Result<std::int64_t> Config::whole(std::string_view name, std::int64_t min,
                                   std::int64_t max) const {
  TRY(const Entry* entry, with_value(name));
  const auto parsed = Json::parse(as_text(entry->value));
  const auto number = parsed.ok() ? parsed->as_int64() : std::nullopt;
  if (number && *number >= min && *number <= max) return *number;
  return wrong(*entry,
               "is no whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<std::int64_t> Config::bytes(std::string_view name) const {
  TRY(const Entry* entry, with_value(name));
  const auto parsed = parse_bytes(as_text(entry->value));
  if (parsed) return *parsed;
  return wrong(*entry, "is no size such as \"512 MB\", \"2g\" or 1024, or too large");
}

Result<std::chrono::milliseconds> Config::duration(std::string_view name) const {
  TRY(const Entry* entry, with_value(name));
  const std::string unit = entry->value.is_number() ? "ms" : "";
  const auto parsed = parse_duration(as_text(entry->value) + unit);
  if (parsed) return *parsed;
  return wrong(*entry, "is no duration such as \"250 ms\" or \"10 minutes\", or too long");
}

std::string Config::describe() const {
  std::string result;
  for (const Entry& entry : entries_) {
    const bool masked = entry.key.secret && !entry.value.is_null();
    result += entry.key.name + " = " + (masked ? "***" : entry.value.to_string()) + "  (" +
              entry.origin + ")\n";
  }
  return result;
}

}  // namespace base
