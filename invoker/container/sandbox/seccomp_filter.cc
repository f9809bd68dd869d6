#include "seccomp_filter.h"

#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "base/unique_fd.h"
#include "seccomp_calls.h"

namespace sandbox {
namespace {

constexpr std::uint64_t kNamespaceFlagList[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                                CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                                CLONE_NEWNET};
constexpr std::uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET;
// What runtimes ask of terminals, sockets and files. Others reach deep: on btrfs, for one, any user
// may make a subvolume by ioctl, which no quota of the volume around it would count.
constexpr std::uint64_t kAllowedIoctls[] = {
    TCGETS,   TIOCGWINSZ,  TIOCGPGRP,   FIONREAD,     FIONBIO,     FIOASYNC,     FIOCLEX,
    FIONCLEX, SIOCGIFCONF, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFINDEX, SIOCGIFHWADDR};
constexpr std::uint64_t kFamilies[] = {AF_UNIX, AF_INET, AF_INET6};
constexpr std::uint64_t kSocketTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
constexpr std::uint64_t kPersonalityQuery = 0xffffffff;
constexpr int kLowBits = 0xff;  // of a socket's type, without SOCK_NONBLOCK and SOCK_CLOEXEC

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// Adds rules and remembers the first failure.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx context) : context_(context) {}

  template <typename... Conditions>
  void add(std::uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;  // unknown here
    const int result =
        seccomp_rule_add(context_, action, number, sizeof...(conditions), conditions...);
    if (result < 0 && failure_.empty())
      failure_ = std::string(name) + ": " + std::generic_category().message(-result);
  }
  void allow(const char* name) { add(SCMP_ACT_ALLOW, name); }
  void forbid(const char* name) { add(SCMP_ACT_ERRNO(EPERM), name); }
  const std::string& failure() const { return failure_; }

 private:
  scmp_filter_ctx context_;
  std::string failure_;
};

void add_process_rules(Rules& rules) {
  rules.add(SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0));
  for (const std::uint64_t flag : kNamespaceFlagList) {
    rules.add(SCMP_ACT_ERRNO(EPERM), "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  for (const std::uint64_t request : kAllowedIoctls) {
    rules.add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1_32(SCMP_CMP_EQ, request));
  }
  for (const std::uint64_t persona : {std::uint64_t{PER_LINUX}, kPersonalityQuery}) {
    rules.add(SCMP_ACT_ALLOW, "personality", SCMP_A0_32(SCMP_CMP_EQ, persona));
  }
}

void add_socket_rules(Rules& rules) {
  for (const char* name : {"socket", "socketpair"}) {
    for (const std::uint64_t family : kFamilies) {
      for (const std::uint64_t type : kSocketTypes) {
        rules.add(SCMP_ACT_ALLOW, name, SCMP_A0(SCMP_CMP_EQ, family),
                  SCMP_A1(SCMP_CMP_MASKED_EQ, kLowBits, type));
      }
    }
  }
  // getifaddrs() asks the kernel this way.
  rules.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
            SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE));
}

base::Error failed(int result) {
  return base::error_from_errno(-result, "making a seccomp filter");
}

base::Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  const base::UniqueFd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.valid()) return base::error_from_errno(errno, "memfd_create");
  if (const int result = seccomp_export_bpf(context, file.get()); result < 0) return failed(result);
  const off_t size = lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) {
    return base::error_from_errno(errno, "reading a seccomp filter");
  }
  return program;
}

}  // namespace

base::Result<std::vector<sock_filter>> compile_filter() {
  const Context context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release);
  if (context == nullptr) return failed(-ENOMEM);
  seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree instead of a list
  Rules rules(context.get());
  for (const char* name : kAllowed) rules.allow(name);
  for (const char* name : kForbidden) rules.forbid(name);
  add_process_rules(rules);
  add_socket_rules(rules);
  if (!rules.failure().empty()) {
    return base::Error{base::ErrorCode::kInternal, "making a seccomp filter: " + rules.failure()};
  }
  return export_program(context.get());
}

base::Status apply_filter(const std::vector<sock_filter>& filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return {};
  return base::error_from_errno(errno, "applying the seccomp filter");
}

}  // namespace sandbox
