#include "small_files.h"

#include <fcntl.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace invoker_container {

base::Result<std::string> read_file(const std::string& path) {
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::error_from_errno(errno, "opening " + path);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t length = read(file.get(), buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return base::error_from_errno(errno, "reading " + path);
    if (length == 0) return text;
    text.append(buffer, static_cast<std::size_t>(length));
  }
}

base::Status write_file_at(int directory, const std::string& path, std::string_view text) {
  const base::UniqueFd file(openat(directory, path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file.valid()) return base::error_from_errno(errno, "opening " + path);
  if (write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  return base::error_from_errno(errno, "writing '" + std::string(text) + "' to " + path);
}

base::Status write_file(const std::string& path, std::string_view text) {
  return write_file_at(AT_FDCWD, path, text);
}

}  // namespace invoker_container
