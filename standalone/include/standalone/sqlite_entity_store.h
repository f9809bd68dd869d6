// The entity store in one SQLite file.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "standalone/entity_store.h"

namespace standalone {

// Opens or creates `file`. Errors: kUnavailable when it cannot be opened, kDataLoss when it is no
// such database, kUnsupported when a newer version of this program wrote it.
base::Result<std::unique_ptr<EntityStore>> open_sqlite_entity_store(const std::string& file);

}  // namespace standalone
