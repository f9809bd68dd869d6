// Where the code of an action is.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "invoker/action.h"
#include "record/document_reader.h"

namespace invoker {

// Fills in `exec.code` and `exec.binary` from `value`, the member that holds the code or says where
// it is. The name of the attachment that is still to be fetched, where there is one.
// `document`: the whole one, whose `_attachments` must agree. Errors: as parse_action_document().
base::Result<std::optional<std::string>> read_code(const DocumentReader& document,
                                                   const DocumentReader& exec_object,
                                                   const base::Json& value, bool may_be_attached,
                                                   Exec& exec);

}  // namespace invoker
