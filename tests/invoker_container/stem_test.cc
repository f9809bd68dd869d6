// Interpreters that are forked: nothing tells an action that it runs in one.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "sandbox_fixture.h"

namespace invoker_container {
namespace {

namespace fs = std::filesystem;

class Stem : public SandboxTest {
 protected:
  void SetUp() override {
    if (!has_kind("python:3")) GTEST_SKIP() << "no python3 in /usr/bin";
    SandboxTest::SetUp();
  }

  // What `code` gives in a sandbox of `factory`.
  static std::string answer_of(SandboxFactory& factory, const std::string& code) {
    const auto container = factory.create(spec_of("python:3"));
    if (!container.ok()) return container.error().message;
    const auto init = initialize(**container, code);
    if (init.status != 200) return init.body;
    return run(**container).body;
  }
  static std::unique_ptr<SandboxFactory> plain_factory() {
    SandboxConfig config = test_config();
    config.stem_library.clear();
    return make_factory(config);
  }
};

constexpr const char* kIsFork = R"(
def main(a):
    with open('/proc/self/cmdline') as file:
        return {'fork': 'larder_stem' in file.read()}
)";
const std::string kYes = R"({"fork":true})";
const std::string kNo = R"({"fork":false})";

TEST_F(Stem, EachInterpreterIsAForkOfOneThatIsKept) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answer_of(*factory_, kIsFork), kYes);
}

TEST_F(Stem, TheFirstOfAKindMayStartItsOwn) {
  SandboxConfig config = test_config();
  config.stem_after = 1;
  const auto factory = make_factory(config);
  EXPECT_EQ(answer_of(*factory, kIsFork), kNo);
  EXPECT_EQ(answer_of(*factory, kIsFork), kYes);
}

TEST_F(Stem, WithoutTheLibraryEachStartsItsOwn) {
  SandboxConfig config = test_config();
  config.stem_library = "/nowhere/larder-stem.so";
  EXPECT_EQ(answer_of(*make_factory(config), kIsFork), kNo);
}

TEST_F(Stem, WithALibraryThatIsNoneEachStartsItsOwn) {
  SandboxConfig config = test_config();
  config.stem_library = "/etc/hostname";
  const auto factory = make_factory(config);
  EXPECT_EQ(answer_of(*factory, kIsFork), kNo);
  EXPECT_EQ(answer_of(*factory, kIsFork), kNo);
}

// All that a process has from who made it.
constexpr const char* kProbe = R"(
import os, resource, signal, sys
def status():
    names = ('Umask', 'Uid', 'Gid', 'Groups', 'SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt', 'CapInh', 'CapPrm',
             'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp', 'Seccomp_filters', 'Threads', 'NSpid', 'TracerPid',
             'CoreDumping', 'NSsid', 'NSpgid', 'PPid')
    with open('/proc/self/status') as file:
        return {line.split(':')[0]: line.split(':')[1].split() for line in file if line.split(':')[0] in names}
def mode(fd):
    import fcntl, stat
    return [stat.S_IFMT(os.fstat(fd).st_mode), fcntl.fcntl(fd, fcntl.F_GETFL), fcntl.fcntl(fd, fcntl.F_GETFD)]
def main(a):
    return {
        'status': status(),
        'environment': dict(os.environ), 'native environment': open('/proc/self/environ').read() and 'readable',
        'argv': sys.argv, 'path': sys.path, 'flags': str(sys.flags), 'executable': sys.executable,
        'exe': os.stat('/proc/self/exe').st_ino, 'cwd': os.getcwd(), 'root': sorted(os.listdir('/')),
        'main': sorted(sys.modules['__main__'].__dict__), 'module': __name__,
        'encodings': [sys.stdout.encoding, sys.stderr.encoding, sys.getfilesystemencoding()],
        'errors': [sys.stdout.errors, sys.stderr.errors], 'buffered': [sys.stdout.line_buffering, sys.stderr.line_buffering],
        'handlers': [str(signal.getsignal(n)) for n in range(1, 32)],
        'limits': [resource.getrlimit(n) for n in range(16)],
        'fds': sorted(int(n) for n in os.listdir('/proc/self/fd')), 'modes': [mode(n) for n in (0, 1, 2, 3)],
        'owner': [os.stat('/proc/self/status').st_uid, os.stat('/proc/self').st_uid],
        'groups': os.getgroups(), 'nice': os.nice(0), 'scheduler': os.sched_getscheduler(0),
        'namespaces': len({os.readlink('/proc/self/ns/' + n) for n in os.listdir('/proc/self/ns')}),
        'writable bytecode': sys.dont_write_bytecode, 'oom': open('/proc/self/oom_score_adj').read(),
        'parents': open('/proc/1/comm').read(), 'name': open('/proc/self/comm').read(),
        'children': sorted(n for n in os.listdir('/proc') if n.isdigit()),
    }
)";

