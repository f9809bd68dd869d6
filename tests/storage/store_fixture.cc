#include "store_fixture.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

namespace storage {
namespace {

// Whether this machine can do it at all, asked once: the reason why not, or "".
std::string why_not() {
  static const std::string reason = [] {
    std::string name = "/tmp/larder-storage-probe-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return std::string("no temporary directory");
    VolumeStoreOptions options;
    options.directory = name;
    options.durable_bytes = options.ephemeral_bytes = 256 << 20;
    const auto store = VolumeStore::open(options);
    std::string result;
    if (!store.ok() && store.error().code == base::ErrorCode::kUnsupported) {
      result = store.error().message;
    }
    std::filesystem::remove_all(name);
    return result;
  }();
  return reason;
}

}  // namespace

bool has_loop_device(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block", ignored)) {
    std::ifstream file(entry.path() / "loop/backing_file");
    std::string backing;
    if (std::getline(file, backing) && backing.starts_with(directory.string())) return true;
  }
  return false;
}

std::string read_at(int directory_fd, const std::string& path) {
  const base::UniqueFd fd(::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::string("ERRNO: ") + std::strerror(errno);
  std::string bytes(1 << 16, '\0');
  const ssize_t got = ::read(fd.get(), bytes.data(), bytes.size());
  if (got < 0) return std::string("ERRNO: ") + std::strerror(errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

int write_at(int directory_fd, const std::string& path, const std::string& bytes) {
  const base::UniqueFd fd(
      ::openat(directory_fd, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno;
  const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
  return put == static_cast<ssize_t>(bytes.size()) ? 0 : errno;
}

Filled fill(int directory_fd, const std::string& path, std::int64_t bytes_max) {
  const std::string block(1 << 16, 'x');
  Filled filled;
  const base::UniqueFd fd(
      ::openat(directory_fd, path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return {0, errno};
  while (filled.bytes < bytes_max) {
    const auto left = static_cast<std::size_t>(bytes_max - filled.bytes);
    const ssize_t put = ::write(fd.get(), block.data(), std::min(block.size(), left));
    if (put < 0) {
      filled.failure = errno;
      break;
    }
    filled.bytes += put;
  }
  if (filled.failure == 0 && ::fsync(fd.get()) != 0) filled.failure = errno;
  return filled;
}

hints::Volume volume_named(const std::string& name, hints::Tier tier) {
  hints::Volume volume;
  volume.name = name;
  volume.path = "/mnt/" + name;
  volume.tier = tier;
  return volume;
}

hints::Volume scratch_named(const std::string& name) {
  auto volume = volume_named(name, hints::Tier::kEphemeral);
  volume.lifetime.kind = hints::Lifetime::Kind::kActivation;
  return volume;
}

void StoreTest::SetUp() {
  if (const auto reason = why_not(); !reason.empty()) GTEST_SKIP() << reason;
  std::string name = "/tmp/larder-storage-test-XXXXXX";
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  options_.directory = directory_ / "volumes";
  options_.durable_bytes = options_.ephemeral_bytes = 512 << 20;
  options_.quota_bytes = 64 << 20;
}

void StoreTest::TearDown() {
  store_.reset();
  if (directory_.empty()) return;
  EXPECT_TRUE(eventually([this] { return !has_loop_device(directory_); }));
  std::filesystem::remove_all(directory_);
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    EXPECT_EQ(line.find("larder-storage-test"), std::string::npos) << line;
  }
}

void StoreTest::open_store() {
  auto opened = VolumeStore::open(options_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  store_ = std::move(*opened);
}

void StoreTest::close_store() { store_.reset(); }

base::Result<VolumeReport> StoreTest::Opened::finish(bool succeeded) {
  parts.clear();
  return volume->finish(succeeded);
}

StoreTest::Opened StoreTest::open_volume(const hints::Volume& volume,
                                         const std::string& namespace_name, uid_t uid) {
  auto opened = store_->open(namespace_name, "0123456789abcdef0123456789abcdef", volume, uid);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  Opened result{std::move(*opened), {}};
  result.parts = result.volume->take_parts();
  return result;
}

}  // namespace storage
