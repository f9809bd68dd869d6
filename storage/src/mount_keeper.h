// A thread in a mount namespace of its own, in which a mount is attached.
//
// Before Linux 6.15, open_tree(2) clones only what is mounted in the caller's mount namespace. The
// keeper's is seen by nobody else and goes with the thread, so nothing stays mounted.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

// open_tree(2) with clone, of the directory itself.
base::Result<base::UniqueFd> clone_here(int directory_fd);

class MountKeeper {
 public:
  // Attaches `mount_fd`, from fsmount(2), in a new namespace. kUnsupported where that is forbidden.
  static base::Result<std::unique_ptr<MountKeeper>> start(int mount_fd);
  ~MountKeeper();
  MountKeeper(const MountKeeper&) = delete;
  MountKeeper& operator=(const MountKeeper&) = delete;

  // clone_here(), by the keeper's thread. Threads: any; one clone at a time.
  base::Result<base::UniqueFd> clone(int directory_fd);

 private:
  MountKeeper() = default;
  void serve(const std::stop_token& stop, int mount_fd);

  std::mutex callers_;  // taken before state_: one caller at a time hands a request over
  std::mutex state_;    // guards what follows
  std::condition_variable_any changed_;
  bool attached_known_ = false;
  base::Status attached_;
  int request_fd_ = -1;
  std::unique_ptr<base::Result<base::UniqueFd>> reply_;
  std::jthread thread_;
};

}  // namespace storage
