// The runtimes manifest: which kinds there are, what their images and defaults are, and what is
// kept ready of each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace invoker {

// The parts of an image's name; all but `name` may be empty.
struct ImageName {
  std::string registry;
  std::string prefix;
  std::string name;
  std::string tag;

  // registry/prefix/name:tag, empty parts left out. `default_registry` stands in for a missing one.
  std::string text(std::string_view default_registry = {}) const;

  // No tag means "latest".
  friend bool operator==(const ImageName& a, const ImageName& b);
};

// How the number of stem cells follows the demand.
struct ReactiveStemCells {
  int count_min = 0;
  int count_max = 1;
  std::chrono::milliseconds ttl{0};
  int threshold = 1;  // cold starts since the last look that ...
  int increment = 1;  // ... bring this many more
};

struct StemCells {
  std::int64_t memory_bytes = 0;
  int initial_count = 1;
  std::optional<ReactiveStemCells> reactive;
};

struct Runtime {
  std::string family;    // "nodejs"
  std::string kind;      // "nodejs:20"
  ImageName image_name;  // as the manifest has it
  std::string image;     // its text
  bool is_default = false;
  bool deprecated = false;
  bool attached = false;
  bool require_main = false;
  bool sentinelled_logs = true;
  std::vector<StemCells> stem_cells;
};

// Immutable.
class Runtimes {
 public:
  Runtimes() = default;

  // From OpenWhisk's manifest document. Errors: kInvalidArgument naming the place; a family of
  // several kinds must have exactly one default.
  static base::Result<Runtimes> parse(const base::Json& manifest);

  const std::vector<Runtime>& all() const { return all_; }
  // Images that users may name and that are known here ("blackboxes").
  const std::vector<ImageName>& blackboxes() const { return blackboxes_; }

  // The runtime for `kind` (trimmed, any case); "FAMILY:default" is resolved. Null pointer when
  // there is none; "blackbox" and "sequence" are not in here.
  const Runtime* resolve(std::string_view kind) const;

  // The "runtimes" member of the info document.
  base::Json to_json() const;

 private:
  std::vector<Runtime> all_;
  std::vector<ImageName> blackboxes_;
};

}  // namespace invoker
