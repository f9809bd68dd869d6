// Packets of bytes, with one descriptor at most, on a unix socket that keeps their borders
// (SOCK_SEQPACKET).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage_control {

inline constexpr std::size_t kPacketBytesMax = 256 << 10;

struct Packet {
  std::string bytes;
  base::UniqueFd descriptor;  // close-on-exec
};

// A listening socket, open to root alone (mode 0600); a file that is in the way is replaced.
// Errors: kInvalidArgument for a path that is too long, and what the system says.
base::Result<base::UniqueFd> listen_on(const std::filesystem::path& path);

// kNotFound and kUnavailable while nobody listens.
base::Result<base::UniqueFd> connect_to(const std::filesystem::path& path);

// Who is at the other end: the user that connected or, for the one who connected, that listened.
base::Result<uid_t> peer_user(int socket);

// Waits for room. `descriptor` may be -1 and stays the caller's. kInvalidArgument for too many
// bytes, kUnavailable when the other end is gone or reads nothing for ten seconds.
base::Status send_packet(int socket, std::string_view bytes, int descriptor = -1);

// Waits for one. kUnavailable when the other end is gone; kInvalidArgument for one that is too
// long or carries more than one descriptor.
base::Result<Packet> receive_packet(int socket);

}  // namespace storage_control
