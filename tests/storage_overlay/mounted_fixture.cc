#include "mounted_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <thread>

namespace storage_attempts {

using namespace std::chrono_literals;

std::string content_of(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int put(const Path& path, const std::string& content) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return errno;
  const auto put = ::write(fd.get(), content.data(), content.size());
  return put == static_cast<ssize_t>(content.size()) ? 0 : errno;
}

std::string made_up(InodeNumber inode, std::uint64_t bytes) {
  std::string content(bytes, '\0');
  for (std::uint64_t at = 0; at < bytes; ++at) content[at] = made_up_byte(inode, at);
  return content;
}

void MountedTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
  if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/fuse";
  static const bool own_namespace =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (!own_namespace) GTEST_SKIP() << "no mount namespace of our own can be had";
  std::string name = std::filesystem::temp_directory_path() / "larder-attempts-XXXXXX";
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  for (const char* part : {"at", "cache"}) std::filesystem::create_directory(directory_ / part);
  storage_overlay::fill(volume_);
  source_ = std::make_shared<MemorySource>(volume_);
  auto cache = ContentCache::open({.directory = directory_ / "cache"});
  ASSERT_TRUE(cache.ok()) << cache.error().message;
  cache_ = std::move(*cache);
  files_ = std::make_unique<AttemptFileSystem>(FileSystemOptions{.cached_file_bytes_max = 32 << 20},
                                               *cache_, log_);
  auto mounted = storage_fuse::make_mount({"attempts", directory_ / "at"});
  ASSERT_TRUE(mounted.ok()) << mounted.error().message;
  mount_ = std::move(*mounted);
  storage_fuse::SessionOptions options;
  options.passthrough = GetParam();
  auto session =
      storage_fuse::Session::start(mount_.device.get(), mount_.state.get(), *files_, options, log_);
  ASSERT_TRUE(session.ok()) << session.error().message;
  session_ = std::move(*session);
  attach(1);
}

void MountedTest::TearDown() {
  if (directory_.empty()) return;
  ::umount2((directory_ / "at").c_str(), MNT_DETACH);
  if (session_) session_->wait_ended(5s);
  session_.reset();
  files_.reset();
  // Its thread may still hold the attempt that it answered, and must not be the last to let go.
  while (source_.use_count() > 1) std::this_thread::yield();
  source_.reset();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

void MountedTest::attach(std::uint64_t number, std::shared_ptr<storage_ephemeral::Volume> ephemeral,
                         hints::Volume hints) {
  AttemptOptions options;
  options.number = number;
  options.overlay.snapshot = volume_.head();
  options.overlay.writer = "attempt-" + std::to_string(number);
  options.overlay.volume = std::move(hints);
  options.volume = "test/volume";
  options.staging = staging(number);
  options.source = source_;
  options.ephemeral = std::move(ephemeral);
  std::filesystem::create_directories(options.staging);
  const auto attached = files_->attach(std::move(options));
  ASSERT_TRUE(attached.ok()) << attached.error().message;
}

// Everything is stored inline here, whatever its size.
bool MountedTest::commit(std::uint64_t number) {
  auto finished = files_->finish(number);
  if (!finished.ok()) return false;
  std::map<InodeNumber, Content> contents;
  for (const auto& file : finished->staged) {
    Content& content = contents[file.inode];
    content.size = file.size;
    content.bytes.resize(file.size);
    const auto fd = file.open();
    if (!fd.ok()) return false;
    EXPECT_EQ(::pread(fd->get(), content.bytes.data(), file.size, 0),
              static_cast<ssize_t>(file.size));
  }
  finished->set_contents(contents);
  return volume_.commit(finished->write);
}

}  // namespace storage_attempts
