// What an action tries in order to get out, and what it gets.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "sandbox_fixture.h"

namespace invoker_container {
namespace {

class Escape : public SandboxTest {
 protected:
  void SetUp() override {
    if (!has_kind("python:3")) GTEST_SKIP() << "no python3 in /usr/bin";
    SandboxTest::SetUp();
  }
  // The value of one python expression, evaluated inside a sandbox; an OSError is its errno's name.
  std::string evaluate(const std::string& expression, const std::string& setup = "") {
    const auto container = python(
        "import os, sys, socket, ctypes, errno, glob, subprocess, signal\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(number, *args):\n"
        "  r = libc.syscall(number, *args)\n"
        "  if r < 0: raise OSError(ctypes.get_errno(), '')\n"
        "  return r\n" +
        setup +
        "def main(a):\n"
        "  try:\n"
        "    return {'r': str(" +
        expression +
        ")}\n"
        "  except OSError as e:\n"
        "    return {'r': errno.errorcode[e.errno]}\n");
    return run(*container).body;
  }
  static std::string result(const std::string& text) { return R"({"r":")" + text + R"("})"; }
};

TEST_F(Escape, ItRunsAsNobodySpecial) {
  EXPECT_EQ(evaluate("(os.getuid(), os.getgid(), os.getgroups())"), result("(1000, 1000, [])"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    const std::string expression =
        "[l.split()[1] for l in open('/proc/self/status') if l.startswith('" + std::string(set) +
        "')]";
    EXPECT_EQ(evaluate(expression), result("['0000000000000000']")) << set;
  }
  EXPECT_EQ(evaluate("[l.split()[1] for l in open('/proc/self/status')"
                     " if l.startswith(('NoNewPrivs', 'Seccomp:'))]"),
            result("['1', '2']"));
}

TEST_F(Escape, TheHostsFilesAreNotThere) {
  std::ofstream("/tmp/larder-escape-secret") << "secret";
  for (const char* path : {"/etc/shadow", "/root", "/home", "/var", "/run", "/boot", "/sys",
                           "/tmp/larder-escape-secret", "/proc/1/root/root", "/dev/mem",
                           "/dev/kmsg", "/dev/vda", "/.dockerenv"}) {
    EXPECT_EQ(evaluate("os.stat('" + std::string(path) + "')"), result("ENOENT")) << path;
  }
  unlink("/tmp/larder-escape-secret");
  EXPECT_EQ(evaluate("sorted(os.listdir('/mnt' if os.path.exists('/mnt') else '/action'))"),
            result("['__main__.py']"));
}

// What the operator has put there is nobody's business; a node that lies there is, as a program.
TEST_F(Escape, OfUsrLocalThereIsAtMostTheInterpreter) {
  EXPECT_EQ(evaluate("{f for d, _, fs in os.walk('/usr/local') for f in fs} - {'node'}"),
            result("set()"));
}

TEST_F(Escape, TheInvokersSocketsAreOutOfReach) {
  const auto other = create("blackbox");
  EXPECT_EQ(evaluate("[f for d in ('/', '/tmp', '/dev', '/dev/shm', '/action', '/larder', '/etc')"
                     " for f in os.listdir(d) if f.endswith('.sock')]"),
            result("[]"));
  // Abstract sockets and ports belong to the network namespace, which is its own.
  EXPECT_EQ(evaluate("socket.create_connection(('127.0.0.1', 3233), 1)"), result("ECONNREFUSED"));
  EXPECT_EQ(evaluate("open('/proc/net/unix').read().count('\\n') < 20"), result("True"));
  EXPECT_EQ(evaluate("[i[1] for i in socket.if_nameindex()]"), result("['lo']"));
  EXPECT_EQ(evaluate("socket.create_connection(('8.8.8.8', 53), 1)"), result("ENETUNREACH"));
}

TEST_F(Escape, NoDescriptorLeaksIn) {
  // Of the action: its three standard streams, the answers, the questions; listdir() has one too.
  EXPECT_EQ(evaluate("sorted(os.readlink('/proc/self/fd/' + f).split(':')[0] for f in "
                     "os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f))"),
            result("['/dev/null', 'pipe', 'pipe', 'pipe', 'pipe']"));
  EXPECT_EQ(evaluate("sorted(os.readlink('/proc/1/fd/' + f).split(':')[0] for f in "
                     "os.listdir('/proc/1/fd') if int(f) > 2 and "
                     "not os.readlink('/proc/1/fd/' + f).startswith(('pipe', 'socket', 'anon')))"),
            result("[]"));
}

TEST_F(Escape, OtherSandboxesProcessesAreInvisible) {
  const auto other = create("blackbox");
  EXPECT_EQ(evaluate("sorted(int(p) for p in os.listdir('/proc') if p.isdigit())"),
            result("[1, 2]"));
  EXPECT_EQ(evaluate("os.kill(3, 0)"), result("ESRCH"));
}

TEST_F(Escape, TheRootCannotBeWritten) {
  for (const char* path : {"/x", "/usr/x", "/etc/x", "/larder/x", "/dev/x", "/proc/x", "/lib/x"}) {
    EXPECT_THAT(evaluate("open('" + std::string(path) + "', 'w')"),
                ::testing::AnyOf(result("EROFS"), result("EACCES"), result("ENOENT")))
        << path;
  }
  for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                           "/proc/self/oom_score_adj", "/proc/self/uid_map"}) {
    EXPECT_THAT(evaluate("open('" + std::string(path) + "', 'w')"),
                ::testing::AnyOf(result("EROFS"), result("EACCES"), result("EPERM")))
        << path;
  }
}

TEST_F(Escape, TheHostsSecretsInProcAreHidden) {
  for (const char* path : {"/proc/cmdline", "/proc/keys", "/proc/kallsyms", "/proc/sysrq-trigger",
                           "/proc/timer_list", "/proc/interrupts"}) {
    EXPECT_THAT(evaluate("len(open('" + std::string(path) + "').read())"),
                ::testing::AnyOf(result("0"), result("ENOENT")))
        << path;
  }
}

TEST_F(Escape, SystemCallsForEscapingAreForbidden) {
  // Numbers of x86_64; the wrappers do not exist for all of them.
#if !defined(__x86_64__)
  GTEST_SKIP() << "the numbers are those of x86_64";
#endif
  const std::pair<const char*, const char*> cases[] = {
      {"mount", "call(165, b'none', b'/tmp', b'tmpfs', 0, None)"},
      {"umount2", "call(166, b'/tmp', 2)"},
      {"unshare a user namespace", "call(272, 0x10000000)"},
      {"unshare a mount namespace", "call(272, 0x20000)"},
      {"clone a user namespace", "call(56, 0x10000000 | 17, None, None, None, None)"},
      {"setns", "call(308, os.open('/proc/self/ns/net', os.O_RDONLY), 0)"},
      {"ptrace", "call(101, 0, 0, 0, 0)"},
      {"process_vm_readv", "call(310, 1, None, 0, None, 0, 0)"},
      {"bpf", "call(321, 0, None, 0)"},
      {"perf_event_open", "call(298, None, 0, -1, -1, 0)"},
      {"keyctl", "call(250, 0, 0, 0)"},
      {"add_key", "call(248, b'user', b'x', b'y', 1, -3)"},
      {"io_uring_setup", "call(425, 1, None)"},
      {"userfaultfd", "call(323, 0)"},
      {"open_by_handle_at", "call(304, 3, None, 0)"},
      {"kexec_load", "call(246, 0, 0, None, 0)"},
      {"init_module", "call(175, None, 0, b'')"},
      {"chroot", "call(161, b'/tmp')"},
      {"pivot_root", "call(155, b'/tmp', b'/tmp')"},
      {"open_tree", "call(428, -100, b'/', 1)"},
      {"fsopen", "call(430, b'tmpfs', 0)"},
      {"sethostname", "call(170, b'x', 1)"},
      {"syslog", "call(103, 3, None, 0)"},
      {"reboot", "call(169, 0, 0, 0, None)"}};
  for (const auto& [name, expression] : cases) {
    EXPECT_EQ(evaluate(expression), result("EPERM")) << name;
  }
  EXPECT_EQ(evaluate("call(435, None, 0)"), result("ENOSYS")) << "clone3";
  EXPECT_EQ(evaluate("call(206, 1, ctypes.byref(ctypes.c_long()))"), result("ENOSYS"))
      << "io_setup";
  EXPECT_EQ(evaluate("call(9999)"), result("ENOSYS")) << "a call of the future";
}

TEST_F(Escape, SpecialSocketsCannotBeMade) {
  for (const char* socket :
       {"socket.AF_PACKET, socket.SOCK_RAW", "socket.AF_INET, socket.SOCK_RAW, 1",
        "socket.AF_ALG, socket.SOCK_SEQPACKET", "socket.AF_VSOCK, socket.SOCK_STREAM",
        "socket.AF_NETLINK, socket.SOCK_RAW, 16"}) {
    EXPECT_THAT(evaluate("socket.socket(" + std::string(socket) + ")"),
                ::testing::AnyOf(result("EPERM"), result("ENOSYS")))
        << socket;
  }
}

TEST_F(Escape, NobodyBecomesRoot) {
  EXPECT_EQ(evaluate("os.setuid(0)"), result("EPERM"));
  EXPECT_EQ(evaluate("os.setgroups([0])"), result("EPERM"));
  EXPECT_EQ(evaluate("[m for m in open('/proc/self/mounts').read().splitlines()"
                     " if 'nosuid' not in m.split()[3]]"),
            result("[]"));
}

TEST_F(Escape, DevicesCannotBeMadeOrUsed) {
  EXPECT_EQ(evaluate("os.mknod('/tmp/d', 0o20666, os.makedev(1, 1))"), result("EPERM"));
  EXPECT_EQ(
      evaluate("sorted(os.listdir('/dev'))"),
      result("['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', "
             "'zero']"));
}

TEST_F(Escape, ALinkInAVolumeLeadsNowhereOutside) {
  char path[] = "/tmp/larder-link-XXXXXX";
  ASSERT_NE(mkdtemp(path), nullptr);
  chmod(path, 0755);
  const std::string link = std::string(path) + "/link";
  ASSERT_EQ(symlink("/root", link.c_str()), 0);
  const auto container =
      python("import os\ndef main(a):\n  return {'r': os.path.exists('/data/link')}\n");
  base::UniqueFd tree(open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  ASSERT_TRUE(container->attach({"/data", std::move(tree), false}).ok());
  EXPECT_EQ(run(*container).body, R"({"r":false})");
  unlink(link.c_str());
  rmdir(path);
}

}  // namespace
}  // namespace invoker_container
