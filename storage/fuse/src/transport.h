// How requests and answers travel: the seam for another way than read(2) and writev(2).
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <span>

#include "base/unique_fd.h"
#include "open_table.h"

namespace storage_fuse {

// Threads: receive() and send() from any number at once.
class Transport : public BackingFiles {
 public:
  // Waits for a request and copies it to `buffer`: its size; or a negated errno: -EINTR after a
  // signal, -EAGAIN when there was none after all, -ENODEV when the mount is gone.
  virtual int receive(std::span<std::byte> buffer) = 0;
  // 0, or a negated errno: -ENOENT when nobody waits for this answer any longer.
  virtual int send(std::span<const iovec> parts) = 0;
};

class DeviceTransport final : public Transport {
 public:
  DeviceTransport(base::UniqueFd device, std::chrono::microseconds spin)
      : device_(std::move(device)), spin_(spin) {}

  int receive(std::span<std::byte> buffer) override;
  int send(std::span<const iovec> parts) override;
  std::optional<std::int32_t> add(int fd) override;
  void remove(std::int32_t id) override;

 private:
  void spin_until_readable() const;

  base::UniqueFd device_;
  std::chrono::microseconds spin_;
};

}  // namespace storage_fuse
