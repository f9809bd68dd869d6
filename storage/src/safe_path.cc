#include "safe_path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::UniqueFd;

constexpr int kRetriesMax = 100;  // the kernel says EAGAIN when something was renamed meanwhile

Error path_error(int errno_value, const std::string& path) {
  switch (errno_value) {
    case EXDEV:
      return {ErrorCode::kInvalidArgument, "'" + path + "' leads out of the volume"};
    case ELOOP:
      return {ErrorCode::kInvalidArgument, "'" + path + "' passes through a symbolic link"};
    case ENOTDIR:
      return {ErrorCode::kInvalidArgument, "'" + path + "' passes through what is no directory"};
    default:
      return error_from_errno(errno_value, "opening '" + path + "' in the volume");
  }
}

// One name, made where it is missing.
Result<UniqueFd> make_directory(int parent_fd, const std::string& name, uid_t uid) {
  if (::mkdirat(parent_fd, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return error_from_errno(errno, "making directory '" + name + "' in the volume");
  }
  TRY(UniqueFd made, open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY));
  struct stat info{};
  if (::fstat(made.get(), &info) != 0) return error_from_errno(errno, "reading '" + name + "'");
  // Root's: made by us, now or just before we were killed.
  if (info.st_uid == 0 && uid != 0 && ::fchown(made.get(), uid, uid) != 0) {
    return error_from_errno(errno, "giving '" + name + "' to its owner");
  }
  return made;
}

}  // namespace

Result<UniqueFd> open_beneath(int directory_fd, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  if (path.find('\0') != std::string::npos) return path_error(EXDEV, path);
  for (int tries = 0; tries < kRetriesMax; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory_fd, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) return path_error(errno, path);
  }
  return path_error(EAGAIN, path);
}

Result<UniqueFd> make_directories(int directory_fd, const std::string& path, uid_t uid) {
  TRY(UniqueFd at, open_beneath(directory_fd, ".", O_RDONLY | O_DIRECTORY));
  for (std::size_t from = 0; from < path.size();) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    const std::string name = path.substr(from, to - from);
    if (name.empty() || name == "." || name == "..") return path_error(EXDEV, path);
    TRY(UniqueFd next, make_directory(at.get(), name, uid));
    at = std::move(next);
    from = to + 1;
  }
  return at;
}

}  // namespace storage
