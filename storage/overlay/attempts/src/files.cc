#include "files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <vector>

namespace storage_attempts {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

int copy_range(int from, int to, off_t offset, off_t end, std::vector<char>& buffer) {
  while (offset < end) {
    const auto wanted = std::min<off_t>(end - offset, static_cast<off_t>(buffer.size()));
    const ssize_t got = ::pread(from, buffer.data(), static_cast<std::size_t>(wanted), offset);
    if (got < 0) return errno;
    if (got == 0) return 0;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (const int error = write_at(to, bytes, static_cast<std::uint64_t>(offset)); error != 0)
      return error;
    offset += got;
  }
  return 0;
}

int copy(int from, int to) {
  struct stat stat{};
  if (::fstat(from, &stat) != 0) return errno;
  std::vector<char> buffer(kPieceBytes);
  for (off_t offset = 0; offset < stat.st_size;) {
    const off_t data = ::lseek(from, offset, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return errno;
    const off_t hole = ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) return errno;
    if (const int error = copy_range(from, to, data, hole, buffer); error != 0) return error;
    offset = hole;
  }
  return ::ftruncate(to, stat.st_size) == 0 ? 0 : errno;
}

}  // namespace

base::Result<std::string> read_file(int fd) {
  struct stat stat{};
  if (::fstat(fd, &stat) != 0) return base::error_from_errno(errno, "look at a file");
  std::string content(static_cast<std::size_t>(stat.st_size), '\0');
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t got =
        ::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got < 0) return base::error_from_errno(errno, "read a file");
    if (got == 0) content.resize(done);
    done += static_cast<std::size_t>(got);
  }
  return content;
}

int write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return 0;
}

bool clone(int from, int to) { return ::ioctl(to, FICLONE, from) == 0; }

int clone_or_copy(int from, int to) { return clone(from, to) ? 0 : copy(from, to); }

storage::FileTime time_of(const timespec& time) {
  return storage::FileTime(std::chrono::seconds(time.tv_sec) +
                           std::chrono::nanoseconds(time.tv_nsec));
}

timespec timespec_of(storage::FileTime time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return {seconds.count(), (since - seconds).count()};
}

storage::FileTime file_time_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return time_of(now);
}

}  // namespace storage_attempts
