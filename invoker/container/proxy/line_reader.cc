#include "line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace proxy {
namespace {
constexpr std::size_t kChunk = 64 << 10;
}

LineReader::Read LineReader::fill(int fd) {
  char chunk[kChunk];
  ssize_t length = 0;
  do {
    length = read(fd, chunk, sizeof chunk);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return errno == EAGAIN ? Read::kNothingNow : Read::kEnd;
  if (length == 0) return Read::kEnd;
  buffer_.append(chunk, static_cast<std::size_t>(length));
  return Read::kSome;
}

std::optional<std::string> LineReader::take_line() {
  const std::size_t end = buffer_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  searched_ = 0;
  if (end + 1 == buffer_.size()) {  // the usual case: one line, nothing behind it
    std::string line = std::move(buffer_);
    buffer_.clear();
    line.pop_back();
    return line;
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::string LineReader::take_rest() {
  searched_ = 0;
  return std::exchange(buffer_, std::string());
}

}  // namespace proxy
