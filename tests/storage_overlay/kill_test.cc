// A program works in an attempt while its daemon is killed again and again, at any moment: it gets
// the same answers as in a directory of the machine's own file system, and the same files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "base/unique_fd.h"
#include "testing/eventually.h"

namespace storage_attempts {
namespace {

using namespace std::chrono_literals;
using Path = std::filesystem::path;
using Clock = std::chrono::steady_clock;
using testing_support::eventually;

// The keeper and its daemon, over a mount at DIRECTORY/at.
class Keeper {
 public:
  explicit Keeper(const Path& directory) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const std::string at = directory / "at";
    ::execl(ATTEMPTS_DAEMON, ATTEMPTS_DAEMON, "keep", (directory / "data").c_str(), "--at",
            at.c_str(), nullptr);
    ::_exit(127);
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t daemon() const {
    const std::string self = std::to_string(pid_);
    std::ifstream children("/proc/" + self + "/task/" + self + "/children");
    pid_t pid = 0;
    children >> pid;
    return pid;
  }
  void kill_daemon() const {
    if (const pid_t pid = daemon(); pid > 0) ::kill(pid, SIGKILL);
  }

 private:
  pid_t pid_ = 0;
};

struct File {
  base::UniqueFd mine, real;
};

class KillTest : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/fuse";
    std::string name = std::filesystem::temp_directory_path() / "larder-kill-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    for (const char* part : {"data", "at", "real"})
      std::filesystem::create_directory(directory_ / part);
    keeper_ = std::make_unique<Keeper>(directory_);
    mine_ = directory_ / "at" / "a1" / "directory";
    real_ = directory_ / "real";
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(mine_ / "inside"); }));
    std::ofstream(real_ / "inside") << "within\n";
    random_.seed(GetParam());
  }
  void TearDown() override {
    if (directory_.empty()) return;
    files_.clear();
    ::umount2((directory_ / "at").c_str(), MNT_DETACH);
    keeper_.reset();
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  unsigned pick(unsigned below) { return static_cast<unsigned>(random_()) % below; }
  Path name() {
    static constexpr const char* kNames[] = {"a", "b", "c", "inside"};
    Path path = kNames[pick(4)];
    while (pick(3) == 0) path /= kNames[pick(3)];
    return path;
  }

  static int code(int result) { return result >= 0 ? 0 : errno; }
  static int write_file(const Path& path, int flags, const std::string& bytes) {
    const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | flags | O_CLOEXEC, 0640));
    if (!fd.valid()) return errno;
    return ::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())
               ? 0
               : errno;
  }
  static std::string read_all(const Path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The same operation on `root`: 0 or an errno.
  int operate(const Path& root, unsigned kind, const Path& a, const Path& b, unsigned number) {
    const std::string one = root / a;
    const std::string two = root / b;
    switch (kind) {
      case 0:
        return code(::mkdir(one.c_str(), 0755));
      case 1:
        return write_file(one, O_CREAT | O_TRUNC, std::string(number / 10, 'w'));
      case 2:
        return write_file(one, O_CREAT | O_APPEND, std::to_string(number));
      case 3:
        return write_file(one, O_CREAT | O_EXCL, "exclusive");
      case 4:
        return code(::rename(one.c_str(), two.c_str()));
      case 5:
        return code(::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, two.c_str(), RENAME_EXCHANGE));
      case 6:
        return code(::unlink(one.c_str()));
      case 7:
        return code(::rmdir(one.c_str()));
      case 8:
        return code(::link(one.c_str(), two.c_str()));
      case 9:
        return code(::symlink("nowhere", one.c_str()));
      case 10:
        return code(::truncate(one.c_str(), number));
      default:
        return code(::chmod(one.c_str(), number & 0777));
    }
  }
  void open_both() {
    const Path path = name();
    File file{base::UniqueFd(::open((mine_ / path).c_str(), O_RDWR | O_CLOEXEC)),
              base::UniqueFd(::open((real_ / path).c_str(), O_RDWR | O_CLOEXEC))};
    ASSERT_EQ(file.mine.valid(), file.real.valid()) << path;
    if (file.mine.valid()) files_.push_back(std::move(file));
    if (files_.size() > 5) files_.erase(files_.begin());
  }
  void write_both() {
    if (files_.empty()) return;
    const File& file = files_[pick(static_cast<unsigned>(files_.size()))];
    const std::string bytes = "at" + std::to_string(pick(1000));
    const off_t offset = pick(3000);
    ASSERT_EQ(::pwrite(file.mine.get(), bytes.data(), bytes.size(), offset),
              ::pwrite(file.real.get(), bytes.data(), bytes.size(), offset))
        << errno;
  }
  void step() {
    const unsigned kind = pick(14);
    if (kind == 12) return open_both();
    if (kind == 13) return write_both();
    const Path a = name();
    const Path b = name();
    const unsigned number = pick(5000);
    const int theirs = operate(real_, kind, a, b, number);
    ASSERT_EQ(operate(mine_, kind, a, b, number), theirs) << kind << ' ' << a << ' ' << b;
  }

  std::map<std::string, std::string> tree(const Path& root) {
    std::map<std::string, std::string> tree;
    for (const auto& item : std::filesystem::recursive_directory_iterator(root)) {
      struct stat stat{};
      EXPECT_EQ(::lstat(item.path().c_str(), &stat), 0) << item.path();
      std::ostringstream text;
      text << std::oct << stat.st_mode << ' ' << std::dec << stat.st_nlink << ' ';
      if (S_ISREG(stat.st_mode)) text << stat.st_size << ' ' << read_all(item.path());
      tree[item.path().lexically_relative(root)] = text.str();
    }
    return tree;
  }

  Path directory_, mine_, real_;
  std::unique_ptr<Keeper> keeper_;
  std::mt19937 random_;
  std::vector<File> files_;
};

TEST_P(KillTest, NobodyNoticesThatTheDaemonIsKilled) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::atomic<int> done{0};
  std::atomic<int> kills{0};
  std::jthread killer([&](const std::stop_token& stop) {
    std::mt19937 random(GetParam());
    for (int next = 50; !stop.stop_requested(); next += 50 + static_cast<int>(random() % 100)) {
      while (done < next && !stop.stop_requested()) std::this_thread::yield();
      const auto moment = Clock::now() + std::chrono::microseconds(random() % 300);
      while (Clock::now() < moment) std::this_thread::yield();
      if (stop.stop_requested()) return;
      keeper_->kill_daemon();
      ++kills;
    }
  });
  // A machine with other work may be slow to kill.
  for (; (done < 1500 || kills <= 5) && !HasFatalFailure(); ++done) {
    ASSERT_NO_FATAL_FAILURE(step());
  }
  killer.request_stop();
  killer.join();
  const auto mine = tree(mine_);
  const auto real = tree(real_);
  for (const auto& [path, text] : real)
    EXPECT_EQ(mine.contains(path) ? mine.at(path) : "nothing", text) << path;
  EXPECT_EQ(mine.size(), real.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, KillTest, testing::Range(1U, 7U));

}  // namespace
}  // namespace storage_attempts
