#include "pour.h"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace storage_daemon {

using base::Result;
using base::Status;

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::error_from_errno(errno, "writing the copy");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::int64_t> pour(int from, int to) {
  std::int64_t total = 0;
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got == 0) return total;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::error_from_errno(errno, "reading the file to be copied");
    TRY_STATUS(write_all(to, std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
    total += got;
  }
}

}  // namespace storage_daemon
