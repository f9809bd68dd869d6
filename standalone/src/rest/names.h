// Paths and the names in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "failure.h"

namespace standalone {

struct Path {
  std::vector<std::string> segments;  // decoded
  bool trailing_slash = false;

  // The segments from `first` on are `names` (and there are no more).
  bool is(std::initializer_list<std::string_view> names) const;
};

// Splits and decodes. A malformed percent-encoding is refused.
Answer<Path> parse_path(std::string_view raw);

// Why `name` can be no name of a namespace, or of an entity.
std::optional<Failure> check_namespace_name(std::string_view name);
std::optional<Failure> check_entity_name(std::string_view name);
bool is_entity_name(std::string_view name);

}  // namespace standalone
