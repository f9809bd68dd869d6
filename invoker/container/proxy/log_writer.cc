#include "log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace proxy {
namespace {

constexpr std::string_view kSentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";

// The descriptor is shared with the action, which may have made it non-blocking.
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

void write_log_line(std::string_view line) {
  std::string text(line);
  text += '\n';
  write_all(STDOUT_FILENO, text);
}

void write_sentinels() {
  write_all(STDOUT_FILENO, kSentinel);
  write_all(STDERR_FILENO, kSentinel);
}

}  // namespace proxy
