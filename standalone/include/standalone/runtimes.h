// The runtimes manifest: which kinds there are, and what their default is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace standalone {

struct Runtime {
  std::string family;  // "nodejs"
  std::string kind;    // "nodejs:20"
  std::string image;   // registry/prefix/name:tag
  bool is_default = false;
  bool deprecated = false;
  bool attached = false;
  bool require_main = false;
};

// Immutable.
class Runtimes {
 public:
  Runtimes() = default;

  // From OpenWhisk's manifest document. Errors: kInvalidArgument naming the place; a family of
  // several kinds must have exactly one default.
  static base::Result<Runtimes> parse(const base::Json& manifest);

  const std::vector<Runtime>& all() const { return all_; }

  // The runtime for `kind` (trimmed, any case); "FAMILY:default" is resolved. Null pointer when
  // there is none; "blackbox" and "sequence" are not in here.
  const Runtime* resolve(std::string_view kind) const;

  // The "runtimes" member of the info document.
  base::Json to_json() const;

 private:
  std::vector<Runtime> all_;
};

}  // namespace standalone
