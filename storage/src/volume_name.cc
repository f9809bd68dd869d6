#include "storage/volume_name.h"

#include <string>

namespace storage {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

int hex_value(char c) {
  const auto at = kHex.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

base::Error bad_encoding(std::string_view encoded) {
  return {base::ErrorCode::kInvalidArgument,
          "'" + std::string(encoded) + "' is not an encoded name"};
}

}  // namespace

base::Result<std::string> encode_name(std::string_view name) {
  std::string encoded;
  for (const char c : name) {
    // A leading dot is escaped so that "." and ".." need no rule of their own.
    if (is_plain(c) && (c != '.' || !encoded.empty())) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4U];
    encoded += kHex[byte & 15U];
  }
  if (encoded.empty()) return base::Error{base::ErrorCode::kInvalidArgument, "a name is empty"};
  if (encoded.size() > kEncodedNameBytesMax) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "a name of " + std::to_string(name.size()) +
                           " bytes is too long: written as a directory name it needs " +
                           std::to_string(encoded.size()) + " bytes of at most " +
                           std::to_string(kEncodedNameBytesMax)};
  }
  return encoded;
}

base::Result<std::string> decode_name(std::string_view encoded) {
  std::string name;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    if (encoded[at] != '%') {
      name += encoded[at];
      continue;
    }
    if (encoded.size() - at < 3) return bad_encoding(encoded);
    const int high = hex_value(encoded[at + 1]);
    const int low = hex_value(encoded[at + 2]);
    if (high < 0 || low < 0) return bad_encoding(encoded);
    name += static_cast<char>(high * 16 + low);
    at += 2;
  }
  // Only what encode_name() writes is a name: "%41" would be a second spelling of "A".
  const auto again = encode_name(name);
  if (!again.ok() || *again != encoded) return bad_encoding(encoded);
  return name;
}

}  // namespace storage
