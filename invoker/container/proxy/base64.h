// Standard base64, as code travels in /init.
#pragma once

#include <optional>
#include <string>

namespace proxy {

// Decodes `text` where it stands. Line ends inside are skipped, padding at the end may be missing.
// The place of the first byte that does not belong there when it is not base64; nothing when it is.
std::optional<std::size_t> decode_base64(std::string& text);

}  // namespace proxy
