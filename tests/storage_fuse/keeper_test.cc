// The daemon and the keeper as processes, and what users see when they die.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <iostream>
#include <random>
#include <thread>

#include "fixture.h"

namespace storage_fuse {
namespace {

using base::UniqueFd;

// Processes of fuse_mirror for `directory`, by their first argument.
std::vector<pid_t> processes(const std::string& kind, const std::string& directory) {
  std::vector<pid_t> found;
  const std::string wanted = std::string(1, '\0') + kind + '\0' + directory + '\0';
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string line = content_of(Path("/proc") / name / "cmdline");
    if (line.find(wanted) != std::string::npos) found.push_back(std::stoi(name));
  }
  ::closedir(proc);
  return found;
}

class KeeperTest : public FuseTest {
 protected:
  void SetUp() override {
    FuseTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) start({});
  }
  void TearDown() override {
    if (HasFailure()) std::cout << content_of(directory_ / "log");
    ::umount2(at().c_str(), MNT_DETACH);
    if (keeper_ != nullptr) {
      // A keeper takes its daemon along.
      EXPECT_TRUE(eventually([this] {
        const auto keepers = processes("keep", back());
        for (const pid_t pid : keepers) ::kill(pid, SIGQUIT);
        return keepers.empty() && processes("serve", back()).empty();
      }));
      keeper_.reset();
    }
    FuseTest::TearDown();
  }

  void start(const std::vector<std::string>& options) {
    keeper_ = std::make_unique<Child>([&] {
      std::vector<std::string> arguments{
          MIRROR_PROGRAM,         "keep",        back(), "--at", at(), "--journal",
          directory_ / "journal", "--pause-max", "5"};
      arguments.insert(arguments.end(), options.begin(), options.end());
      std::vector<char*> pointers;
      for (auto& argument : arguments) pointers.push_back(argument.data());
      pointers.push_back(nullptr);
      // The daemon and a keeper that it starts must not hold the test's output open.
      const int out = ::open((directory_ / "log").c_str(), O_CREAT | O_RDWR | O_APPEND, 0644);
      for (const int fd : {0, 1, 2}) ::dup2(out, fd);
      ::execv(MIRROR_PROGRAM, pointers.data());
      return 127;
    });
    ASSERT_TRUE(eventually([this] {
      struct stat here{}, above{};
      return ::stat(at().c_str(), &here) == 0 && ::stat(directory_.c_str(), &above) == 0 &&
             here.st_dev != above.st_dev;
    }));
  }
  pid_t daemon() const {
    const auto found = processes("serve", back());
    return found.empty() ? 0 : found.front();
  }
  // The daemon is another one than `before`.
  bool restarted(pid_t before) const {
    return eventually([&] {
      const pid_t now = daemon();
      return now != 0 && now != before;
    });
  }

  std::unique_ptr<Child> keeper_;
};

TEST_F(KeeperTest, UsersNoticeNothingOfADaemonThatIsKilled) {
  UniqueFd open(::open((at() / "open").c_str(), O_CREAT | O_RDWR, 0644));
  ASSERT_EQ(::write(open.get(), "before", 6), 6);
  const pid_t before = daemon();
  ASSERT_GT(before, 0);
  ::kill(before, SIGKILL);
  ASSERT_EQ(::write(open.get(), " after", 6), 6);
  put(at() / "new", "content");
  EXPECT_EQ(content_of(at() / "open"), "before after");
  EXPECT_EQ(content_of(back() / "new"), "content");
  EXPECT_EQ(::close(open.release()), 0);
  EXPECT_NE(daemon(), before);
}

// What one worker does over and over, in a directory of its own. Every error counts.
int work(const Path& directory, const std::stop_token& stop) {
  int errors = 0;
  const auto check = [&](bool ok) { errors += ok ? 0 : 1; };
  for (int i = 0; !stop.stop_requested(); ++i) {
    const std::string content = "content " + std::to_string(i);
    const Path file = directory / ("file" + std::to_string(i % 20)), moved = directory / "moved";
    const UniqueFd fd(::open(file.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0644));
    check(fd.valid());
    check(::write(fd.get(), content.data(), content.size()) ==
          static_cast<ssize_t>(content.size()));
    check(content_of(file) == content);
    check(::rename(file.c_str(), moved.c_str()) == 0);
    check(content_of(moved) == content);
    check(::mkdir((directory / "sub").c_str(), 0755) == 0);
    check(::link(moved.c_str(), (directory / "sub/link").c_str()) == 0);
    check(::unlink((directory / "sub/link").c_str()) == 0);
    check(::rmdir((directory / "sub").c_str()) == 0);
    check(::unlink(moved.c_str()) == 0);
    char bytes[64];
    check(::pread(fd.get(), bytes, sizeof bytes, 0) == static_cast<ssize_t>(content.size()));
    struct stat stat{};
    check(::fstat(fd.get(), &stat) == 0 && stat.st_nlink == 0);
  }
  return errors;
}

