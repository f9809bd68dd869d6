// Which trees a volume is made of. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "hints/hints.h"

namespace storage {

struct PlannedPart {
  std::string target;  // "" or a relative path
  hints::Tier tier = hints::Tier::kDurable;

  bool operator==(const PlannedPart&) const = default;
};

// The parts of `volume`, a parent before what is nested in it; the first is always the volume
// itself. A rule that an earlier rule shadows adds nothing, nor does one that changes nothing.
// Errors: kUnsupported where a rule that decides anything is not `DIR/**`.
base::Result<std::vector<PlannedPart>> plan_parts(const hints::Volume& volume);

}  // namespace storage
