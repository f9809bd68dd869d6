// Nothing is left: not by destroy(), not by the factory, not by a process that was killed.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "sandbox_fixture.h"
#include "testing/eventually.h"

namespace invoker_container {
namespace {

namespace fs = std::filesystem;

std::size_t count_entries(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

std::size_t count_lines(const std::string& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) ++count;
  return count;
}

// Processes that belong to the user range of `config`.
std::size_t count_processes(const SandboxConfig& config) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("Uid:")) continue;
      const std::int64_t uid = std::atoll(line.c_str() + 4);
      if (uid >= config.uid_base && uid < config.uid_end) ++count;
    }
  }
  return count;
}

std::size_t count_cgroups(const std::string& instance) {
  std::size_t count = 0;
  const auto options = fs::directory_options::skip_permission_denied;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it("/sys/fs/cgroup", options, ignored), end; it != end;
       it.increment(ignored)) {
    if (it->path().filename().string().starts_with("larder-" + instance)) ++count;
  }
  return count;
}

class Leaks : public SandboxTest {
 protected:
  // Ids of its own, so that sandboxes of other tests that run beside this one do not count.
  static SandboxConfig own_config() {
    SandboxConfig config = test_config();
    config.uid_base = 0x1000'0000 + std::int64_t{getpid() % 64} * 0x100'0000;
    config.uid_end = config.uid_base + 0x100'0000;
    return config;
  }
};

TEST_F(Leaks, AHundredContainersComeAndGoWithoutATrace) {
  const SandboxConfig config = own_config();
  const auto factory = make_factory(config);
  ASSERT_TRUE(factory->create(spec_of("blackbox")).ok());  // whatever is made once
  const std::size_t fds = count_entries("/proc/self/fd");
  const std::size_t threads = count_entries("/proc/self/task");
  const std::size_t mounts = count_lines("/proc/self/mountinfo");
  const std::size_t cgroups = count_cgroups(config.instance);
  for (int i = 0; i < 100; ++i) {
    auto container = factory->create(spec_of("blackbox"));
    ASSERT_TRUE(container.ok()) << container.error().message;
    if (i % 10 == 0) {
      ASSERT_EQ(initialize(**container, loop_script("echo '{}' >&3")).status, 200);
      ASSERT_EQ(run(**container).status, 200);
      ASSERT_TRUE((*container)->pause().ok());
    }
  }
  EXPECT_EQ(count_entries("/proc/self/fd"), fds);
  EXPECT_EQ(count_entries("/proc/self/task"), threads);
  EXPECT_EQ(count_lines("/proc/self/mountinfo"), mounts);
  EXPECT_EQ(count_cgroups(config.instance), cgroups);
  EXPECT_EQ(count_processes(config), 0U);
  EXPECT_EQ(count_entries(config.state_directory), 2U);  // lock and list of cgroups
}

TEST_F(Leaks, TheFactoryTakesEverythingAlong) {
  const SandboxConfig config = own_config();
  {
    const auto factory = make_factory(config);
    const auto container = factory->create(spec_of("blackbox"));
    ASSERT_TRUE(container.ok());
    EXPECT_GT(count_cgroups(config.instance), 0U);
    EXPECT_EQ(count_processes(config), 1U);
  }
  EXPECT_EQ(count_cgroups(config.instance), 0U);
  EXPECT_EQ(count_processes(config), 0U);
  EXPECT_FALSE(fs::exists(config.state_directory));
}

TEST_F(Leaks, TwoInvokersCannotShareAStateDirectory) {
  const SandboxConfig config = own_config();
  const auto first = make_factory(config);
  const auto second = SandboxFactory::create(config, test_clock());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::ErrorCode::kAlreadyExists);
}

// Makes containers, one of them paused, says so, and waits to be killed.
[[noreturn]] void live_until_killed(const SandboxConfig& config, int ready) {
  auto factory = SandboxFactory::create(config, test_clock());
  if (!factory.ok()) _exit(1);
  std::vector<std::unique_ptr<invoker::Container>> containers;
  for (int i = 0; i < 3; ++i) {
    auto container = (*factory)->create(spec_of("blackbox"));
    if (!container.ok()) _exit(2);
    containers.push_back(std::move(*container));
  }
  if (has_kind("python:3")) {  // two processes, the interpreter forked from one that is kept
    auto container = (*factory)->create(spec_of("python:3"));
    if (!container.ok()) _exit(5);
    containers.push_back(std::move(*container));
  }
  if (!containers.front()->pause().ok()) _exit(3);
  if (write(ready, "x", 1) != 1) _exit(4);
  for (;;) pause();
}

class Killed : public Leaks {
 protected:
  // A process with three sandboxes, which is then killed by `signal`.
  void kill_an_invoker(const SandboxConfig& config) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    factory_.reset();  // its threads would not come along
    const pid_t pid = fork();
    if (pid == 0) live_until_killed(config, ends[1]);
    close(ends[1]);
    char byte = 0;
    ASSERT_EQ(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    EXPECT_EQ(count_processes(config), has_kind("python:3") ? 5U : 3U);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
};

TEST_F(Killed, AnInvokerThatIsKilledLeavesNothing) {
  const SandboxConfig config = own_config();
  kill_an_invoker(config);
  EXPECT_TRUE(testing_support::eventually([&] { return count_processes(config) == 0; }));
  EXPECT_TRUE(testing_support::eventually([&] { return count_cgroups(config.instance) == 0; }));
  fs::remove_all(config.state_directory);
}

// The pids of the processes that make sandboxes for `parent`.
std::set<pid_t> wardens_of(pid_t parent) {
  std::set<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    pid_t pid = 0;
    std::string name, state;
    pid_t ppid = 0;
    const bool read = static_cast<bool>(file >> pid >> name >> state >> ppid);
    const bool is_warden = name == "(larder-sandbox)" || name == "(python3)";
    if (read && is_warden && ppid == parent) pids.insert(pid);
  }
  return pids;
}

TEST_F(Killed, WhatOutlivesBothIsRemovedAtTheNextStart) {
  const SandboxConfig config = own_config();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  factory_.reset();
  const pid_t pid = fork();
  if (pid == 0) live_until_killed(config, ends[1]);
  close(ends[1]);
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  close(ends[0]);
  const auto wardens = wardens_of(pid);
  ASSERT_EQ(wardens.size(), has_kind("python:3") ? 2U : 1U);
  kill(pid, SIGSTOP);  // so that it cannot react to what follows
  for (const pid_t warden : wardens) kill(warden, SIGKILL);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_GT(count_cgroups(config.instance), 0U);
  {
    const auto factory = make_factory(config);
    EXPECT_TRUE(testing_support::eventually([&] { return count_processes(config) == 0; }));
    ASSERT_TRUE(factory->create(spec_of("blackbox")).ok());
  }
  EXPECT_EQ(count_cgroups(config.instance), 0U);
}

}  // namespace
}  // namespace invoker_container
