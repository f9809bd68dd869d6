#include "fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace storage_fuse {

using namespace std::chrono_literals;

std::string content_of(const Path& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  char buffer[65536];
  for (ssize_t size = 0; (size = ::read(file.get(), buffer, sizeof buffer)) > 0;) {
    content.append(buffer, static_cast<std::size_t>(size));
  }
  return content;
}

void put(const Path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  EXPECT_TRUE(file.good()) << path;
}

Child::Child(const std::function<int()>& body) {
  pid_ = ::fork();
  if (pid_ == 0) ::_exit(body());
}

Child::~Child() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int Child::wait() {
  if (!status_) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = status;
  }
  return *status_;
}

void FuseTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
  if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/fuse";
  static const bool own_namespace =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (!own_namespace) GTEST_SKIP() << "no mount namespace of our own can be had";
  std::string name = std::filesystem::temp_directory_path() / "larder-fuse-XXXXXX";
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  std::filesystem::permissions(directory_, std::filesystem::perms(0755));
  std::filesystem::create_directory(back());
  std::filesystem::create_directory(at());
}

void FuseTest::TearDown() {
  if (directory_.empty()) return;
  ::umount2(at().c_str(), MNT_DETACH);
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

void MirrorTest::mount(bool passthrough, SessionOptions options) {
  auto mounted = make_mount({"mirror", at()});
  ASSERT_TRUE(mounted.ok()) << mounted.error().message;
  mount_ = std::move(*mounted);
  auto opened = mirror::Mirror::open({back(), directory_ / "journal", passthrough});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  mirror_ = std::move(*opened);
  auto session =
      Session::start(mount_.device.get(), mount_.state.get(), *mirror_, std::move(options), log());
  ASSERT_TRUE(session.ok()) << session.error().message;
  session_ = std::move(*session);
}

void MirrorTest::unmount() {
  ASSERT_TRUE(detach(at()).ok());
  ASSERT_TRUE(session_->wait_ended(30s));
}

bool MirrorTest::has_passthrough() const {
  // Nothing is open yet: an open by passthrough is what the session counts.
  put(at() / "probe", "x");
  const int fd = ::open((at() / "probe").c_str(), O_RDONLY);
  const bool has = session_->figures().open_files > 0;
  ::close(fd);
  return has;
}

void MirrorTest::TearDown() {
  if (session_) {
    ::umount2(at().c_str(), MNT_DETACH);
    session_->wait_ended(5s);
    session_.reset();
  }
  mount_ = {};  // what is open still in there fails now, and does not wait
  mirror_.reset();
  FuseTest::TearDown();
}

}  // namespace storage_fuse
