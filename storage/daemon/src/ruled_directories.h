// Directories that a hint's rules name, as in "out/**".
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "hints/hints.h"
#include "volumes.h"

namespace storage_daemon {

// Makes those that are missing in `snapshot`, in a commit of their own: an action that was told
// where its files go finds the place, and two that begin at one time are in nobody's way. Not where
// the action only reads. `scratch`: a folder for changes. Whether any was missing, so that a newer
// snapshot has it. Waits for the store.
base::Result<bool> make_ruled_directories(const std::shared_ptr<Volume>& volume,
                                          const storage_tree::Snapshot& snapshot,
                                          const hints::Volume& hint, const base::Clock& clock,
                                          const std::filesystem::path& scratch);

}  // namespace storage_daemon
