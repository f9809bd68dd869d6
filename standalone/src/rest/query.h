// The query of a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "failure.h"
#include "standalone/http.h"

namespace standalone {

class Query {
 public:
  Query() = default;
  // A malformed percent-encoding is refused.
  static Answer<Query> parse(std::string_view raw);

  // The last value of `name`; null pointer when there is none.
  const std::string* find(std::string_view name) const;
  // Absent or empty: `standard`.
  Answer<bool> flag(const std::string& name, bool standard) const;

 private:
  std::vector<Field> fields_;
};

struct Window {
  std::int64_t limit = 30;
  std::int64_t skip = 0;
  bool count = false;
};

// limit, skip and count of a list; `collection` is named in the refusals.
Answer<Window> parse_window(const Query& query, const std::string& collection);

// A whole number, without blanks or plus sign.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace standalone
