// One message with file descriptors between the factory and the warden.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

struct FdMessage {
  std::string text;  // empty: the other end is gone
  std::vector<base::UniqueFd> fds;
};

inline constexpr std::size_t kMessageBytesMax = 64 << 10;
inline constexpr std::size_t kMessageFdsMax = 16;

// Both work on a SOCK_SEQPACKET socket and block; send raises no SIGPIPE.
// Errors: kInvalidArgument for a message beyond the bounds, kUnavailable when the other end is
// gone.
base::Status send_message(int socket, std::string_view text, const std::vector<int>& fds);
base::Result<FdMessage> receive_message(int socket);

}  // namespace invoker_container
