#include "image_name.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace invoker_docker {
namespace {

constexpr std::size_t kTagLengthMax = 128;
constexpr std::size_t kNameLengthMax = 255;

base::Error no_name(std::string_view text, const std::string& why) {
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "'" + std::string(text) + "' is no name of an image: " + why};
}

bool is_lower(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}
bool is_word(char letter) { return is_lower(letter) || (letter >= 'A' && letter <= 'Z'); }

// Letters and digits, joined by one '.', one or two '_', or any number of '-'.
bool is_component(std::string_view part) {
  if (part.empty() || !is_lower(part.front()) || !is_lower(part.back())) return false;
  for (std::size_t i = 0; i < part.size();) {
    if (is_lower(part[i])) {
      ++i;
      continue;
    }
    const std::size_t end = std::min(part.find_first_not_of(part[i], i), part.size());
    const std::size_t most = part[i] == '-' ? part.size() : part[i] == '_' ? 2 : 1;
    if (std::string_view("-_.").find(part[i]) == std::string_view::npos || end - i > most ||
        !is_lower(part[end]))
      return false;
    i = end;
  }
  return true;
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kTagLengthMax || (!is_word(tag[0]) && tag[0] != '_'))
    return false;
  return std::ranges::all_of(tag,
                             [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_registry(std::string_view part) {
  const std::size_t colon = part.find(':');
  const std::string_view host = part.substr(0, colon);
  if (host.empty() || !is_word(host.front()) || !is_word(host.back())) return false;
  if (colon != std::string_view::npos) {
    const std::string_view port = part.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }))
      return false;
  }
  return std::ranges::all_of(host, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/')) {
    parts.push_back(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace

base::Result<invoker::ImageName> parse_image_name(std::string_view text) {
  invoker::ImageName image;
  std::string_view rest = text.substr(0, text.find('@'));
  std::vector<std::string_view> parts = split(rest);
  if (parts.size() > 1 && (parts[0].find_first_of(".:") != std::string_view::npos)) {
    if (!is_registry(parts[0])) return no_name(text, "its registry is no host");
    image.registry = parts[0];
    parts.erase(parts.begin());
  }
  std::string_view& last = parts.back();
  if (const std::size_t colon = last.find(':'); colon != std::string_view::npos) {
    if (!is_tag(last.substr(colon + 1))) return no_name(text, "its tag is none");
    image.tag = last.substr(colon + 1);
    last = last.substr(0, colon);
  }
  for (const std::string_view part : parts) {
    if (!is_component(part)) return no_name(text, "only small letters, digits, '.', '_' and '-'");
  }
  image.name = last;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (i > 0) image.prefix += '/';
    image.prefix += parts[i];
  }
  if (image.prefix.size() + image.name.size() >= kNameLengthMax) return no_name(text, "too long");
  return image;
}

bool is_latest(const invoker::ImageName& image) {
  return image.tag.empty() || image.tag == "latest";
}

}  // namespace invoker_docker
