// A whole file system behind a real mount.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <random>
#include <set>
#include <thread>

#include "fixture.h"

namespace storage_fuse {
namespace {

using base::UniqueFd;

TEST_F(MirrorTest, DataOfFilesWithBackingGoesThroughTheKernelAlone) {
  mount();
  if (!has_passthrough()) GTEST_SKIP() << "this kernel has no passthrough";
  put(at() / "file", std::string(1 << 20, 'x'));
  EXPECT_EQ(content_of(at() / "file"), std::string(1 << 20, 'x'));
  EXPECT_EQ(content_of(back() / "file"), std::string(1 << 20, 'x'));
  EXPECT_EQ(mirror_->counts().reads, 0U);
  EXPECT_EQ(mirror_->counts().writes, 0U);
  EXPECT_TRUE(eventually([this] { return session_->figures().open_files == 0; }));
}

TEST_F(MirrorTest, WithoutPassthroughTheFileSystemServesData) {
  SessionOptions options;
  options.passthrough = false;
  mount(true, options);
  put(at() / "file", std::string(1 << 20, 'x'));
  EXPECT_EQ(content_of(at() / "file"), std::string(1 << 20, 'x'));
  EXPECT_GE(mirror_->counts().writes, 1U);
  EXPECT_LE(mirror_->counts().writes, 130U);  // a stream writes in pieces; ours may be a megabyte
}

TEST_F(MirrorTest, OneWriteOfAMegabyteIsOneRequest) {
  mount(false);
  const std::string bytes(1 << 20, 'x');
  const UniqueFd fd(::open((at() / "file").c_str(), O_CREAT | O_WRONLY | O_DIRECT, 0644));
  void* aligned = nullptr;
  ASSERT_EQ(::posix_memalign(&aligned, 4096, bytes.size()), 0);
  std::memcpy(aligned, bytes.data(), bytes.size());
  EXPECT_EQ(::write(fd.get(), aligned, bytes.size()), static_cast<ssize_t>(bytes.size()));
  std::free(aligned);
  EXPECT_EQ(mirror_->counts().writes, 1U);
  EXPECT_EQ(content_of(back() / "file"), bytes);
}

TEST_F(MirrorTest, EveryOpenIsReleased) {
  mount();
  for (int i = 0; i < 200; ++i) {
    const std::string name = "file" + std::to_string(i);
    put(at() / name, name);
    std::filesystem::create_hard_link(at() / name, at() / ("link" + std::to_string(i)));
    std::filesystem::create_directory(at() / ("dir" + std::to_string(i)));
    std::filesystem::create_symlink("x", at() / ("symlink" + std::to_string(i)));
    if (i % 2 == 0) std::filesystem::rename(at() / name, at() / ("moved" + std::to_string(i)));
    if (i % 3 == 0) std::filesystem::remove(at() / ("link" + std::to_string(i)));
  }
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(at())) {
    entries += entry.path().empty() ? 0 : 1;
  }
  EXPECT_EQ(entries, 733U);
  unmount();
  EXPECT_EQ(mirror_->counts().opens, mirror_->counts().releases);
  EXPECT_EQ(session_->figures().open_files, 0U);
}

TEST_F(MirrorTest, TheKernelForgetsAsOftenAsItLookedUp) {
  mount();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) put(at() / ("file" + std::to_string(i)), "content");
    for (const auto& entry : std::filesystem::directory_iterator(at())) {
      EXPECT_TRUE(entry.exists());
    }
    for (int i = 0; i < 300; ++i) std::filesystem::remove(at() / ("file" + std::to_string(i)));
  }
  EXPECT_TRUE(eventually([this] {
    const auto nodes = mirror_->nodes();
    return nodes.looked_up == nodes.forgotten && nodes.known == 0;
  })) << mirror_->nodes().looked_up
      << " and " << mirror_->nodes().forgotten;
  EXPECT_GE(mirror_->nodes().looked_up, 900U);
}

TEST_F(MirrorTest, ADirectoryOfAHundredThousandIsListedWholeOnce) {
  mount();
  constexpr int kEntries = 100'000;
  std::filesystem::create_directory(back() / "large");
  const UniqueFd directory(::open((back() / "large").c_str(), O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < kEntries; ++i) {
    const std::string name = "entry" + std::to_string(i);
    ASSERT_EQ(::mknodat(directory.get(), name.c_str(), S_IFREG | 0644, 0), 0);
  }
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(at() / "large")) {
    EXPECT_TRUE(names.insert(entry.path().filename()).second);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kEntries));
}

