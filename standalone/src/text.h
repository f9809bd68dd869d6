// Small work on texts that more than one file here needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace standalone {

// Without blanks, tabs and line ends at both sides.
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
// Equal but for the case of ASCII letters.
bool same_ignoring_case(std::string_view a, std::string_view b);

// "%41%2f" to "A/"; nothing when a '%' is not followed by two hex digits.
std::optional<std::string> decode_percent(std::string_view text, bool plus_is_blank = false);

}  // namespace standalone
