#include "lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace storage {
namespace {

std::string read_pid(int fd) {
  std::array<char, 16> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : "unknown";
}

}  // namespace

base::Result<base::UniqueFd> lock_file(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::error_from_errno(errno, "opening " + path.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::error_from_errno(errno, "locking " + path.string());
    return base::Error{base::ErrorCode::kUnavailable,
                       "the volumes in " + path.parent_path().string() + " are in use by process " +
                           read_pid(fd.get()) + " or by one that it started"};
  }
  const std::string pid = std::to_string(::getpid());
  const auto length = static_cast<ssize_t>(pid.size());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) != length) {
    return base::error_from_errno(errno, "writing " + path.string());
  }
  return fd;
}

}  // namespace storage