TEST_F(MirrorTest, AThousandWritesAskForCapabilitiesOnceOrTwice) {
  for (const bool passthrough : {true, false}) {
    mount(passthrough);
    UniqueFd fd(::open((at() / "file").c_str(), O_CREAT | O_WRONLY, 0644));
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(::write(fd.get(), "x", 1), 1);
    fd.reset();
    EXPECT_LE(mirror_->counts().getxattrs, 2U);
    TearDown();
    SetUp();
  }
}

// Whatever mixture of opens of one file users and file system come to, none fails.
TEST_F(MirrorTest, OpensOfOneFileNeverDisagree) {
  mount();
  put(at() / "file", "content");
  const std::string path = at() / "file", other = at() / "other";
  std::filesystem::create_hard_link(path, other);
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      std::vector<UniqueFd> open(8);
      for (int i = 0; i < 1500; ++i) {
        const int flags = std::array{O_RDONLY, O_WRONLY, O_RDWR}[random() % 3];
        // With this attribute, readers are given direct I/O; with set-id bits, writers.
        if (random() % 10 == 0) ::setxattr(path.c_str(), "user.writing", "", 0, 0);
        if (random() % 10 == 0) ::removexattr(path.c_str(), "user.writing");
        if (random() % 10 == 0) ::chmod(path.c_str(), random() % 2 == 0 ? 04755 : 0755);
        UniqueFd fd(::open((random() % 2 == 0 ? path : other).c_str(), flags));
        EXPECT_TRUE(fd.valid()) << std::strerror(errno);
        if (flags != O_RDONLY) {
          EXPECT_EQ(::pwrite(fd.get(), "content", 7, 0), 7);
        }
        char bytes[7];
        if (flags != O_WRONLY) {
          EXPECT_EQ(::pread(fd.get(), bytes, 7, 0), 7);
        }
        open[random() % open.size()] = std::move(fd);
      }
    });
  }
  threads.clear();
  ::removexattr(path.c_str(), "user.writing");  // else its end is waited for
  EXPECT_EQ(content_of(path), "content");
  EXPECT_TRUE(eventually([this] { return session_->figures().open_files == 0; }));
}

TEST_F(MirrorTest, AWaitingReaderGetsWhatIsWrittenAndThenTheEnd) {
  mount();
  put(at() / "file", "begin");
  ASSERT_EQ(::setxattr((at() / "file").c_str(), "user.writing", "", 0, 0), 0);
  std::string seen;
  std::jthread reader([&] { seen = content_of(at() / "file"); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == 1; }));
  const UniqueFd writer(::open((at() / "file").c_str(), O_WRONLY | O_APPEND));
  ASSERT_EQ(::write(writer.get(), " end", 4), 4);
  ASSERT_EQ(::removexattr((at() / "file").c_str(), "user.writing"), 0);
  reader.join();
  EXPECT_EQ(seen, "begin end");
}

class ParkedReadsTest : public MirrorTest {
 protected:
  void SetUp() override {
    MirrorTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    mount();
    put(at() / "growing", "");
    ASSERT_EQ(::setxattr((at() / "growing").c_str(), "user.writing", "", 0, 0), 0);
  }

  // Reads at the end; what read(2) says.
  int read_one() const {
    const UniqueFd fd(::open((at() / "growing").c_str(), O_RDONLY));
    char byte = 0;
    return ::read(fd.get(), &byte, 1) < 0 ? errno : 0;
  }
};

TEST_F(ParkedReadsTest, EndForAProcessThatIsKilled) {
  Child child([this] { return read_one(); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == 1; }));
  ::kill(child.pid(), SIGKILL);
  const int status = child.wait();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(eventually([this] { return mirror_->counts().interrupts == 1; }));
}

TEST_F(ParkedReadsTest, EndWithEintrForAProcessThatHandlesTheSignal) {
  Child child([this] {
    struct sigaction action{};
    action.sa_handler = [](int) {};  // without SA_RESTART
    ::sigaction(SIGINT, &action, nullptr);
    return read_one();
  });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == 1; }));
  ::kill(child.pid(), SIGINT);
  EXPECT_EQ(WEXITSTATUS(child.wait()), EINTR);
}

