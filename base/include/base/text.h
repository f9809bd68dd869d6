// Small things about text that messages for people need.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace base {

// Without blanks, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text);

// ASCII letters in lower case; other bytes as they are.
std::string lower_case(std::string_view text);

// In double quotes, with control characters escaped, and cut after some 64 characters: fit to stand
// in a sentence, whoever wrote it.
std::string quoted(std::string_view text);

// "a", "b", "c": each quoted, with commas between.
std::string quoted_list(std::span<const std::string_view> names);

// Appends `text` on one line: control characters become \n, \t, \u001b..., bytes that are no UTF-8
// become U+FFFD.
void append_one_line(std::string& out, std::string_view text);

// The name most like `wrong` among `known`, if one is so near that a typing error explains it;
// otherwise empty. The result points into `known`.
std::string_view nearest(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace base
