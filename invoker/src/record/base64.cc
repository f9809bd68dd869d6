#include "record/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"

namespace invoker {
namespace {

bool is_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

std::size_t padding_of(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with("=") ? 1 : 0;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// libcrypto counts in int: long texts are done in pieces of this size, a multiple of 3 and of 4.
constexpr std::size_t kPiece = 3 << 24;

}  // namespace

bool is_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const auto digits = text.substr(0, text.size() - padding_of(text));
  return std::ranges::all_of(digits, is_digit);
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // libcrypto ends it with a zero
  std::size_t length = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kPiece))) {
    const auto piece = bytes.substr(0, kPiece);
    length += static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()) + length, bytes_of(piece),
                        static_cast<int>(piece.size())));
  }
  text.resize(length);
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty()) return std::string();
  if (!is_base64(text)) return std::nullopt;
  const std::size_t padding = padding_of(text);
  std::string bytes(text.size() / 4 * 3, '\0');
  std::size_t length = 0;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPiece))) {
    const auto piece = text.substr(0, kPiece);
    const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()) + length,
                                        bytes_of(piece), static_cast<int>(piece.size()));
    CHECK(decoded >= 0);
    length += static_cast<std::size_t>(decoded);
  }
  bytes.resize(length - padding);
  return bytes;
}

std::optional<std::string> decode_base64_url(std::string text) {
  if (text.find_first_of("+/") != std::string::npos) return std::nullopt;
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return decode_base64(text);
}

}  // namespace invoker
