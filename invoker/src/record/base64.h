// Base64 in its strict standard form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace invoker {

// Not empty, a multiple of four, with correct padding, nothing else in it.
bool is_base64(std::string_view text);

std::string encode_base64(std::string_view bytes);
// Nothing where the text is not base64; the empty text is no bytes.
std::optional<std::string> decode_base64(std::string_view text);
// The same for the alphabet of URLs ('-' and '_'), with padding.
std::optional<std::string> decode_base64_url(std::string text);

}  // namespace invoker
