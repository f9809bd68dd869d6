#include "names.h"

#include <algorithm>

#include "../text.h"
#include "base/utf8.h"

namespace standalone {
namespace {

constexpr std::size_t kNameLengthMax = 256;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_inner(char c) {
  return is_word(c) || c == '@' || c == ' ' || c == '.' || c == '&' || c == '-';
}

std::optional<Failure> check_name(std::string_view name, const std::string& what,
                                  const std::string& illegal) {
  const std::size_t length = base::utf16_length(base::to_utf8(name));
  if (length > kNameLengthMax) {
    return Failure{400,
                   what + " longer than allowed: " + std::to_string(length) + " > " +
                       std::to_string(kNameLengthMax) + ".",
                   Failure::From::kParsing,
                   {}};
  }
  if (is_entity_name(name)) return std::nullopt;
  return Failure{400, illegal, Failure::From::kParsing, {}};
}

}  // namespace

bool Path::is(std::initializer_list<std::string_view> names) const {
  return std::equal(segments.begin(), segments.end(), names.begin(), names.end());
}

Answer<Path> parse_path(std::string_view raw) {
  Path path;
  while (raw.starts_with('/')) {
    const std::size_t end = std::min(raw.find('/', 1), raw.size());
    auto segment = decode_percent(raw.substr(1, end - 1));
    if (!segment.has_value()) {
      return Failure{400,
                     "The path of the request holds a malformed percent-encoding.",
                     Failure::From::kParsing,
                     {}};
    }
    path.segments.push_back(std::move(*segment));
    raw.remove_prefix(end);
  }
  if (!path.segments.empty() && path.segments.back().empty()) {
    path.segments.pop_back();
    path.trailing_slash = true;
  }
  return path;
}

bool is_entity_name(std::string_view name) {
  if (name.empty() || name.size() > kNameLengthMax || !is_word(name.front())) return false;
  return name.back() != ' ' && std::all_of(name.begin(), name.end(), is_inner);
}

std::optional<Failure> check_namespace_name(std::string_view name) {
  return check_name(name, "Namespace", "The namespace contains illegal characters.");
}

std::optional<Failure> check_entity_name(std::string_view name) {
  return check_name(name, "Name segement", "The name of the entity contains illegal characters.");
}

}  // namespace standalone
