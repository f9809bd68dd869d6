// The keeper: a small process that owns a mount, so that the daemon which serves it can die, or be
// replaced by another version, under its users' feet. They wait a little and notice nothing.
//
//   keeper process: run_keeper()           starts and restarts the daemon, never touches the mount
//   daemon process: inherit_mount(), then Session::start(), then watch_keeper()
//
// Each watches the other: where the keeper is killed, the daemon starts it again, and it takes the
// same mount and the same daemon over. Only when both die at one time is the mount lost.
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_fuse/mount.h"
#include "storage_fuse/session.h"

namespace storage_fuse {

struct KeeperOptions {
  MountOptions mount;
  std::vector<std::string> daemon;  // the program, by its path, and its arguments
  // Between restarts of a daemon that dies young; the first is at once.
  std::chrono::milliseconds pause_max{1000};
};

// Keeps the mount until SIGTERM or SIGINT come, which the daemon is then told by SIGTERM (and by
// SIGKILL when a second one comes), or until the mount is gone. SIGQUIT aborts: the daemon is
// killed, and what is open in the mount fails. The mount ends with this process and the daemon's.
//
// Threads: from main(); every thread of the process must have those signals blocked.
// Errors: as make_mount(); kNotFound where there is no such daemon.
base::Status run_keeper(const KeeperOptions& options, const base::Logger& log);

// In the daemon: the mount that the keeper holds for it.
struct InheritedMount {
  Mount mount;
  base::UniqueFd lifeline;  // for watch_keeper()
  std::string keeper_program;
  std::vector<std::string> keeper_arguments;
};
// Errors: kNotFound when no keeper started this process.
base::Result<InheritedMount> inherit_mount();

// In the daemon: waits until one of the blocked `signals` comes, or until the mount is gone: then
// the keeper ends, too, and starts no other.
void wait_for_end(Session& session, const Mount& mount, const sigset_t& signals);

// Starts the keeper again when it dies, for as long as this object lives.
class KeeperWatch {
 public:
  virtual ~KeeperWatch() = default;
};
// `inherited` outlives the watch. Errors: those of starting a thread.
base::Result<std::unique_ptr<KeeperWatch>> watch_keeper(InheritedMount& inherited,
                                                        const base::Logger& log);

}  // namespace storage_fuse
