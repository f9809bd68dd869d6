// A file system that is mounted nowhere: only descriptors reach it.
//
// Threads: any. When this object and everything opened through it is gone, also by kill -9, the
// kernel unmounts the file system.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

// How copies of the mount's trees are made.
enum class CloneBy {
  kWhatWorks,  // directly where the kernel can (6.15), else as below
  kKeeper,     // always by a thread with a mount namespace of its own, where the mount is attached
};

class MountKeeper;

class DetachedMount {
 public:
  // Mounts `device` with `options`, a list such as "a,b=c", without devices and set-uid programs.
  // Errors: kUnsupported with what to do where this kernel or this user cannot.
  static base::Result<DetachedMount> mount_btrfs(const std::string& device,
                                                 const std::string& options, CloneBy clone_by);
  DetachedMount(DetachedMount&&) noexcept;
  DetachedMount& operator=(DetachedMount&&) noexcept;
  ~DetachedMount();

  int root_fd() const { return root_.get(); }

  // A clone of the mount whose root is the directory `directory_fd` of this file system.
  base::Result<base::UniqueFd> clone_tree(int directory_fd, bool read_only) const;

 private:
  DetachedMount(base::UniqueFd mount, base::UniqueFd root, std::unique_ptr<MountKeeper> keeper);

  base::UniqueFd mount_;  // while it is open, the mount counts as mounted and can be cloned
  base::UniqueFd root_;
  std::unique_ptr<MountKeeper> keeper_;  // null: clones are made directly
};

}  // namespace storage
