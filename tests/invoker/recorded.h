// What the real system said, from the files in data/.
#pragma once

#include <string>

#include "base/json.h"
#include "invoker/action.h"
#include "invoker/message.h"

namespace invoker {

// The whole of data/`file`.
base::Json recorded(const std::string& file);

// A recorded message, which must be readable.
ActivationMessage message_of(const base::Json& json);

// The message of the first case, for tests to change.
ActivationMessage some_message();
Action some_action();

}  // namespace invoker
