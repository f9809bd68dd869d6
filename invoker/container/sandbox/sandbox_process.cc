#include "sandbox_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "proxy_fds.h"
#include "sandbox_root.h"
#include "seccomp_filter.h"

namespace sandbox {
namespace {

using invoker_container::StartOrder;

constexpr int kStatusFd = invoker_container::kProxySocket + 1;
constexpr rlim_t kOpenFilesMax = 1024;
constexpr int kCapabilityLast = 63;

base::Status failed(const char* what) { return base::error_from_errno(errno, what); }

// Writing "0" into `tasks` moves this thread alone, which spares the kernel the slow lock that a
// whole process needs. In version 2 this process was born in its cgroup.
base::Status enter_cgroups(const StartOrder& order, const OrderFds& fds) {
  if (!order.unified_cgroup) {
    for (const base::UniqueFd& tasks : fds.cgroups) {
      if (write(tasks.get(), "0", 1) != 1) return failed("entering a cgroup");
    }
  }
  if (unshare(CLONE_NEWCGROUP) < 0) return failed("making a cgroup namespace");
  return {};
}

base::Status raise_loopback() {
  const base::UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any.valid()) return failed("making a socket");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(any.get(), SIOCSIFFLAGS, &request) < 0) return failed("raising the loopback interface");
  return {};
}

// The order matters: each target is free, or its old content has been moved before.
base::Status place_fds(const OrderFds& fds) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return failed("opening /dev/null");
  // All sources out of the way first: descriptors that were passed may sit at any number.
  const int high = 100;
  const int sources[] = {null, fds.out.get(), fds.err.get(), fds.socket.get(), fds.status.get()};
  const int targets[] = {0, 1, 2, invoker_container::kProxySocket, kStatusFd};
  for (int i = 0; i < 5; ++i) {
    if (dup2(sources[i], high + i) < 0) return failed("moving descriptors");
  }
  for (int i = 0; i < 5; ++i) {
    if (dup2(high + i, targets[i]) < 0) return failed("moving descriptors");
  }
  if (close_range(3, invoker_container::kProxySocket - 1, 0) < 0 ||
      close_range(kStatusFd + 1, ~0U, 0) < 0) {
    return failed("closing descriptors");
  }
  if (fcntl(kStatusFd, F_SETFD, FD_CLOEXEC) < 0) return failed("marking a descriptor");
  return {};
}

base::Status set_limits() {
  const rlimit files{kOpenFilesMax, kOpenFilesMax};
  const rlimit core{0, 0};
  if (setrlimit(RLIMIT_NOFILE, &files) < 0) return failed("limiting open files");
  if (setrlimit(RLIMIT_CORE, &core) < 0) return failed("limiting core files");
  return {};
}

// Inside the user namespace this process has every capability over it, whatever its user id.
base::Status drop_identity(int user_namespace, std::int64_t uid) {
  const auto id = static_cast<uid_t>(uid);
  if (setns(user_namespace, CLONE_NEWUSER) < 0) return failed("entering the user namespace");
  if (setgroups(0, nullptr) < 0) return failed("dropping groups");
  if (setresgid(id, id, id) < 0) return failed("changing the group");
  for (int capability = 0; capability <= kCapabilityLast; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL) {
      return failed("dropping a capability");
    }
  }
  if (setresuid(id, id, id) < 0) return failed("changing the user");
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (syscall(SYS_capset, &header, none) < 0) return failed("dropping capabilities");
  return {};
}

base::Status lock_down(const Shared& shared, int user_namespace) {
  TRY_STATUS(drop_identity(user_namespace, shared.setup.uid));
  // After the last change of identity, which would clear it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed("asking for a death signal");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("setting no_new_privs");
  return apply_filter(shared.filter);
}

base::Status prepare(const Shared& shared, const StartOrder& order, const OrderFds& fds) {
  TRY_STATUS(enter_cgroups(order, fds));
  TRY_STATUS(enter_mount_namespace(shared.root));
  const std::int64_t owner = order.uid_base + shared.setup.uid;
  TRY_STATUS(build_root(shared.root, fds.root.get(), order, owner));
  TRY_STATUS(raise_loopback());
  if (sethostname(order.hostname.data(), order.hostname.size()) < 0)
    return failed("naming the host");
  if (setsid() < 0 && errno != EPERM) return failed("making a session");
  umask(022);
  TRY_STATUS(set_limits());
  return {};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Signals that the warden blocks must not stay blocked, and no disposition of its own may be left.
void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
}

// The proxy finds an interpreter that runs already, or starts what it is told.
base::Result<std::vector<std::string>> proxy_arguments(const Shared& shared,
                                                       const StartOrder& order) {
  std::vector<std::string> arguments{"larder-proxy"};
  if (shared.interpreter == nullptr || order.arguments.front() != "interpreter") {
    arguments.insert(arguments.end(), order.arguments.begin(), order.arguments.end());
    return arguments;
  }
  TRY(const ForkedInterpreter child, fork_interpreter(shared.interpreter, order.environment));
  for (const std::string& word :
       {std::string("forked"), order.arguments.at(1), std::to_string(child.pid),
        std::to_string(child.input), std::to_string(child.answers)}) {
    arguments.push_back(word);
  }
  return arguments;
}

base::Status run(const Shared& shared, const StartOrder& order, const OrderFds& fds,
                 int user_namespace) {
  TRY_STATUS(prepare(shared, order, fds));
  TRY_STATUS(lock_down(shared, user_namespace));
  TRY_STATUS(place_fds(fds));
  reset_signals();
  TRY(std::vector<std::string> arguments, proxy_arguments(shared, order));
  std::vector<std::string> environment = order.environment;
  execve("/larder/proxy", pointers(arguments).data(), pointers(environment).data());
  return failed("starting the action proxy");
}

}  // namespace

void become_sandbox(const Shared& shared, const StartOrder& order, const OrderFds& fds,
                    int user_namespace) {
  // The word of failure goes out wherever the status pipe has been moved to by then.
  const base::Status status = run(shared, order, fds, user_namespace);
  const std::string text = status.ok() ? "unknown" : status.error().message;
  if (write(fds.status.get(), text.data(), text.size()) < 0) {
    static_cast<void>(write(kStatusFd, text.data(), text.size()) < 0);
  }
  _exit(1);
}

}  // namespace sandbox