TEST_F(KeeperTest, ADaemonKilledUnderLoadAtRandomPointsLosesNothing) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::atomic<int> errors{0};
  std::vector<std::jthread> workers;
  for (int i = 0; i < 3; ++i) {
    const Path directory = at() / ("worker" + std::to_string(i));
    std::filesystem::create_directory(directory);
    workers.emplace_back(
        [&errors, directory](const std::stop_token& stop) { errors += work(directory, stop); });
  }
  for (int kill = 0; kill < 30; ++kill) {
    const pid_t before = daemon();
    EXPECT_GT(before, 0) << kill;
    if (before == 0) break;
    const auto pause = std::chrono::microseconds(random() % 20'000);
    const auto end = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ::kill(before, SIGKILL);
    EXPECT_TRUE(restarted(before)) << kill;
  }
  workers.clear();
  EXPECT_EQ(errors, 0);
  put(at() / "afterwards", "content");
  EXPECT_EQ(content_of(at() / "afterwards"), "content");
}

TEST_F(KeeperTest, AParkedReadOutlivesItsDaemon) {
  put(at() / "growing", "");
  ASSERT_EQ(::setxattr((at() / "growing").c_str(), "user.writing", "", 0, 0), 0);
  Child reader([this] { return static_cast<int>(content_of(at() / "growing").size()); });
  const std::string syscall = "/proc/" + std::to_string(reader.pid()) + "/syscall";
  ASSERT_TRUE(eventually([&] { return content_of(syscall).starts_with("0 "); }));  // read(2)
  const pid_t before = daemon();
  ::kill(before, SIGKILL);
  ASSERT_TRUE(restarted(before));
  const UniqueFd writer(::open((at() / "growing").c_str(), O_WRONLY));
  ASSERT_EQ(::write(writer.get(), "grown", 5), 5);
  ASSERT_EQ(::removexattr((at() / "growing").c_str(), "user.writing"), 0);
  EXPECT_EQ(WEXITSTATUS(reader.wait()), 5);
}

TEST_F(KeeperTest, AParkedReadCanBeKilledUnderTheNextDaemon) {
  put(at() / "growing", "");
  ASSERT_EQ(::setxattr((at() / "growing").c_str(), "user.writing", "", 0, 0), 0);
  Child reader([this] { return static_cast<int>(content_of(at() / "growing").size()); });
  const std::string syscall = "/proc/" + std::to_string(reader.pid()) + "/syscall";
  ASSERT_TRUE(eventually([&] { return content_of(syscall).starts_with("0 "); }));
  const pid_t before = daemon();
  ::kill(before, SIGKILL);
  ::kill(reader.pid(), SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(reader.wait()));
}

TEST_F(KeeperTest, AKeeperThatIsKilledIsReplacedAndKeepsTheSameMount) {
  put(at() / "file", "content");
  const UniqueFd open(::open((at() / "file").c_str(), O_RDONLY));
  for (int i = 0; i < 3; ++i) {
    const pid_t served_by = daemon();
    const auto keepers = processes("keep", back());
    ASSERT_EQ(keepers.size(), 1U);
    ::kill(keepers.front(), SIGKILL);
    if (i == 0) keeper_->wait();
    ASSERT_TRUE(eventually([&] {
      const auto now = processes("keep", back());
      return now.size() == 1 && now.front() != keepers.front();
    }));
    EXPECT_EQ(daemon(), served_by);
    // The new one does its work. It must have taken over before the daemon may die.
    const Path fds = "/proc/" + std::to_string(processes("keep", back()).front()) + "/fd";
    ASSERT_TRUE(eventually([&] {
      std::error_code error;
      int held = 0;
      for (int fd = 0; fd < 64; ++fd) {
        const auto target = std::filesystem::read_symlink(fds / std::to_string(fd), error).string();
        held += target == "/dev/fuse" || target.find("pidfd") != std::string::npos ? 1 : 0;
      }
      return held == 2;
    }));
    ::kill(served_by, SIGKILL);
    ASSERT_TRUE(restarted(served_by));
    EXPECT_EQ(content_of(at() / "file"), "content");
  }
}

TEST_F(KeeperTest, EndsWithItsDaemonWhenItIsAskedTo) {
  const pid_t served_by = daemon();
  ::kill(keeper_->pid(), SIGTERM);
  EXPECT_EQ(keeper_->wait(), 0);
  EXPECT_TRUE(eventually([&] { return processes("serve", back()).empty(); }));
  EXPECT_NE(::kill(served_by, 0), 0);
  struct stat stat{};
  EXPECT_NE(::stat((at() / "file").c_str(), &stat), 0);
  EXPECT_EQ(errno, ENOTCONN);
}

