#include "staging.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <limits>

namespace storage_daemon {
namespace {

using base::error_from_errno;
using base::Status;
using base::UniqueFd;

std::string name_of(storage::InodeNumber inode) { return std::to_string(inode); }

}  // namespace

timespec timespec_of(storage::FileTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.time_since_epoch().count()),
          static_cast<long>((time - seconds).count())};
}

storage::FileTime time_of(const timespec& time) {
  return storage::FileTime(std::chrono::seconds(time.tv_sec) +
                           std::chrono::nanoseconds(time.tv_nsec));
}

Status copy_file(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) return {};
  off_t offset = 0;
  while (true) {
    const ssize_t copied =
        ::copy_file_range(from, &offset, to, nullptr, std::numeric_limits<int>::max(), 0);
    if (copied == 0) return {};
    if (copied < 0 && errno != EINTR) return error_from_errno(errno, "copying a file's bytes");
  }
}

base::Result<Staging> Staging::open(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return error_from_errno(errno, "making " + directory.native());
  }
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "opening " + directory.native());
  return Staging(std::move(fd));
}

UniqueFd Staging::make(storage::InodeNumber inode) const {
  return UniqueFd(::openat(directory_.get(), name_of(inode).c_str(),
                           O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
}

UniqueFd Staging::find(storage::InodeNumber inode) const {
  return UniqueFd(
      ::openat(directory_.get(), name_of(inode).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
}

bool Staging::stat(storage::InodeNumber inode, struct stat& into) const {
  return ::fstatat(directory_.get(), name_of(inode).c_str(), &into, AT_SYMLINK_NOFOLLOW) == 0;
}

void Staging::remove(storage::InodeNumber inode) const {
  ::unlinkat(directory_.get(), name_of(inode).c_str(), 0);
}

Status Staging::put(storage::InodeNumber inode, storage::FileTime modified,
                    const std::function<Status(int)>& fill) const {
  static std::atomic<std::uint64_t> next{0};
  const std::string part = "part." + std::to_string(next.fetch_add(1));
  const UniqueFd fd(
      ::openat(directory_.get(), part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return error_from_errno(errno, "making a staging file");
  Status filled = fill(fd.get());
  const timespec times[2] = {timespec_of(modified), timespec_of(modified)};
  if (filled && ::futimens(fd.get(), times) != 0) {
    filled = error_from_errno(errno, "setting a staging file's times");
  }
  if (filled && ::renameat2(directory_.get(), part.c_str(), directory_.get(),
                            name_of(inode).c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (filled && errno != EEXIST) filled = error_from_errno(errno, "naming a staging file");
  ::unlinkat(directory_.get(), part.c_str(), 0);
  return filled;
}

}  // namespace storage_daemon
