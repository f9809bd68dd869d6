// The runtimes manifest is the invoker's.
#pragma once

#include "invoker/runtimes.h"

namespace standalone {

using invoker::Runtime;
using invoker::Runtimes;

}  // namespace standalone
