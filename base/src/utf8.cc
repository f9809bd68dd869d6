#include "base/utf8.h"

#include <algorithm>

namespace base {

// The length of the well-formed sequence at the start of `bytes`, 0 if there is none there.
// Table 3-7 of the Unicode standard.
static std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i) { return i < bytes.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !continues(1)) return 0;
  if (lead < 0xE0) return 2;
  const unsigned char second = at(1);
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return !overlong && !surrogate && continues(2) ? 3 : 0;
  }
  const bool out_of_range = (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  return !out_of_range && continues(2) && continues(3) ? 4 : 0;
}

static std::size_t well_formed_prefix(std::string_view bytes) {
  std::size_t end = 0;
  while (end < bytes.size()) {
    const std::size_t length = sequence_length(bytes.substr(end));
    if (length == 0) break;
    end += length;
  }
  return end;
}

bool is_utf8(std::string_view bytes) { return well_formed_prefix(bytes) == bytes.size(); }

std::string to_utf8(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  while (true) {
    const std::size_t good = well_formed_prefix(bytes);
    result += bytes.substr(0, good);
    if (good == bytes.size()) return result;
    result += "\xEF\xBF\xBD";
    bytes.remove_prefix(good + 1);
  }
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace base
