#include "mount_keeper.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

namespace storage {
namespace {

using base::error_from_errno;
using base::Result;
using base::Status;
using base::UniqueFd;

Status attach_in_new_namespace(int mount_fd) {
  if (::unshare(CLONE_NEWNS) != 0) return error_from_errno(errno, "making a mount namespace");
  // Slaves: what the host unmounts goes here too, and nothing of ours is seen there.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return error_from_errno(errno, "separating a mount namespace");
  }
  // "/mnt" is only a place in a namespace that nobody else looks into.
  if (::move_mount(mount_fd, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return error_from_errno(errno, "attaching the volumes at /mnt of a private mount namespace");
  }
  return {};
}

}  // namespace

Result<UniqueFd> clone_here(int directory_fd) {
  UniqueFd tree(::open_tree(directory_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree.valid()) return error_from_errno(errno, "cloning the tree of a volume");
  return tree;
}

Result<std::unique_ptr<MountKeeper>> MountKeeper::start(int mount_fd) {
  std::unique_ptr<MountKeeper> keeper(new MountKeeper);
  keeper->thread_ = std::jthread(
      [&self = *keeper, mount_fd](const std::stop_token& stop) { self.serve(stop, mount_fd); });
  std::unique_lock lock(keeper->state_);
  keeper->changed_.wait(lock, [&] { return keeper->attached_known_; });
  if (!keeper->attached_.ok()) return keeper->attached_.error();
  lock.unlock();
  return keeper;
}

MountKeeper::~MountKeeper() = default;

void MountKeeper::serve(const std::stop_token& stop, int mount_fd) {
  Status attached = attach_in_new_namespace(mount_fd);
  std::unique_lock lock(state_);
  attached_known_ = true;
  attached_ = std::move(attached);
  changed_.notify_all();
  while (changed_.wait(lock, stop, [&] { return request_fd_ >= 0; })) {
    reply_ = std::make_unique<Result<UniqueFd>>(clone_here(request_fd_));
    request_fd_ = -1;
    changed_.notify_all();
  }
}

Result<UniqueFd> MountKeeper::clone(int directory_fd) {
  const std::lock_guard one_caller(callers_);
  std::unique_lock lock(state_);
  request_fd_ = directory_fd;
  changed_.notify_all();
  changed_.wait(lock, [&] { return reply_ != nullptr; });
  const auto reply = std::move(reply_);
  return std::move(*reply);
}

}  // namespace storage
