#include "host_probe.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace invoker_container {
namespace {

constexpr std::size_t kPassed = 250;

bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return syscall(SYS_capset, &header, none) == 0;
}

bool pass_descriptors() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) return false;
  char byte = 'x';
  iovec text{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int) * kPassed)]{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * kPassed);
  std::array<int, kPassed> fds;
  fds.fill(ends[1]);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
  return sendmsg(ends[0], &message, 0) == 1;
}

bool grow_pipe() {
  int ends[2];
  return pipe(ends) == 0 && fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) >= 0;
}

bool open_queue() {
  const char* name = "/larder-probe";
  mq_attr shape{};
  shape.mq_maxmsg = 10;
  shape.mq_msgsize = 8192;
  const auto queue = mq_open(name, O_CREAT | O_RDWR, 0600, &shape);
  if (queue < 0) return errno == ENOSYS;
  mq_unlink(name);
  return true;
}

bool make_timer() {
  int timer = 0;
  return syscall(SYS_timer_create, CLOCK_MONOTONIC, nullptr, &timer) == 0;
}

bool make_process() {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  return pid > 0 && waitpid(pid, nullptr, 0) == pid;
}

bool succeeds(Probe probe) {
  switch (probe) {
    case Probe::kInotify:
      return inotify_init1(0) >= 0;
    case Probe::kDescriptorsUnderWay:
      return pass_descriptors();
    case Probe::kPipePages:
      return grow_pipe();
    case Probe::kQueue:
      return open_queue();
    case Probe::kTimer:
      return make_timer();
    case Probe::kProcess:
      return make_process();
  }
  return false;
}

}  // namespace

int host_root_fails_at(Probe probe) {
  const pid_t pid = fork();
  if (pid == 0) _exit(drop_capabilities() && succeeds(probe) ? 0 : std::max(errno, 1));
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace invoker_container
