#include "confinement.h"

#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <memory>

namespace gpu_session_program {
namespace {

using base::Error;
using base::ErrorCode;
using base::Status;

constexpr rlim_t kDescriptorsMax = 256;

Error refused(const char* what) {
  return {ErrorCode::kUnsupported, base::error_from_errno(errno, what).message};
}

Status become(uid_t uid) {
  if (uid == 0 || ::geteuid() != 0) return {};
  if (::unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0) return refused("leaving the network");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
      ::setresuid(uid, uid, uid) != 0) {
    return refused("becoming another user");
  }
  // Changing the user forgets it.
  return die_with_parent();
}

Status limit(int what, rlim_t most) {
  const rlimit limit{most, most};
  if (::setrlimit(static_cast<__rlimit_resource_t>(what), &limit) != 0)
    return refused("setting limits");
  return {};
}

// Threads, memory, time, the descriptors it has, and its folder of images.
constexpr std::initializer_list<int> kAllowed{SCMP_SYS(read),
                                              SCMP_SYS(write),
                                              SCMP_SYS(readv),
                                              SCMP_SYS(writev),
                                              SCMP_SYS(pread64),
                                              SCMP_SYS(pwrite64),
                                              SCMP_SYS(close),
                                              SCMP_SYS(fstat),
                                              SCMP_SYS(newfstatat),
                                              SCMP_SYS(lseek),
                                              SCMP_SYS(openat),
                                              SCMP_SYS(open),
                                              SCMP_SYS(fcntl),
                                              SCMP_SYS(ftruncate),
                                              SCMP_SYS(rename),
                                              SCMP_SYS(unlink),
                                              SCMP_SYS(utimensat),
                                              SCMP_SYS(dup),
                                              SCMP_SYS(recvfrom),
                                              SCMP_SYS(recvmsg),
                                              SCMP_SYS(sendto),
                                              SCMP_SYS(sendmsg),
                                              SCMP_SYS(accept4),
                                              SCMP_SYS(accept),
                                              SCMP_SYS(shutdown),
                                              SCMP_SYS(getsockopt),
                                              SCMP_SYS(setsockopt),
                                              SCMP_SYS(getsockname),
                                              SCMP_SYS(getpeername),
                                              SCMP_SYS(poll),
                                              SCMP_SYS(ppoll),
                                              SCMP_SYS(epoll_create1),
                                              SCMP_SYS(epoll_ctl),
                                              SCMP_SYS(epoll_wait),
                                              SCMP_SYS(epoll_pwait),
                                              SCMP_SYS(eventfd2),
                                              SCMP_SYS(memfd_create),
                                              SCMP_SYS(mmap),
                                              SCMP_SYS(munmap),
                                              SCMP_SYS(mremap),
                                              SCMP_SYS(mprotect),
                                              SCMP_SYS(madvise),
                                              SCMP_SYS(brk),
                                              SCMP_SYS(futex),
                                              SCMP_SYS(clone),
                                              SCMP_SYS(clone3),
                                              SCMP_SYS(set_robust_list),
                                              SCMP_SYS(rseq),
                                              SCMP_SYS(exit),
                                              SCMP_SYS(exit_group),
                                              SCMP_SYS(gettid),
                                              SCMP_SYS(getpid),
                                              SCMP_SYS(tgkill),
                                              SCMP_SYS(rt_sigaction),
                                              SCMP_SYS(rt_sigprocmask),
                                              SCMP_SYS(rt_sigreturn),
                                              SCMP_SYS(sigaltstack),
                                              SCMP_SYS(sched_yield),
                                              SCMP_SYS(sched_getaffinity),
                                              SCMP_SYS(nanosleep),
                                              SCMP_SYS(clock_nanosleep),
                                              SCMP_SYS(clock_gettime),
                                              SCMP_SYS(gettimeofday),
                                              SCMP_SYS(getrandom),
                                              SCMP_SYS(restart_syscall),
                                              SCMP_SYS(prlimit64),
                                              SCMP_SYS(sysinfo)};

// What drivers need of their device files.
constexpr std::initializer_list<int> kOfDrivers{
    SCMP_SYS(ioctl),         SCMP_SYS(stat),         SCMP_SYS(access), SCMP_SYS(readlink),
    SCMP_SYS(getdents64),    SCMP_SYS(geteuid),      SCMP_SYS(getuid), SCMP_SYS(mlock),
    SCMP_SYS(set_mempolicy), SCMP_SYS(get_mempolicy)};

struct ReleaseFilter {
  void operator()(scmp_filter_ctx filter) const { ::seccomp_release(filter); }
};

// A call that is not allowed fails; a thread of a library that tries one goes on without it.
Status filter_calls(bool device_files) {
  const std::unique_ptr<void, ReleaseFilter> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return refused("making a filter of system calls");
  int failed = 0;
  const auto allow = [&](std::initializer_list<int> calls) {
    for (const int call : calls) {
      if (call >= 0) failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
    }
  };
  allow(kAllowed);
  if (device_files) allow(kOfDrivers);
  if (failed != 0 || ::seccomp_load(filter.get()) != 0) return refused("filtering system calls");
  return {};
}

}  // namespace

Status die_with_parent() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return refused("asking to die with the daemon");
  return {};
}

Status confine(const Confinement& confinement) {
  TRY_STATUS(become(confinement.uid));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("forbidding new privileges");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return refused("hiding from other processes");
  TRY_STATUS(limit(RLIMIT_CORE, 0));
  TRY_STATUS(limit(RLIMIT_NOFILE, kDescriptorsMax));
  return filter_calls(confinement.device_files);
}

}  // namespace gpu_session_program
