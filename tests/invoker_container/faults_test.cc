// Actions that misbehave: each ends in the right outcome and leaves the sandbox removable.
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include "sandbox_fixture.h"

namespace invoker_container {
namespace {

class Faults : public SandboxTest {
 protected:
  void SetUp() override {
    if (!has_kind("python:3")) GTEST_SKIP() << "no python3 in /usr/bin";
    SandboxTest::SetUp();
  }
};

// The processes that this one has started, by name.
std::vector<pid_t> children_named(const std::string& name) {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid = 0; children >> pid;) {
      std::string command;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> command;
      if (command == name) found.push_back(pid);
    }
  }
  return found;
}

TEST_F(Faults, AWardenThatIsKilledTakesItsSandboxesAlongAndIsReplaced) {
  const auto before = create("blackbox");
  const auto wardens = children_named("larder-sandbox");
  ASSERT_EQ(wardens.size(), 1u);
  ASSERT_EQ(kill(wardens[0], SIGKILL), 0);
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(wardens[0]), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_NE(
      before->post("/run", "{}", test_clock().now() + std::chrono::seconds(5), {}, false).error,
      invoker::CallError::kNone);
  for (int i = 0; i < 3; ++i) {
    const auto after = create("blackbox");
    ASSERT_NE(after, nullptr);
    after->destroy();
  }
}

