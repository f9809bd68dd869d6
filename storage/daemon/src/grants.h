// Who else may open a volume, as the store has it: an object with a key for each grant,
// OWNER/NAME/NAMESPACE -> "ro" or "rw", and the volume's space, which is used once.
#pragma once

#include <string>

#include "base/result.h"
#include "storage/object_store.h"
#include "volumes.h"

namespace storage_daemon {

// In the registry of volumes. kInvalidArgument for what is no name.
base::Result<std::string> key_of(const VolumeName& name);

// Of the volume with that key. Those of a volume that is gone say nothing, and are in the way of
// nobody.
base::Status forget_grants(storage::ObjectStore& store, const std::string& key);

}  // namespace storage_daemon
