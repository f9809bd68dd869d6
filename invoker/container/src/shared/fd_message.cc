#include "fd_message.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace invoker_container {
namespace {

struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * kMessageFdsMax)];
};

std::vector<base::UniqueFd> take_fds(msghdr& header) {
  std::vector<base::UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

base::Status send_message(int socket, std::string_view text, const std::vector<int>& fds) {
  if (text.empty() || text.size() > kMessageBytesMax || fds.size() > kMessageFdsMax) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "a message of " + std::to_string(text.size()) + " bytes and " +
                           std::to_string(fds.size()) + " descriptors does not fit"};
  }
  iovec data{const_cast<char*>(text.data()), text.size()};
  Control control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
  }
  while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    return base::Error{base::ErrorCode::kUnavailable,
                       "sending a message: " + std::generic_category().message(errno)};
  }
  return {};
}

base::Result<FdMessage> receive_message(int socket) {
  FdMessage message;
  message.text.resize(kMessageBytesMax);
  iovec data{message.text.data(), message.text.size()};
  Control control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t length = 0;
  do {
    length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length < 0 && errno != ECONNRESET)
    return base::error_from_errno(errno, "receiving a message");
  message.fds = take_fds(header);
  message.text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return message;
}

}  // namespace invoker_container
