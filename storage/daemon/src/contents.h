// Bytes of an attempt's files on the node's disk.
#pragma once

#include <memory>
#include <optional>

#include "attempt.h"
#include "content_cache.h"
#include "drive.h"

namespace storage_daemon {

// What must be waited for until the file of that number has its snapshot's bytes on this node, for
// the attempt alone. Small ones are written at once. Wants the mutex.
Wait copy_to_staging(std::shared_ptr<Attempt> attempt, ContentCache& cache,
                     storage_overlay::View view, storage::Content content);

}  // namespace storage_daemon
