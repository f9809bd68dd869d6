// How an attempt ends: everything it changed is published in one step, or nothing is.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "attempt.h"
#include "base/result.h"
#include "storage/volume_provider.h"
#include "storage_attempts/attempt_file_system.h"

namespace storage_daemon {

using storage_attempts::Finished;

struct Committed {
  storage::CommitReport report;
  // What was stored, in data objects; nothing where an earlier attempt's commit stands.
  std::map<InodeNumber, storage::Content> contents;
};

// Where a name is in the volume, for people.
using PathOf = std::function<std::string(const storage::NameKey&)>;

// Stores what the attempt wrote and commits it. Waits for the store.
// Errors: kConflict: another was first, nothing has happened; the message names file and winner.
// kUnavailable and others: nothing has happened, unless `unknown` is set: then give_up() has to be
// tried until it succeeds, and may find that it was committed.
base::Result<Committed> commit(const Attempt& attempt, Finished finished, const PathOf& path_of,
                               bool& unknown);

// What became of a publication on the way.
struct Published {
  enum class Kind { kDone, kConflict, kNot, kUnknown };
  Kind kind = Kind::kDone;
  storage::CommitNumber number = 0;
  std::map<InodeNumber, storage::Content> contents;   // all of them
  base::Error error{base::ErrorCode::kInternal, ""};  // unless it is done
};
Published publish(const Attempt& attempt, Finished finished, const PathOf& path_of);

// Whether what it changes may be published: nothing durable comes of a file that was lost while it
// was written. kDataLoss.
base::Status check_dependencies(const Attempt& attempt, const Finished& finished,
                                const PathOf& path_of);

// kInvalidArgument where the hint wants all files closed at the end, and one was not.
base::Status check_open_files(const Attempt& attempt, const Finished& finished);

// Nothing of it will ever be visible. kAlreadyExists: it was committed, by a daemon that died.
base::Status give_up(const Attempt& attempt);

storage::VolumeReport report_of(const Attempt& attempt);

}  // namespace storage_daemon
