// UTF-8: checking it, mending it, counting what it holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

bool is_utf8(std::string_view bytes);

// `bytes` with every ill-formed sequence replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

// How many UTF-16 code units well-formed `text` needs: what the JVM calls its length.
std::size_t utf16_length(std::string_view text);

}  // namespace base
