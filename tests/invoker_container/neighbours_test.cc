// Two sandboxes at the same time: what one uses up is not missing for the other, nor for the host's
// root, and what one stores the other can use where they share a volume.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "host_probe.h"
#include "sandbox_fixture.h"

namespace invoker_container {
namespace {

namespace fs = std::filesystem;

// Each function takes as much of something as it gets, keeps it, and tells how often that went well
// and which error ended it.
constexpr const char* kGreedy = R"(
import ctypes, errno, fcntl, os, signal, socket, subprocess, threading
libc = ctypes.CDLL(None, use_errno=True)
kept = []
def call(number, *args):
  r = libc.syscall(number, *args)
  if r < 0: raise OSError(ctypes.get_errno(), '')
  return r
def take(once, most=100000):
  n = 0
  try:
    while n < most:
      kept.append(once(n))
      n += 1
  except OSError as e:
    return [n, errno.errorcode[e.errno]]
  except RuntimeError:
    return [n, 'EAGAIN']
  return [n, '']
def inotify(n): return call(294, 0)
def in_flight(n):
  ends = socket.socketpair()
  socket.send_fds(ends[0], [b'x'], [0] * 250)
  return ends
def pipe(n):
  ends = os.pipe()
  kept.append(ends)
  return fcntl.fcntl(ends[1], 1031, 1 << 20)
def queue(n):
  shape = (ctypes.c_long * 8)(0, 10, 8192)
  return call(240, b'q%d' % len(kept), os.O_CREAT | os.O_RDWR, 0o600, shape)
def timer(n): return call(222, 1, None, ctypes.byref(ctypes.c_int()))
def thread(n):
  threading.stack_size(65536)
  t = threading.Thread(target=threading.Event().wait, daemon=True)
  t.start()
  return t
def grow_output(n): return fcntl.fcntl(1 + n, 1031, 1 << 20)
def main(a):
  try:
    return {'r': eval(a['e'])}
  except OSError as e:
    return {'r': errno.errorcode[e.errno]}
)";

std::int64_t host_limit(const std::string& name) {
  std::int64_t value = 0;
  std::ifstream("/proc/sys/" + name) >> value;
  return value;
}

class Neighbours : public SandboxTest {
 protected:
  static constexpr rlim_t kSignalsMax = 3'000;

  void SetUp() override {
    if (!has_kind("python:3")) GTEST_SKIP() << "no python3 in /usr/bin";
    // Sandboxes inherit it; the usual limit takes long to reach.
    getrlimit(RLIMIT_SIGPENDING, &signals_);
    const rlimit few{std::min(signals_.rlim_cur, kSignalsMax), signals_.rlim_max};
    setrlimit(RLIMIT_SIGPENDING, &few);
    SandboxTest::SetUp();
    if (IsSkipped()) return;
    factory_.reset();
    config_ = test_config();
    config_.pids_max = 200;
    config_.uid_base = 0x5000'0000 + std::int64_t{getpid() % 512} * 0x10'0000;
    config_.uid_end = config_.uid_base + 4 * 65'536;
    factory_ = make_factory(config_);
    a_ = python(kGreedy);
    b_ = python(kGreedy);
  }
  void TearDown() override {
    if (signals_.rlim_max != 0) setrlimit(RLIMIT_SIGPENDING, &signals_);
  }

  static std::string evaluate(invoker::Container& container, const std::string& expression) {
    const base::Json body = base::Json::object({{"e", expression}});
    const std::string answer = run(container, body.to_string()).body;
    const auto json = base::Json::parse(answer);
    const base::Json* result = json.ok() ? json->find("r") : nullptr;
    return result == nullptr ? answer : result->to_string();
  }
  // A takes all that it gets of something; then B gets just as much.
  void expect_own_share(const std::string& what, const std::string& refusal) {
    const std::string take = "take(" + what + ")";
    const std::string share = evaluate(*a_, take);
    ASSERT_THAT(share, ::testing::HasSubstr(refusal));
    EXPECT_EQ(evaluate(*a_, take), R"([0,")" + refusal + R"("])");
    EXPECT_EQ(evaluate(*b_, take), share);
  }
  // The user ids of processes in the ranges of this test; one that has ended and waits for its
  // parent to notice does not count.
  std::set<std::int64_t> users() const {
    std::set<std::int64_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream status(entry.path() / "status");
      for (std::string line; std::getline(status, line);) {
        if (line.starts_with("State:\tZ") || line.starts_with("State:\tX")) break;
        if (!line.starts_with("Uid:")) continue;
        const std::int64_t uid = std::atoll(line.c_str() + 4);
        if (uid >= config_.uid_base && uid < config_.uid_end) found.insert(uid);
      }
    }
    return found;
  }

