#include "transport.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "wire.h"

namespace storage_fuse {

void DeviceTransport::spin_until_readable() const {
  const auto end = std::chrono::steady_clock::now() + spin_;
  pollfd device{device_.get(), POLLIN, 0};
  while (::poll(&device, 1, 0) == 0 && std::chrono::steady_clock::now() < end) {
  }
}

int DeviceTransport::receive(std::span<std::byte> buffer) {
  if (spin_.count() > 0) spin_until_readable();
  const ssize_t size = ::read(device_.get(), buffer.data(), buffer.size());
  if (size >= 0) return static_cast<int>(size);
  // ENOENT: the request was taken back while it was read.
  return errno == ENOENT ? -EAGAIN : -errno;
}

int DeviceTransport::send(std::span<const iovec> parts) {
  const ssize_t size = ::writev(device_.get(), parts.data(), static_cast<int>(parts.size()));
  return size >= 0 ? 0 : -errno;
}

std::optional<std::int32_t> DeviceTransport::add(int fd) {
  wire::BackingMap map{fd, 0, 0};
  const int id = ::ioctl(device_.get(), wire::kBackingOpen, &map);
  if (id <= 0) return std::nullopt;
  return id;
}

void DeviceTransport::remove(std::int32_t id) {
  auto number = static_cast<std::uint32_t>(id);
  ::ioctl(device_.get(), wire::kBackingClose, &number);
}

}  // namespace storage_fuse