TEST_F(ParkedReadsTest, EndWithoutAnErrorWhenTheFileIsComplete) {
  Child child([this] { return read_one(); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == 1; }));
  ASSERT_EQ(::removexattr((at() / "growing").c_str(), "user.writing"), 0);
  EXPECT_EQ(child.wait(), 0);
}

// Threads of one process, each waiting in read(2).
int many_readers(const Path& path, unsigned count) {
  pthread_attr_t small;
  ::pthread_attr_init(&small);
  ::pthread_attr_setstacksize(&small, 16384);
  static int fd;
  fd = ::open(path.c_str(), O_RDONLY);
  std::vector<pthread_t> threads(count);
  const auto read_one = [](void*) -> void* {
    char byte = 0;
    return reinterpret_cast<void*>(::pread(fd, &byte, 1, 0));
  };
  for (auto& thread : threads) {
    if (::pthread_create(&thread, &small, read_one, nullptr) != 0) return 1;
  }
  int wrong = 0;
  for (auto& thread : threads) {
    void* result = nullptr;
    ::pthread_join(thread, &result);
    wrong += result == nullptr ? 0 : 1;
  }
  return wrong == 0 ? 0 : 2;
}

#ifdef __SANITIZE_THREAD__
constexpr bool kManyThreads = false;  // it has no room for them
#else
constexpr bool kManyThreads = true;
#endif
constexpr unsigned kManyReaders = 10'000;

TEST_F(ParkedReadsTest, TenThousandOfThemHoldNobodyUp) {
  if (!kManyThreads) GTEST_SKIP() << "ThreadSanitizer cannot have ten thousand threads";
  Child child([this] { return many_readers(at() / "growing", kManyReaders); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == kManyReaders; }))
      << mirror_->counts().parked;
  for (int i = 0; i < 100; ++i) put(at() / ("file" + std::to_string(i)), "content");
  EXPECT_EQ(content_of(at() / "file99"), "content");
  ASSERT_EQ(::removexattr((at() / "growing").c_str(), "user.writing"), 0);
  EXPECT_EQ(WEXITSTATUS(child.wait()), 0);
}

TEST_F(ParkedReadsTest, TenThousandOfThemEndWithTheirProcess) {
  if (!kManyThreads) GTEST_SKIP() << "ThreadSanitizer cannot have ten thousand threads";
  Child child([this] { return many_readers(at() / "growing", kManyReaders); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == kManyReaders; }));
  ::kill(child.pid(), SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(child.wait()));
  EXPECT_TRUE(eventually([this] { return session_->figures().in_flight == 0; }));
}

TEST_F(ParkedReadsTest, DoNotKeepASessionFromStoppingAndGoOnInTheNext) {
  Child child([this] { return read_one(); });
  ASSERT_TRUE(eventually([this] { return mirror_->counts().parked == 1; }));
  session_->stop();
  session_.reset();
  auto next = mirror::Mirror::open({back(), directory_ / "journal", true});
  ASSERT_TRUE(next.ok());
  mirror_ = std::move(*next);
  auto session = Session::start(mount_.device.get(), mount_.state.get(), *mirror_, {}, log());
  ASSERT_TRUE(session.ok());
  session_ = std::move(*session);
  ASSERT_TRUE(eventually([this] { return mirror_->counts().resent == 1; }));
  ASSERT_EQ(::removexattr((at() / "growing").c_str(), "user.writing"), 0);
  EXPECT_EQ(WEXITSTATUS(child.wait()), 0);
}

TEST_F(MirrorTest, MapsOfFilesSurviveASuccessor) {
  mount();
  put(at() / "file", std::string(4096, 'x'));
  UniqueFd fd(::open((at() / "file").c_str(), O_RDWR));
  auto* map =
      static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
  ASSERT_NE(map, MAP_FAILED);
  session_->stop();
  map[0] = 'y';
  EXPECT_EQ(::pwrite(fd.get(), "z", 1, 1), 1);
  session_.reset();
  auto session = Session::start(mount_.device.get(), mount_.state.get(), *mirror_, {}, log());
  ASSERT_TRUE(session.ok());
  session_ = std::move(*session);
  EXPECT_EQ(content_of(at() / "file").substr(0, 3), "yzx");  // with the same backing id
  ::munmap(map, 4096);
  fd.reset();
  EXPECT_TRUE(eventually([this] { return session_->figures().open_files == 0; }));
}

}  // namespace
}  // namespace storage_fuse
