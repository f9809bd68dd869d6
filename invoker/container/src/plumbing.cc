#include "plumbing.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace invoker_container {
namespace {
constexpr int kStartPatienceMs = 10'000;
constexpr int kBacklog = 256;
constexpr int kRootBytes = 1 << 20;  // mount points only

// The kernel counts by the real user id and grants rights by the effective one. This thread only:
// the C library's function would change every thread.
long set_real_user(uid_t id) { return syscall(SYS_setresuid, id, -1, -1); }

}  // namespace

std::vector<std::string> sandbox_environment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp",
          "LANG=C.UTF-8", "HOSTNAME=sandbox"};
}

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return base::error_from_errno(errno, "making a pipe");
  return Pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::Result<Pipe> make_output_pipe(uid_t owner, int bytes) {
  if (set_real_user(owner) < 0) return base::error_from_errno(errno, "making a pipe for a user");
  auto pipe = make_pipe();
  CHECK(set_real_user(0) == 0);
  if (!pipe.ok()) return pipe;
  fcntl(pipe->read_end.get(), F_SETFL, O_NONBLOCK);
  fcntl(pipe->read_end.get(), F_SETPIPE_SZ, bytes);
  return pipe;
}

base::Result<base::UniqueFd> listen_at(const std::string& path) {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return base::error_from_errno(errno, "making a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::Error{base::ErrorCode::kInvalidArgument, "the state directory's path is too long"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  unlink(path.c_str());
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      listen(socket.get(), kBacklog) < 0) {
    return base::error_from_errno(errno, "listening at " + path);
  }
  return socket;
}

base::Result<base::UniqueFd> make_root() {
  const base::UniqueFd context(fsopen("tmpfs", FSOPEN_CLOEXEC));
  const std::string size = std::to_string(kRootBytes);
  if (!context.valid() ||
      fsconfig(context.get(), FSCONFIG_SET_STRING, "size", size.c_str(), 0) < 0 ||
      fsconfig(context.get(), FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
      fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return base::error_from_errno(errno, "making the root of a sandbox");
  }
  base::UniqueFd root(fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID));
  if (!root.valid()) return base::error_from_errno(errno, "making the root of a sandbox");
  return root;
}

base::Status wait_until_started(int status) {
  std::string text;
  char buffer[256];
  for (;;) {
    pollfd ready{status, POLLIN, 0};
    if (poll(&ready, 1, kStartPatienceMs) == 0) text = "it took too long";
    if (ready.revents == 0) break;
    const ssize_t length = read(status, buffer, sizeof buffer);
    if (length <= 0) break;
    text.append(buffer, static_cast<std::size_t>(length));
  }
  if (text.empty()) return {};
  return base::Error{base::ErrorCode::kUnavailable, "the sandbox did not start: " + text};
}

}  // namespace invoker_container