TEST_F(Faults, AWardenThatCannotBeReplacedIsTroubleUntilItCan) {
  char folder[] = "/tmp/larder-programs-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SandboxConfig config = test_config();
  const std::string copy = std::string(folder) + "/larder-sandbox";
  const std::string aside = std::string(folder) + "/aside";
  std::filesystem::copy_file(config.sandbox_program, copy);
  config.sandbox_program = copy;
  factory_.reset();
  factory_ = make_factory(config);
  ASSERT_TRUE(factory_->health().ok);

  const auto wardens = children_named("larder-sandbox");
  ASSERT_EQ(wardens.size(), 1u);
  ASSERT_EQ(kill(wardens[0], SIGKILL), 0);
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(wardens[0]), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(factory_->health().ok) << "the next one who needs it replaces it";
  std::filesystem::rename(copy, aside);
  EXPECT_FALSE(factory_->health().ok);
  EXPECT_THAT(factory_->health().last_error, ::testing::HasSubstr("larder-sandbox has ended"));
  EXPECT_FALSE(factory_->create(spec_of("blackbox")).ok());
  EXPECT_THAT(factory_->health().last_error, ::testing::HasSubstr("starting " + copy));
  std::filesystem::rename(aside, copy);
  EXPECT_NE(create("blackbox"), nullptr);
  EXPECT_TRUE(factory_->health().ok);
  EXPECT_NE(factory_->health().last_error, "");
  factory_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(Faults, GroupsThatSomebodyTidiedAwayAreMissedAndMadeAgain) {
  SandboxConfig config = test_config();
  config.instance = "tidied" + std::to_string(getpid());
  config.state_directory += "-tidied";
  auto factory = make_factory(config);
  ASSERT_NE(factory, nullptr);
  ASSERT_TRUE(factory->health().ok);
  int removed = 0;
  std::ifstream groups(config.state_directory + "/cgroups");
  for (std::string path; std::getline(groups, path);) removed += rmdir(path.c_str()) == 0 ? 1 : 0;
  ASSERT_GT(removed, 0);
  EXPECT_FALSE(factory->health().ok);
  EXPECT_THAT(factory->health().last_error, ::testing::HasSubstr("larder-" + config.instance));
  auto container = factory->create(spec_of("blackbox"));
  ASSERT_TRUE(container.ok()) << container.error().message;
  EXPECT_TRUE(factory->health().ok);
}

TEST_F(Faults, AForkBombEndsAtTheLimitOfProcesses) {
  const auto container = python(
      "import os, time\n"
      "def main(a):\n"
      "  n = 0\n"
      "  try:\n"
      "    while n < 5000:\n"
      "      if os.fork() == 0:\n"
      "        time.sleep(1000)\n"
      "      n += 1\n"
      "  except OSError as e:\n"
      "    return {'errno': e.errno, 'below': n < 1100}\n"
      "  return {'n': n}\n",
      1024);
  EXPECT_EQ(run(*container).body, R"({"errno":11,"below":true})");
  container->destroy();
}

TEST_F(Faults, AFullDiskIsAnErrorOfTheActionAlone) {
  const auto container = python(
      "import errno\n"
      "import os\n"
      "def main(a):\n"
      "  if 'free' in a:\n"
      "    os.unlink(a['path'])\n"
      "    return {'free': 1}\n"
      "  try:\n"
      "    with open(a['path'], 'wb') as f:\n"
      "      for i in range(4096):\n"
      "        f.write(b'x' * (1 << 20))\n"
      "        f.flush()\n"
      "  except OSError as e:\n"
      "    return {'error_name': errno.errorcode[e.errno]}\n"
      "  return {}\n");
  for (const char* path : {"/tmp/x", "/action/x", "/dev/full"}) {
    const auto outcome = run(*container, std::string(R"({"path":")") + path + R"("})");
    EXPECT_EQ(outcome.body, R"({"error_name":"ENOSPC"})") << path;
    if (std::string_view(path) == "/tmp/x") {
      EXPECT_EQ(run(*container, R"({"path":"/tmp/x","free":true})").body, R"({"free":1})");
    }
  }
}

TEST_F(Faults, AFloodOfOutputNeitherBlocksTheActionNorFillsTheInvoker) {
  const auto container = python(
      "import sys\n"
      "def main(a):\n"
      "  for i in range(600):\n"
      "    sys.stdout.write(('x' * 1023 + '\\n') * 512)\n"
      "  return {'done': 1}\n");
  EXPECT_EQ(run(*container).body, R"({"done":1})");
  const auto logs = container->logs({});
  EXPECT_TRUE(logs.truncated);
  EXPECT_GT(logs.lines.size(), 9'000U);
}

TEST_F(Faults, ACrashOfTheInterpreterBreaksTheConnection) {
  const auto container = python("import ctypes\ndef main(a):\n  ctypes.string_at(0)\n");
  EXPECT_EQ(run(*container).error, invoker::CallError::kConnectionLost);
  EXPECT_FALSE(container->memory_exhausted());
  EXPECT_NE(run(*container).error, invoker::CallError::kNone);
}

TEST_F(Faults, AnActionThatEndedBetweenTwoRunsRefusesTheSecond) {
  const auto container = create("blackbox");
  ASSERT_EQ(initialize(*container, loop_script("echo '{}' >&3; exit 0")).status, 200);
  ASSERT_EQ(run(*container).status, 200);
  auto error = invoker::CallError::kNone;
  for (int i = 0; i < 1'000 && error != invoker::CallError::kConnectionRefused; ++i) {
    error = run(*container).error;
  }
  EXPECT_EQ(error, invoker::CallError::kConnectionRefused);
}

TEST_F(Faults, ALeftOverChildProcessDoesNotHoldUpTheAnswer) {
  const auto container = python(
      "import subprocess\n"
      "def main(a):\n"
      "  subprocess.Popen(['sleep', '1000'])\n"
      "  return {}\n");
  EXPECT_EQ(run(*container).body, "{}");
  EXPECT_EQ(run(*container).body, "{}");
}

TEST_F(Faults, TheMemoryOfTheDiskCountsAsMemory) {
  const auto container = python(
      "def main(a):\n"
      "  for place in ('/tmp/x', '/dev/shm/x', '/action/x'):\n"
      "    with open(place, 'wb') as f:\n"
      "      f.write(b'x' * (60 << 20))\n"
      "  return {}\n",
      128);
  EXPECT_EQ(run(*container).error, invoker::CallError::kConnectionLost);
  EXPECT_TRUE(container->memory_exhausted());
}

TEST_F(Faults, AnArchiveThatIsTooLargeUnpackedFailsAtInit) {
  const auto container = create("python:3", 64);
  const auto outcome = initialize(*container, std::string(40 << 20, '#'));
  EXPECT_NE(outcome.status, 200);
}

}  // namespace
}  // namespace invoker_container
