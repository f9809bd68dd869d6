// Bytes over a connected socket that never blocks, plain or in TLS.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "base_net/identity.h"

namespace base_net {

struct Io {
  enum class Kind : std::uint8_t { kDone, kWantRead, kWantWrite, kClosed } kind = Kind::kDone;
  std::size_t bytes = 0;
};

// By one thread.
class Channel {
 public:
  virtual ~Channel() = default;
  // Until it is kDone. Then peer_name() is right.
  virtual Io handshake() = 0;
  virtual Io read(char* to, std::size_t bytes) = 0;
  virtual Io write(const char* from, std::size_t bytes) = 0;
  // As the peer's certificate says; "" where there is none.
  virtual std::string peer_name() const = 0;
};

std::unique_ptr<Channel> open_channel(int fd, Side side, const Identity& identity);

}  // namespace base_net
