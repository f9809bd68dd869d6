#include "user_namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "small_files.h"

namespace sandbox {
namespace {

constexpr std::int64_t kIds = 65536;

base::Result<base::UniqueFd> map_and_open(pid_t pid, std::int64_t base) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string map = "0 " + std::to_string(base) + " " + std::to_string(kIds);
  TRY_STATUS(invoker_container::write_file(folder + "/uid_map", map));
  TRY_STATUS(invoker_container::write_file(folder + "/gid_map", map));
  base::UniqueFd file(open((folder + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::error_from_errno(errno, "opening a user namespace");
  return file;
}

}  // namespace

base::Result<base::UniqueFd> make_user_namespace(std::int64_t base) {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return base::error_from_errno(errno, "making a user namespace");
  if (pid == 0) {
    for (;;) pause();
  }
  auto file = map_and_open(static_cast<pid_t>(pid), base);
  kill(static_cast<pid_t>(pid), SIGKILL);
  while (waitpid(static_cast<pid_t>(pid), nullptr, 0) < 0 && errno == EINTR) continue;
  return file;
}

}  // namespace sandbox
