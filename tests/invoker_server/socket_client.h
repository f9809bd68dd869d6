// A client that can misbehave: it writes bytes and reads what comes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port);
  explicit SocketClient(base::UniqueFd fd) : fd_(std::move(fd)) {}

  // False when the other side has closed.
  bool write(std::string_view bytes);
  // No more will be written.
  void half_close();
  // One whole answer, by its Content-Length; what was read before the end when the connection
  // closes.
  std::string read_answer();
  // Everything until the other side closes.
  std::string read_all();
  // Whether the other side has closed (waits for it, up to the time-out of every read here: 20 s).
  bool is_closed();

 private:
  bool fill();

  base::UniqueFd fd_;
  std::string buffer_;
};
