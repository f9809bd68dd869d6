// What every program does that makes sandboxes.
#pragma once

#include "forked_interpreter.h"

namespace sandbox {

inline constexpr int kOrders = 3;

// Takes the setup and then orders from descriptor 3, until nobody is there any more. The exit code.
int serve_orders(Interpreter interpreter);

}  // namespace sandbox
