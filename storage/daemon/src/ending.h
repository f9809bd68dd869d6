// How an attempt ends: everything it changed is published in one step, or nothing is.
#pragma once

#include <string>

#include "attempt.h"
#include "base/result.h"
#include "storage/volume_provider.h"

namespace storage_daemon {

// Stores what the attempt wrote and commits it. Nothing of the attempt can be used any more.
// Waits for the store.
// Errors: kConflict: another was first, nothing has happened; the message names file and winner.
// kUnavailable and others: nothing has happened, unless `unknown` is set: then give_up() has to be
// tried until it succeeds, and may find that it was committed.
base::Result<storage::CommitReport> commit(Attempt& attempt, bool& unknown);

// Nothing of it will ever be visible. kAlreadyExists: it was committed, by a daemon that died.
base::Status give_up(Attempt& attempt);

// What was moved, as counted so far: commit() counts what it stores.
storage::VolumeReport report_of(Attempt& attempt);
// Of an attempt that is not going to be committed.
void count_written(Attempt& attempt);

}  // namespace storage_daemon
