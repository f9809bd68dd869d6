#include "file_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "safe_path.h"

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::size_t kBufferBytes = 1 << 20;

Status write_all(int fd, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t put = ::write(fd, bytes, count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return error_from_errno(errno, "writing the copy");
    bytes += put;
    count -= static_cast<std::size_t>(put);
  }
  return {};
}

Result<std::int64_t> copy_bytes(int from_fd, int to_fd) {
  const auto buffer = std::make_unique<char[]>(kBufferBytes);
  std::int64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(from_fd, buffer.get(), kBufferBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_from_errno(errno, "reading what is to be copied");
    if (got == 0) return total;
    TRY_STATUS(write_all(to_fd, buffer.get(), static_cast<std::size_t>(got)));
    total += got;
  }
}

struct SplitPath {
  std::string directory;
  std::string name;
};

Result<SplitPath> split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  SplitPath split;
  if (slash != std::string::npos) split.directory = path.substr(0, slash);
  split.name = slash == std::string::npos ? path : path.substr(slash + 1);
  const bool no_name = split.name.empty() || split.name == "." || split.name == "..";
  if (no_name || slash == 0 || path.find('\0') != std::string::npos) {
    return Error{ErrorCode::kInvalidArgument, "'" + path + "' names no file in the volume"};
  }
  return split;
}

// Gives a file without a name the name `name`, in place of what has it.
Status put_in_place(int file_fd, int directory_fd, const std::string& name) {
  static std::atomic<std::uint64_t> next{0};
  const std::string passing =
      ".larder-copy-" + std::to_string(::getpid()) + "-" + std::to_string(next.fetch_add(1));
  if (::linkat(file_fd, "", directory_fd, passing.c_str(), AT_EMPTY_PATH) != 0) {
    return error_from_errno(errno, "naming the copy");
  }
  if (::renameat(directory_fd, passing.c_str(), directory_fd, name.c_str()) == 0) return {};
  const int failure = errno;
  ::unlinkat(directory_fd, passing.c_str(), 0);
  return error_from_errno(failure, "putting '" + name + "' in place");
}

}  // namespace

Result<std::int64_t> copy_into_tree(int from_fd, int tree_fd, const std::string& path) {
  TRY(const SplitPath split, split_path(path));
  struct stat root{};
  if (::fstat(tree_fd, &root) != 0) return error_from_errno(errno, "reading the volume's owner");
  TRY(const UniqueFd directory, make_directories(tree_fd, split.directory, root.st_uid));
  const UniqueFd file(::openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  if (!file.valid()) return error_from_errno(errno, "making the copy");
  TRY(const std::int64_t copied, copy_bytes(from_fd, file.get()));
  if (::fchmod(file.get(), 0644) != 0 || ::fchown(file.get(), root.st_uid, root.st_gid) != 0 ||
      ::fsync(file.get()) != 0) {  // the rename must not be on the disk before the bytes
    return error_from_errno(errno, "finishing the copy");
  }
  TRY_STATUS(put_in_place(file.get(), directory.get(), split.name));
  return copied;
}

Result<std::int64_t> copy_out_of_tree(int tree_fd, const std::string& path, int to_fd) {
  // Without blocking: what is asked for may be a pipe that nobody writes to.
  TRY(const UniqueFd file, open_beneath(tree_fd, path, O_RDONLY | O_NONBLOCK));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return error_from_errno(errno, "reading '" + path + "'");
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, "'" + path + "' is no regular file"};
  }
  return copy_bytes(file.get(), to_fd);
}

}  // namespace storage
