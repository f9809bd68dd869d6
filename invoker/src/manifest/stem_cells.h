// One entry of a runtime's "stemCells".
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "invoker/runtimes.h"

namespace invoker {

// Errors: kInvalidArgument with what is wrong, without the place.
base::Result<StemCells> parse_stem_cells(const base::Json& json);

}  // namespace invoker
