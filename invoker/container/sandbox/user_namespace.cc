#include "user_namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
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

// A process that waits in a user namespace of its own.
long clone_waiting_process() {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    for (;;) pause();
  }
  return pid;
}

// As user `id`, but with every capability: hosts may forbid user namespaces to those without.
base::Result<pid_t> clone_as(uid_t id) {
  if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0) {
    return base::error_from_errno(errno, "keeping capabilities");
  }
  if (setresgid(-1U, id, -1U) < 0 || setresuid(-1U, id, -1U) < 0) {
    return base::error_from_errno(errno, "becoming the user of a sandbox");
  }
  const long pid = clone_waiting_process();
  const int problem = errno;
  CHECK(setresuid(-1U, 0, -1U) == 0 && setresgid(-1U, 0, -1U) == 0);
  if (pid < 0) return base::error_from_errno(problem, "making a user namespace");
  return static_cast<pid_t>(pid);
}

}  // namespace

base::Result<base::UniqueFd> make_user_namespace(std::int64_t base) {
  TRY(const pid_t pid, clone_as(static_cast<uid_t>(base)));
  auto file = map_and_open(pid, base);
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  return file;
}

}  // namespace sandbox
