// Base64 in its standard form, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// Not empty, and decode_base64() reads it.
bool is_base64(std::string_view text);

std::string encode_base64(std::string_view bytes);

// Nothing where the text is not whole groups of four in the standard alphabet. The empty text is no
// bytes.
std::optional<std::string> decode_base64(std::string_view text);
// The same for the alphabet of URLs ('-' and '_'), with padding.
std::optional<std::string> decode_base64_url(std::string text);

}  // namespace base
