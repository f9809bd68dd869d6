// HOCON as operators of OpenWhisk write it: a forgiving JSON with comments, dotted keys, `=` and
// `:`, values without quotes.
//
// `include` is passed over. Substitutions (${x}) and `+=` are refused: what they would refer to are
// OpenWhisk's built-in files, which are not here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace invoker_settings {

// Objects are taken apart: `a { b = 1 }` is one assignment to "a.b". A part of a path that contains
// a dot stands in quotes. Texts, lists, numbers, true, false and null come as they are.
struct Assignment {
  std::string path;
  base::Json value;
};

// In the order of the text; later ones win. Errors: kInvalidArgument with the line.
base::Result<std::vector<Assignment>> parse_hocon(std::string_view text);

// "a.b" and "c": "a.b.c"; a `part` with a dot or a quote in it is quoted.
std::string join_path(std::string_view path, std::string_view part);

}  // namespace invoker_settings
