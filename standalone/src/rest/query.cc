#include "query.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "../text.h"
#include "base/utf8.h"

namespace standalone {
namespace {

constexpr std::int64_t kListMax = 200;
constexpr std::array<std::string_view, 4> kTrue = {"true", "yes", "on", "1"};
constexpr std::array<std::string_view, 4> kFalse = {"false", "no", "off", "0"};

// Upstream's own reader of integers is one of 32 bits.
Answer<std::int64_t> parse_count(const std::string& name, const std::string& text,
                                 const std::string& collection) {
  const auto number = parse_integer(text);
  if (number.has_value() && *number >= INT32_MIN && *number <= INT32_MAX) return *number;
  return malformed_query(
      name, "The value '" + base::to_utf8(text) + "' is not an integer for " + collection + ".");
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Answer<Query> Query::parse(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    const std::string_view field = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), field.size() + 1));
    if (field.empty()) continue;
    const std::size_t equals = std::min(field.find('='), field.size());
    auto name = decode_percent(field.substr(0, equals), true);
    auto value = decode_percent(field.substr(std::min(equals + 1, field.size())), true);
    if (!name.has_value() || !value.has_value()) {
      return Failure{400,
                     "The query of the request holds a malformed percent-encoding.",
                     Failure::From::kParsing,
                     {}};
    }
    query.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(),
                                  [&](const Field& field) { return field.first == name; });
  return found == fields_.rend() ? nullptr : &found->second;
}

Answer<bool> Query::flag(const std::string& name, bool standard) const {
  const std::string* text = find(name);
  if (text == nullptr || text->empty()) return standard;
  const std::string word = to_lower(*text);
  if (std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), word) != kFalse.end()) return false;
  return malformed_query(name, "'" + base::to_utf8(*text) + "' is not a valid Boolean value");
}

Answer<Window> parse_window(const Query& query, const std::string& collection) {
  Window window;
  if (const std::string* text = query.find("limit"); text != nullptr) {
    ASK(window.limit, parse_count("limit", *text, collection));
    if (window.limit < 0 || window.limit > kListMax) {
      return malformed_query("limit", "The value '" + *text + "' is not in the range of 0 to " +
                                          std::to_string(kListMax) + " for " + collection + ".");
    }
    if (window.limit == 0) window.limit = kListMax;
  }
  if (const std::string* text = query.find("skip"); text != nullptr) {
    ASK(window.skip, parse_count("skip", *text, collection));
    if (window.skip < 0) {
      return malformed_query(
          "skip",
          "The value '" + *text + "' is not greater than or equal to 0 for " + collection + ".");
    }
  }
  ASK(window.count, query.flag("count", false));
  return window;
}

}  // namespace standalone
