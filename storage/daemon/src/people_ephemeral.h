// What people do with ephemeral files. Nothing of it is a transaction: names and bytes are seen by
// others at once.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "visit.h"

namespace storage_daemon {

// Waits while the bytes come from another node. kConflict: it is still being written. kDataLoss: it
// is poisoned.
base::Result<base::Json> copy_out_ephemeral(const Visit& visit, const Seen& seen,
                                            const Place& place, int file);

// Makes or replaces the file `name` in `directory`. It lives as long as the volume, and is final
// when this returns.
base::Result<base::Json> copy_in_ephemeral(const Visit& visit, const Seen& directory,
                                           const std::string& name, int file,
                                           const base::Clock& clock);

// A file, or an empty directory. kConflict: it is not empty.
base::Result<base::Json> remove_ephemeral(const Visit& visit, const Seen& seen);

}  // namespace storage_daemon
