// Activation messages and identities as JSON, as controllers write them.
//
// Reading: a member that is not optional must be there, also where it could have a default; null
// counts as absent for optional ones; unknown members are ignored. Writing: absent members are left
// out, except that an absent revision is written as null.
// Pure functions: threads and time are the caller's.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "invoker/message.h"

namespace invoker {

// Errors: kInvalidArgument with a sentence that names the member at fault. A transid that cannot be
// read is no error: it becomes ["sid_unknown", `now`].
base::Result<ActivationMessage> parse_activation_message(std::string_view text, base::WallTime now);
base::Result<ActivationMessage> read_activation_message(base::Json json, base::WallTime now);
base::Json to_json(const ActivationMessage& message);

// Errors: kInvalidArgument, as above.
base::Result<Identity> read_identity(base::Json json);
base::Json to_json(const Identity& identity);

// ["id", start, true?, parent?]; nothing where it is anything else.
std::optional<TransactionId> read_transid(base::Json json);

}  // namespace invoker
