// Lines out of a descriptor, without blocking.
#pragma once

#include <optional>
#include <string>

namespace proxy {

class LineReader {
 public:
  enum class Read { kSome, kNothingNow, kEnd };

  // Reads what is there once.
  Read fill(int fd);
  // The next whole line, without its end.
  std::optional<std::string> take_line();
  bool empty() const { return buffer_.empty(); }
  // Everything that is left, whole line or not.
  std::string take_rest();

 private:
  std::string buffer_;
  std::size_t searched_ = 0;  // no line end before here
};

}  // namespace proxy
