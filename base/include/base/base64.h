// Base64 in its standard form, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string encode_base64(std::string_view bytes);

// Nothing where the text is not whole groups of four in the standard alphabet. The empty text is no
// bytes.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace base