  rlimit signals_{};
  SandboxConfig config_;
  std::unique_ptr<invoker::Container> a_, b_;
};

TEST_F(Neighbours, EachHasUserIdsOfItsOwn) {
  const std::int64_t first = config_.uid_base + config_.uid;
  EXPECT_EQ(users(), (std::set<std::int64_t>{first, first + 65'536}));
  EXPECT_EQ(evaluate(*a_, "os.getuid()"), "1000");
  EXPECT_EQ(evaluate(*b_, "os.getuid()"), "1000");
}

TEST_F(Neighbours, ARangeIsUsedAgainWhenItsSandboxIsGone) {
  const auto c = create("blackbox");
  const auto d = create("blackbox");
  const auto refused = factory_->create(spec_of("blackbox"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("ranges of user ids"));
  const auto all = users();
  a_->destroy();
  EXPECT_FALSE(users().contains(config_.uid_base + config_.uid));
  const auto again = create("blackbox");
  EXPECT_EQ(users(), all);
}

TEST_F(Neighbours, TwoInvokersShareNoRange) {
  SandboxConfig config = test_config();
  config.uid_base = config_.uid_base;
  config.uid_end = config_.uid_end;
  const auto other = make_factory(config);
  ASSERT_NE(other, nullptr);
  const auto c = other->create(spec_of("blackbox"));
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(users().size(), 3U);
}

TEST_F(Neighbours, InotifyInstances) {
  if (host_limit("fs/inotify/max_user_instances") > 900) {
    GTEST_SKIP() << "the limit is more than one process can have descriptors";
  }
  expect_own_share("inotify", "EMFILE");
  EXPECT_EQ(host_root_fails_at(Probe::kInotify), 0);
}

TEST_F(Neighbours, DescriptorsUnderWayInSockets) {
  expect_own_share("in_flight", "ETOOMANYREFS");
  EXPECT_EQ(host_root_fails_at(Probe::kDescriptorsUnderWay), 0);
}

TEST_F(Neighbours, PagesOfPipes) {
  if (host_limit("fs/pipe-user-pages-soft") == 0 || host_limit("fs/pipe-user-pages-soft") > 65'536)
    GTEST_SKIP() << "this host does not limit the pages of pipes";
  if (host_root_fails_at(Probe::kPipePages) != 0)
    GTEST_SKIP() << "others on this host have used up the pages of pipes of its root already";
  expect_own_share("pipe", "EPERM");
  EXPECT_EQ(host_root_fails_at(Probe::kPipePages), 0);
  // The pipes that the invoker made for its output are the sandbox's too.
  EXPECT_EQ(evaluate(*a_, "take(grow_output, 2)"), R"([0,"EPERM"])");
}

TEST_F(Neighbours, MessageQueues) {
  if (evaluate(*b_, "call(241, b'none')") == R"("ENOSYS")") {
    GTEST_SKIP() << "this kernel has no message queues";
  }
  expect_own_share("queue", "EMFILE");
  EXPECT_EQ(host_root_fails_at(Probe::kQueue), 0);
}

TEST_F(Neighbours, TimersAndPendingSignals) {
  expect_own_share("timer", "EAGAIN");
  EXPECT_EQ(host_root_fails_at(Probe::kTimer), 0);
}

TEST_F(Neighbours, ProcessesAndThreads) {
  expect_own_share("thread", "EAGAIN");
  EXPECT_EQ(host_root_fails_at(Probe::kProcess), 0);
}

TEST_F(Neighbours, OneCannotReachTheProcessesOfTheOther) {
  EXPECT_EQ(evaluate(*a_, "[p for p in os.listdir('/proc') if p.isdigit()]"), R"(["1","2"])");
  EXPECT_EQ(evaluate(*a_, "[p for p in range(3, 70000) if libc.kill(p, 0) == 0]"), "[]");
  EXPECT_EQ(evaluate(*a_, "[p for p in range(3, 70000) if os.path.exists(f'/proc/{p}')]"), "[]");
  EXPECT_EQ(evaluate(*a_, "call(101, 16, 1, 0, 0)"), R"("EPERM")") << "ptrace";
  EXPECT_EQ(evaluate(*a_, "call(434, 3, 0)"), R"("ESRCH")") << "pidfd_open";
  EXPECT_EQ(evaluate(*b_, "'alive'"), R"("alive")");
}

// A directory of the host, as a volume that belongs to the inner user.
class SharedVolume : public Neighbours {
 protected:
  void SetUp() override {
    Neighbours::SetUp();
    if (IsSkipped()) return;
    char path[] = "/tmp/larder-shared-XXXXXX";
    path_ = mkdtemp(path);
    ASSERT_EQ(chown(path, 1'000, 1'000), 0);
    for (invoker::Container* container : {a_.get(), b_.get()}) {
      base::UniqueFd tree(open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
      const auto status =
          container->attach({"/data", std::move(tree), false, invoker::FileOwners::kContainer});
      if (!status.ok() && status.error().code == base::ErrorCode::kUnsupported) {
        GTEST_SKIP() << status.error().message;
      }
      ASSERT_TRUE(status.ok()) << status.error().message;
    }
  }
  void TearDown() override {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
    Neighbours::TearDown();
  }

  std::string path_;
};

TEST_F(SharedVolume, WhatOneWritesTheOtherOwns) {
  EXPECT_EQ(evaluate(*a_, "open('/data/f', 'w').write('from a')"), "6");
  EXPECT_EQ(evaluate(*a_, "os.mkdir('/data/d', 0o700)"), "null");
  for (invoker::Container* container : {a_.get(), b_.get()}) {
    for (const char* name : {"/data", "/data/f", "/data/d"}) {
      const std::string about = "os.stat('" + std::string(name) + "')";
      EXPECT_EQ(evaluate(*container, "[*" + about + "[4:6]]"), "[1000,1000]") << name;
    }
  }
  EXPECT_EQ(evaluate(*b_, "open('/data/f').read()"), R"("from a")");
  EXPECT_EQ(evaluate(*b_, "open('/data/d/g', 'w').write('from b')"), "6");
  EXPECT_EQ(evaluate(*b_, "os.unlink('/data/f')"), "null");
  EXPECT_EQ(evaluate(*a_, "os.listdir('/data')"), R"(["d"])");
  struct stat stored{};
  ASSERT_EQ(stat((path_ + "/d/g").c_str(), &stored), 0);
  EXPECT_EQ(stored.st_uid, 1'000U);
  EXPECT_EQ(stored.st_gid, 1'000U);
}

TEST_F(SharedVolume, RootsFilesCannotBeTakenAndTheirBitsDoNothing) {
  const std::string program = path_ + "/id";
  ASSERT_TRUE(fs::copy_file("/usr/bin/id", program));
  ASSERT_EQ(chmod(program.c_str(), 06755), 0);
  EXPECT_EQ(evaluate(*a_, "subprocess.check_output(['/data/id', '-u']).decode()"), R"("1000\n")");
  EXPECT_EQ(evaluate(*a_, "subprocess.check_output(['/data/id', '-g']).decode()"), R"("1000\n")");
  EXPECT_EQ(evaluate(*a_, "os.chmod('/data/id', 0o777)"), R"("EPERM")");
  EXPECT_EQ(evaluate(*a_, "os.chown('/data', 0, 0)"), R"("EPERM")");
  EXPECT_EQ(evaluate(*a_,
                     "[w in l.split()[3].split(',') for l in open('/proc/self/mounts')"
                     " if l.split()[1] == '/data' for w in ('nosuid', 'nodev')]"),
            "[true,true]");
}

TEST_F(SharedVolume, ProgramsThatOneMarksRunAsWhoeverStartsThem) {
  EXPECT_EQ(evaluate(*a_, "subprocess.call(['cp', '/usr/bin/id', '/data/own'])"), "0");
  EXPECT_EQ(evaluate(*a_, "os.chmod('/data/own', 0o6777)"), "null");
  EXPECT_EQ(evaluate(*b_, "subprocess.check_output(['/data/own', '-u']).decode()"), R"("1000\n")");
  EXPECT_EQ(users().size(), 2U);
}

}  // namespace
}  // namespace invoker_container
