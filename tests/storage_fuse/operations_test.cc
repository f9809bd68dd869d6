// Every operation reaches the file system, with what the caller meant.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fixture.h"
#include "scripted_files.h"

namespace storage_fuse {
namespace {

class OperationsTest : public FuseTest {
 protected:
  void SetUp() override {
    FuseTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto mounted = make_mount({"scripted", at()});
    ASSERT_TRUE(mounted.ok()) << mounted.error().message;
    mount_ = std::move(*mounted);
    SessionOptions options;
    options.locks_by_file_system = true;
    auto session = Session::start(mount_.device.get(), mount_.state.get(), files_, options, log());
    ASSERT_TRUE(session.ok()) << session.error().message;
    session_ = std::move(*session);
  }
  void TearDown() override {
    if (session_) {
      ::umount2(at().c_str(), MNT_DETACH);
      session_->wait_ended(std::chrono::seconds(5));
      session_.reset();
    }
    mount_ = {};
    FuseTest::TearDown();
  }

  std::string path(const char* name) const { return at() / name; }
  int open_file(int flags) {
    const int fd = ::open(path("file").c_str(), flags);
    EXPECT_GE(fd, 0);
    return fd;
  }
  void expect(const std::string& note) {
    EXPECT_TRUE(eventually([&] { return files_.has_note(note); }))
        << note << " is not among " << testing::PrintToString(files_.take_notes());
  }

  ScriptedFiles files_;
  Mount mount_;
  std::unique_ptr<Session> session_;
};

TEST_F(OperationsTest, NamesAreMadeAndRemovedAsAsked) {
  ::umask(0);
  EXPECT_EQ(::mkdir(path("new").c_str(), 01750), 0);
  expect("lookup 1 new");
  expect("mkdir 1 new " + std::to_string(01750) + " umask 0");
  EXPECT_EQ(::mknod(path("new").c_str(), S_IFCHR | 0600, makedev(259, 70000)), 0);
  expect("mknod 1 new " + std::to_string(S_IFCHR | 0600) + " " +
         std::to_string(makedev(259, 70000)) + " 0 0");
  EXPECT_EQ(::symlink("any/target", path("new").c_str()), 0);
  expect("symlink 1 new to any/target");
  EXPECT_EQ(::link(path("file").c_str(), path("dir/new").c_str()), 0);
  expect("link 2 3 new");
  EXPECT_EQ(::unlink(path("file").c_str()), 0);
  expect("unlink 1 file");
  EXPECT_EQ(::rmdir(path("dir").c_str()), 0);
  expect("rmdir 1 dir");
  EXPECT_EQ(std::filesystem::read_symlink(path("link")), "the target");
  expect("readlink 4");
}

TEST_F(OperationsTest, RenamesTellTheirFlags) {
  EXPECT_EQ(::rename(path("file").c_str(), path("dir/new").c_str()), 0);
  expect("rename 1 file 3 new 0");
  EXPECT_EQ(
      ::renameat2(AT_FDCWD, path("file").c_str(), AT_FDCWD, path("new").c_str(), RENAME_NOREPLACE),
      0);
  expect("rename 1 file 1 new 1");
  EXPECT_EQ(
      ::renameat2(AT_FDCWD, path("file").c_str(), AT_FDCWD, path("dir").c_str(), RENAME_EXCHANGE),
      0);
  expect("rename 1 file 1 dir 2");
}

TEST_F(OperationsTest, AttributesAreSetOneByOne) {
  const std::string file = path("file");
  EXPECT_EQ(::chmod(file.c_str(), 04711), 0);
  expect("setattr 2  mode 4711");
  EXPECT_EQ(::chown(file.c_str(), 5, static_cast<gid_t>(-1)), 0);
  expect("setattr 2  uid 5 kill");
  EXPECT_EQ(::chown(file.c_str(), static_cast<uid_t>(-1), 6), 0);
  expect("setattr 2  gid 6 kill");
  EXPECT_EQ(::truncate(file.c_str(), 3), 0);
  expect("setattr 2  size 3");
  const timespec times[2] = {{-7, 8}, {0, UTIME_NOW}};
  EXPECT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  expect("setattr 2  accessed -7.8 modified now");
}

TEST_F(OperationsTest, FilesAreOpenedReadAndWritten) {
  const int fd = open_file(O_RDWR | O_TRUNC);
  expect("open 2 rw trunc keep");
  char bytes[16];
  EXPECT_EQ(::pread(fd, bytes, sizeof bytes, 5), 7);
  expect("read 2 1 5 16");
  EXPECT_EQ(::pwrite(fd, "abc", 3, 9), 3);
  expect("write 2 1 9 abc keep");
  EXPECT_EQ(::fsync(fd), 0);
  expect("fsync 2 0");
  EXPECT_EQ(::fdatasync(fd), 0);
  expect("fsync 2 1");
  EXPECT_EQ(::fallocate(fd, FALLOC_FL_KEEP_SIZE, 10, 20), 0);
  expect("fallocate 2 1 10 20");
  EXPECT_EQ(::lseek(fd, 5, SEEK_HOLE), 4711);
  expect("lseek 2 5 hole");
  off64_t from = 1, to = 100;
  EXPECT_EQ(::copy_file_range(fd, &from, fd, &to, 3, 0), 3);
  expect("copy 2 1 2 100 3");
  EXPECT_EQ(::ftruncate(fd, 4), 0);
  expect("setattr 2  size 4");
  EXPECT_EQ(::close(fd), 0);
  expect("flush 2 1");
  expect("release 2 1 rw");
}

// As an ordinary user; what `body` returns, or -1.
int as_user(const std::function<int()>& body) {
  Child child([&] {
    ::umask(022);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(12, 12, 12) != 0) return 254;
    if (::setresuid(11, 11, 11) != 0) return 255;
    return body();
  });
  return WEXITSTATUS(child.wait());
}

TEST_F(OperationsTest, FilesAreMadeInTheNameOfTheCaller) {
  EXPECT_EQ(as_user([this] {
              return ::open(path("new").c_str(), O_CREAT | O_EXCL | O_RDWR, 0666) < 0 ? errno : 0;
            }),
            0);
  expect("create 1 new " + std::to_string(0644) + " rw 11");
  EXPECT_EQ(as_user([this] { return ::mkfifo(path("fifo").c_str(), 0666); }), 0);
  expect("mknod 1 fifo " + std::to_string(S_IFIFO | 0644) + " 0 11 12");
  ::umask(0);
  const int fd = ::open(at().c_str(), O_TMPFILE | O_RDWR, 0640);
  EXPECT_GE(fd, 0);
  expect("tmpfile 1 " + std::to_string(0640) + " rw");
  ::close(fd);
}

TEST_F(OperationsTest, WhoMayNotKeepSetIdBitsIsToldOf) {
  EXPECT_EQ(as_user([this] {
              const int fd = ::open(path("file").c_str(), O_WRONLY | O_TRUNC);
              if (fd < 0) return errno;
              return ::write(fd, "x", 1) == 1 && ::ftruncate(fd, 3) == 0 ? 0 : errno;
            }),
            0);
  expect("open 2 w trunc kill");
  expect("write 2 1 0 x kill");
  expect("setattr 2  size 3 kill");
  const int fd = open_file(O_WRONLY | O_TRUNC);
  expect("open 2 w trunc keep");
  EXPECT_EQ(::write(fd, "x", 1), 1);
  expect("write 2 1 0 x keep");
  ::close(fd);
}

TEST_F(OperationsTest, DirectoriesAreListedAndSynced) {
  const int fd = ::open(path("dir").c_str(), O_RDONLY | O_DIRECTORY);
  expect("opendir 3");
  EXPECT_EQ(::fsync(fd), 0);
  expect("fsyncdir 3 0");
  ::close(fd);
  expect("releasedir 3 1");
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path("dir"))) {
    names.push_back(entry.path().filename());
  }
  EXPECT_EQ(names, std::vector<std::string>{"entry"});
  struct statvfs figures{};
  EXPECT_EQ(::statvfs(path("dir").c_str(), &figures), 0);
  EXPECT_EQ(figures.f_blocks, 1234U);
}

