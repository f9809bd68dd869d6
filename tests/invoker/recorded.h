// What the real system said, from the files in data/.
#pragma once

#include <string>

#include "base/json.h"
#include "invoker/action.h"
#include "invoker/activation.h"
#include "invoker/message.h"

namespace invoker {

// The whole of data/`file`.
base::Json recorded(const std::string& file);

// A recorded message, which must be readable.
ActivationMessage message_of(const base::Json& json);

// The annotations of a record as one object, so that their order does not matter.
base::Json with_annotations_by_key(base::Json record);
Response response_of(const base::Json& record);
// Whether a container took the recorded activation up.
bool was_run(const base::Json& record);
// The record made again from its message and what it says of times and answer, with its logs.
Activation made_again(const base::Json& record, const ActivationMessage& message);

// The message of the first case, for tests to change.
ActivationMessage some_message();
Action some_action();

}  // namespace invoker
