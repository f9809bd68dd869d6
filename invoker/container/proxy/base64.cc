#include "base64.h"

#include <array>
#include <cstdint>

namespace proxy {
namespace {

constexpr std::uint8_t kNone = 255;

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kNone;
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<std::uint8_t>(letters[i])] = i;
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::optional<std::size_t> decode_base64(std::string& text) {
  std::size_t written = 0;
  std::size_t padding = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;  // letters since the last whole group
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte == '\n' || byte == '\r') continue;
    if (byte == '=') {
      if (++padding > 2) return i;
      continue;
    }
    if (kTable[byte] == kNone || padding > 0) return i;
    bits = (bits << 6) | kTable[byte];
    if (++count < 4) continue;
    text[written++] = static_cast<char>(bits >> 16);
    text[written++] = static_cast<char>(bits >> 8);
    text[written++] = static_cast<char>(bits);
    count = 0;
  }
  if (count == 1 || (padding > 0 && count + padding != 4)) return text.size();
  if (count == 2) text[written++] = static_cast<char>(bits >> 4);
  if (count == 3) {
    text[written++] = static_cast<char>(bits >> 10);
    text[written++] = static_cast<char>(bits >> 2);
  }
  text.resize(written);
  return std::nullopt;
}

}  // namespace proxy
