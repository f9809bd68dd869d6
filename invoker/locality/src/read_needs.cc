// From patterns with parameters to the paths that a call will read.
#include <algorithm>
#include <optional>

#include "invoker_locality/placement.h"

namespace invoker_locality {
namespace {

constexpr std::size_t kFilledBytesMax = 4'096;

std::optional<std::string> value_of(std::string_view name, const base::Json* content) {
  const base::Json* value = content == nullptr ? nullptr : content->find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->as_string();
  if (value->is_number()) return value->number_text();
  if (value->is_bool()) return value->as_bool() ? "true" : "false";
  return std::nullopt;
}

struct Filled {
  std::string text;
  bool whole = true;  // false: `text` ends where a parameter was missing
};

// Braces pair: hints::parse() has seen to that. What would be longer than any path is cut.
Filled fill(std::string_view pattern, const base::Json* content, bool stops_at_stars) {
  Filled filled;
  while (!pattern.empty()) {
    const std::size_t open =
        std::min(pattern.find_first_of(stops_at_stars ? "{*?" : "{"), pattern.size());
    filled.text += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const std::size_t close = pattern[0] == '{' ? pattern.find('}') : pattern.npos;
    const auto value =
        close == pattern.npos ? std::nullopt : value_of(pattern.substr(1, close - 1), content);
    filled.whole = value && filled.text.size() + value->size() <= kFilledBytesMax;
    if (!filled.whole) break;
    filled.text += *value;
    pattern.remove_prefix(close + 1);
  }
  return filled;
}

}  // namespace

std::string known_part(std::string_view pattern, const base::Json* content) {
  Filled filled = fill(pattern, content, true);
  if (filled.text.size() > kFilledBytesMax) return "";
  // A name of which only the beginning is known is not known.
  if (!filled.whole)
    filled.text.resize(filled.text.rfind('/') == filled.text.npos ? 0 : filled.text.rfind('/'));
  while (filled.text.ends_with('/')) filled.text.pop_back();
  return filled.text;
}

std::string filled_key(std::string_view key, const base::Json* content) {
  Filled filled = fill(key, content, false);
  return filled.whole ? filled.text : "";
}

}  // namespace invoker_locality
