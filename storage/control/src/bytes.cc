#include "storage_control/protocol.h"

namespace storage_control {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool is_plain(unsigned char byte) { return byte > 0x20 && byte < 0x7f && byte != '%'; }

int digit_of(char letter) {
  const auto at = kDigits.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string encode_bytes(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (is_plain(byte)) {
      text += letter;
    } else {
      text += '%';
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

base::Result<std::string> decode_bytes(std::string_view text) {
  const base::Error wrong{base::ErrorCode::kInvalidArgument, "not the encoded form of any bytes"};
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(static_cast<unsigned char>(text[i]))) {
      bytes += text[i];
      continue;
    }
    if (text[i] != '%' || i + 2 >= text.size()) return wrong;
    const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (high < 0 || low < 0 || is_plain(byte)) return wrong;
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

}  // namespace storage_control