TEST_F(KeeperTest, EndsWhenTheMountIsUnmounted) {
  ASSERT_EQ(::umount2(at().c_str(), 0), 0);
  EXPECT_EQ(keeper_->wait(), 0);
  EXPECT_TRUE(eventually([&] { return processes("serve", back()).empty(); }));
}

TEST_F(KeeperTest, AbortsAtOnceWhateverWaits) {
  put(at() / "growing", "");
  ASSERT_EQ(::setxattr((at() / "growing").c_str(), "user.writing", "", 0, 0), 0);
  Child reader([this] {
    const int fd = ::open((at() / "growing").c_str(), O_RDONLY);
    char byte = 0;
    return ::read(fd, &byte, 1) < 0 ? errno : 0;
  });
  const std::string syscall = "/proc/" + std::to_string(reader.pid()) + "/syscall";
  ASSERT_TRUE(eventually([&] { return content_of(syscall).starts_with("0 "); }));
  ::kill(keeper_->pid(), SIGQUIT);
  EXPECT_EQ(keeper_->wait(), 0);
  EXPECT_EQ(WEXITSTATUS(reader.wait()), ECONNABORTED);
}

TEST_F(KeeperTest, ADaemonThatIsAskedToGoIsReplacedByAnother) {
  const pid_t before = daemon();
  ::kill(before, SIGTERM);
  ASSERT_TRUE(restarted(before));
  put(at() / "file", "content");
  EXPECT_EQ(content_of(at() / "file"), "content");
}

// Runs the whole POSIX suite over the mount.
int posix_suite(const Path& directory, const std::vector<std::string>& known, std::string& output) {
  std::string command = std::string(POSIX_PROGRAM) + " " + directory.string();
  for (const auto& one : known) command += " --known '" + one + "'";
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");  // NOLINT(cert-env33-c): of our own
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) output += line;
  return ::pclose(pipe);
}

TEST_F(KeeperTest, ThePosixSuitePassesOverPassthrough) {
  std::string output;
  // A write in the kernel tells nobody: bits that are set while a file is open for writing stay.
  EXPECT_EQ(posix_suite(at(),
                        {"set-id bits: are cleared by a write through a descriptor that was open "
                         "before they were set"},
                        output),
            0)
      << output;
}

TEST_F(KeeperTest, ThePosixSuitePassesWithoutPassthrough) {
  TearDown();
  FuseTest::SetUp();
  start({"--no-passthrough"});
  std::string output;
  EXPECT_EQ(posix_suite(at(), {}, output), 0) << output;
}

class CloneTest : public MirrorTest {};

TEST_F(CloneTest, ADirectoryOfAMountThatIsNowhereIsClonedAndMountedElsewhere) {
  auto mounted = make_mount({"mirror", {}});
  ASSERT_TRUE(mounted.ok()) << mounted.error().message;
  mount_ = std::move(*mounted);
  std::filesystem::create_directories(back() / "a17/inside");
  auto opened = mirror::Mirror::open({back(), directory_ / "journal", true});
  ASSERT_TRUE(opened.ok());
  mirror_ = std::move(*opened);
  auto session = Session::start(mount_.device.get(), mount_.state.get(), *mirror_, {}, log());
  ASSERT_TRUE(session.ok());
  session_ = std::move(*session);
  EXPECT_EQ(clone_directory(mount_.tree.get(), "none", false).error().code,
            base::ErrorCode::kNotFound);
  auto clone = clone_directory(mount_.tree.get(), "a17", false);
  if (!clone.ok() && clone.error().code == base::ErrorCode::kUnsupported) {
    GTEST_SKIP() << clone.error().message;
  }
  ASSERT_TRUE(clone.ok()) << clone.error().message;
  ASSERT_EQ(::move_mount(clone->get(), "", AT_FDCWD, at().c_str(), MOVE_MOUNT_F_EMPTY_PATH), 0);
  put(at() / "inside/file", "content");
  EXPECT_EQ(content_of(back() / "a17/inside/file"), "content");
  auto read_only = clone_directory(mount_.tree.get(), "a17/inside", true);
  ASSERT_TRUE(read_only.ok());
  const UniqueFd fd(::openat(read_only->get(), "new", O_CREAT | O_WRONLY, 0644));
  EXPECT_FALSE(fd.valid());
  EXPECT_EQ(errno, EROFS);
  read_only->reset();
  clone->reset();
  mount_.tree.reset();
  ASSERT_EQ(::umount2(at().c_str(), 0), 0);
  EXPECT_TRUE(session_->wait_ended(std::chrono::seconds(30)));
}

}  // namespace
}  // namespace storage_fuse