TEST_F(Stem, AnActionFindsWhatItFindsInAnInterpreterOfItsOwn) {
  const auto plain = plain_factory();
  const auto forked = base::Json::parse(answer_of(*factory_, kProbe));
  const auto own = base::Json::parse(answer_of(*plain, kProbe));
  ASSERT_TRUE(forked.ok() && own.ok());
  ASSERT_NE(own->find("status"), nullptr) << own->to_string();
  for (const auto& [key, value] : own->members()) {
    const base::Json* other = forked->find(key);
    ASSERT_NE(other, nullptr) << key << ": " << forked->to_string();
    EXPECT_EQ(other->to_string(), value.to_string()) << key;
  }
}

TEST_F(Stem, ItsEndIsThatOfAnInterpreterOfItsOwn) {
  const auto plain = plain_factory();
  for (const char* body : {"sys.exit(3)", "sys.exit('told')", "os._exit(0)", "sys.exit()",
                           "raise KeyboardInterrupt()", "os.kill(os.getpid(), 9)"}) {
    const std::string code = std::string("import os, sys\ndef main(a):\n  ") + body + "\n";
    for (SandboxFactory* factory : {plain.get(), factory_.get()}) {
      auto container = factory->create(spec_of("python:3"));
      ASSERT_TRUE(container.ok());
      ASSERT_EQ(initialize(**container, code).status, 200);
      EXPECT_EQ(run(**container).error, invoker::CallError::kConnectionLost) << body;
    }
  }
}

TEST_F(Stem, WhatIsPrintedAtTheEndComesOut) {
  const auto container = python(
      "import atexit, sys\n"
      "def main(a):\n"
      "  atexit.register(lambda: print('at exit'))\n"
      "  print('before', end=' ')\n"
      "  sys.exit('last words')\n");
  run(*container);
  std::set<std::string> lines;
  for (const auto& line : container->logs({.wait_for_sentinels = false}).lines) {
    lines.insert(line.text);
  }
  EXPECT_EQ(lines, (std::set<std::string>{"before at exit", "last words"}));
}

TEST_F(Stem, ForksDrawDifferentNumbers) {
  const std::string code =
      "import os, random, uuid\n"
      "def main(a):\n"
      "  return {'n': [random.random(), os.urandom(8).hex(), str(uuid.uuid4())]}\n";
  EXPECT_NE(answer_of(*factory_, code), answer_of(*factory_, code));
}

TEST_F(Stem, WhatOneActionImportsOrChangesTheNextDoesNotFind) {
  EXPECT_EQ(answer_of(*factory_,
                      "import builtins, json, sys\n"
                      "def main(a):\n"
                      "  builtins.mine = 1\n"
                      "  json.mine = 1\n"
                      "  sys.path.append('/mine')\n"
                      "  return {}\n"),
            "{}");
  EXPECT_EQ(
      answer_of(*factory_,
                "import builtins, json, sys\n"
                "def main(a):\n"
                "  return {'clean': not hasattr(builtins, 'mine') and not hasattr(json, 'mine')\n"
                "                   and '/mine' not in sys.path}\n"),
      R"({"clean":true})");
}

// The processes that this one has started and that have `word` in their command line.
std::vector<pid_t> children_with(const std::string& word) {
  std::vector<pid_t> found;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid = 0; children >> pid;) {
      std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
      const std::string line((std::istreambuf_iterator<char>(file)), {});
      if (line.find(word) != std::string::npos) found.push_back(pid);
    }
  }
  return found;
}

TEST_F(Stem, OneThatIsKilledTakesItsSandboxesAlongAndIsReplaced) {
  const auto before = python("def main(a): return {}\n");
  const auto stems = children_with("larder_stem");
  ASSERT_EQ(stems.size(), 1u);
  ASSERT_EQ(kill(stems[0], SIGKILL), 0);
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(stems[0]), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_NE(run(*before).error, invoker::CallError::kNone);
  EXPECT_EQ(answer_of(*factory_, kIsFork), kYes);
}

TEST_F(Stem, ManyComeAndGo) {
  for (int i = 0; i < 100; ++i) ASSERT_EQ(answer_of(*factory_, kIsFork), kYes);
  const auto stems = children_with("larder_stem");
  ASSERT_EQ(stems.size(), 1u);
  std::ifstream children("/proc/" + std::to_string(stems[0]) + "/task/" + std::to_string(stems[0]) +
                         "/children");
  pid_t left = 0;
  EXPECT_FALSE(children >> left) << left;
  const fs::directory_iterator fds("/proc/" + std::to_string(stems[0]) + "/fd");
  EXPECT_LT(std::distance(begin(fds), end(fds)), 20);
}

}  // namespace
}  // namespace invoker_container
