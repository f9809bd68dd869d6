// Declarations of variables, registers and parameters.
#pragma once

#include <vector>

#include "base/result.h"
#include "ptx/cursor.h"
#include "ptx/syntax.h"

namespace gpu_host::ptx {

// After `.global`, `.shared` ...: one or more variables and the semicolon.
base::Result<std::vector<Variable>> parse_variables(Cursor& cursor, Space space);

// After `.reg`: one or more names and the semicolon.
base::Result<std::vector<Registers>> parse_registers(Cursor& cursor);

// `(...)` of a function, or nothing.
base::Result<std::vector<Parameter>> parse_parameters(Cursor& cursor);

}  // namespace gpu_host::ptx
