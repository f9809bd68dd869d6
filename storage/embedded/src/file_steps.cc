#include "file_steps.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace storage_embedded {
namespace {

using base::error_from_errno;
namespace fs = std::filesystem;

base::Status write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error_from_errno(errno, "writing " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Status sync_data(int fd, const fs::path& path) {
  if (::fdatasync(fd) == 0) return {};
  return error_from_errno(errno, "syncing " + path.string());
}

}  // namespace

base::Status make_directories(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) return error_from_errno(failed.value(), "making " + path.string());
  return {};
}

base::Status sync_directory(const fs::path& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "opening " + path.string());
  if (::fsync(fd.get()) != 0) return error_from_errno(errno, "syncing " + path.string());
  return {};
}

base::Status write_file(const fs::path& path, std::span<const std::string_view> pieces) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return error_from_errno(errno, "making " + path.string());
  for (const auto& piece : pieces) TRY_STATUS(write_all(fd.get(), piece, path));
  return sync_data(fd.get(), path);
}

base::Status write_start(const fs::path& path, std::string_view bytes) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "opening " + path.string());
  TRY_STATUS(write_all(fd.get(), bytes, path));
  return sync_data(fd.get(), path);
}

base::Result<base::UniqueFd> open_to_read(const fs::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "opening " + path.string());
  return fd;
}

base::Result<std::string> read_at(int fd, std::uint64_t offset, std::uint64_t length) {
  std::string bytes(length, '\0');
  std::size_t got = 0;
  while (got < length) {
    const ssize_t read =
        ::pread(fd, bytes.data() + got, length - got, static_cast<off_t>(offset + got));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return error_from_errno(errno, "reading an object");
    if (read == 0) break;
    got += static_cast<std::size_t>(read);
  }
  bytes.resize(got);
  return bytes;
}

base::Result<std::uint64_t> room_left(const fs::path& directory) {
  struct statvfs found{};
  if (::statvfs(directory.c_str(), &found) != 0) {
    return error_from_errno(errno, "looking at the disk of " + directory.string());
  }
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

base::Result<base::UniqueFd> lock_directory(const fs::path& directory) {
  const fs::path path = directory / "lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return error_from_errno(errno, "opening " + path.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return error_from_errno(errno, "locking " + path.string());
    TRY(const std::string pid, read_at(fd.get(), 0, 16));
    return base::Error{base::ErrorCode::kUnavailable,
                       "the objects in " + directory.string() + " are in use by process " + pid};
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0) return error_from_errno(errno, "writing " + path.string());
  TRY_STATUS(write_all(fd.get(), pid, path));
  return fd;
}

}  // namespace storage_embedded
