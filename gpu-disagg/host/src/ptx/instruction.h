// One instruction, from its guard to its semicolon.
#pragma once

#include "base/result.h"
#include "ptx/cursor.h"
#include "ptx/syntax.h"

namespace gpu_host::ptx {

base::Result<Instruction> parse_instruction(Cursor& cursor);

}  // namespace gpu_host::ptx