TEST_F(OperationsTest, ExtendedAttributesTellTheirSizes) {
  const std::string file = path("file");
  EXPECT_EQ(::setxattr(file.c_str(), "user.a", "123", 3, XATTR_CREATE), 0);
  expect("setxattr 2 user.a 3 1");
  char value[16];
  EXPECT_EQ(::getxattr(file.c_str(), "user.a", value, sizeof value), 5);
  EXPECT_EQ(::getxattr(file.c_str(), "user.a", nullptr, 0), 5);
  EXPECT_EQ(::getxattr(file.c_str(), "user.a", value, 4), -1);
  EXPECT_EQ(errno, ERANGE);
  EXPECT_EQ(::listxattr(file.c_str(), value, sizeof value), 14);
  EXPECT_EQ(::removexattr(file.c_str(), "user.a"), 0);
  expect("removexattr 2 user.a");
}

TEST_F(OperationsTest, LocksComeToTheFileSystemWhereItWantsThem) {
  const int fd = open_file(O_RDWR);
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_start = 5;
  lock.l_len = 5;
  EXPECT_EQ(::fcntl(fd, F_SETLK, &lock), 0);
  expect("setlk 2 write 5 9 0");
  EXPECT_EQ(::fcntl(fd, F_SETLKW, &lock), 0);
  expect("setlk 2 write 5 9 1");
  EXPECT_EQ(::fcntl(fd, F_GETLK, &lock), 0);
  expect("getlk 2 5 9");
  EXPECT_EQ(lock.l_type, F_RDLCK);
  EXPECT_EQ(lock.l_start, 10);
  EXPECT_EQ(lock.l_len, 10);
  EXPECT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  expect("flock 2 exclusive 0");
  ::close(fd);
}

TEST_F(OperationsTest, TheKernelForgetsWhatItIsToldToForget) {
  files_.valid = kForever;
  struct stat stat{};
  ASSERT_EQ(::stat(path("file").c_str(), &stat), 0);
  EXPECT_TRUE(session_->notifier().invalidate_entry(kRootNode, "file").ok());
  expect("forget 2 1");
  EXPECT_EQ(session_->notifier().invalidate_entry(kRootNode, "none").error().code,
            base::ErrorCode::kNotFound);
  ASSERT_EQ(::stat(path("file").c_str(), &stat), 0);
  EXPECT_TRUE(session_->notifier().invalidate_node(2, 0, 0).ok());
}

TEST_F(OperationsTest, AnEpochMakesTheKernelAskForEveryNameAnew) {
  files_.valid = kForever;
  EXPECT_EQ(::access(path("dir/none").c_str(), F_OK), -1);
  const auto epoch = session_->notifier().increment_epoch();
  if (!epoch.ok()) GTEST_SKIP() << epoch.error().message;
  const std::uint64_t before = session_->figures().requests;
  EXPECT_EQ(::access(path("dir").c_str(), F_OK), 0);
  EXPECT_GT(session_->figures().requests, before);
  const std::uint64_t asked = session_->figures().requests;
  EXPECT_EQ(::access(path("dir").c_str(), F_OK), 0);
  EXPECT_EQ(session_->figures().requests, asked);
}

}  // namespace
}  // namespace storage_fuse
