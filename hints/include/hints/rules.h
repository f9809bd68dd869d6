// Which tier a path of a volume has, by the volume's rules.
//
// A pattern is relative to the volume. `*` stands for any characters within one name, `?` for one
// character, `**` as a whole name for any number of directories (at the end: everything below). As
// in .gitignore, a pattern without '/' means that name in every directory; upper and lower case
// differ. Unlike there, a pattern never speaks of what lies below a match: write `out/**`.
// Threads: any; pure. Time: at most pattern length times path length.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hints/hints.h"

namespace hints {

// kInvalidArgument with a half sentence (`"/x" begins with '/'`...) when `pattern` is malformed.
base::Status check_pattern(std::string_view pattern);

// Whether the well-formed `pattern` names `relative_path`, which is normal: no '/' at either end,
// none doubled.
bool matches(std::string_view pattern, std::string_view relative_path);

// The first rule that matches wins; where none does, the tier of the volume.
Tier tier_of(const Volume& volume, std::string_view relative_path);

// Whether some path below `directory` ("": the root) may have `tier` by a rule. True also where
// that cannot be told from the patterns alone.
bool may_hold(const Volume& volume, std::string_view directory, Tier tier);

// "out" for the pattern "out/**", "a/b" for "a/b/**"; nothing for a pattern that is not a plain
// directory prefix.
std::optional<std::string_view> directory_of(const PathRule& rule);

// The rules without those that provably decide nothing: what an earlier directory rule or `**`
// already covers, and the last ones where they say what the volume says anyway. tier_of() is the
// same with them.
std::vector<PathRule> effective_rules(const Volume& volume);

}  // namespace hints
