// Random operations, the same on an overlay and on a directory of tmpfs: the same errnos, the same
// tree. From time to time the overlay is rebuilt from its journal, or its changes are committed and
// a new overlay goes on above them: nobody may notice.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "paths.h"

namespace storage_overlay {
namespace {

namespace fs = std::filesystem;

// Methods as those of Paths.
class RealDirectory {
 public:
  explicit RealDirectory(std::string root) : root_(std::move(root)) {}

  int make(const std::string& path, const NewFile& file) {
    const std::string full = at(path);
    switch (file.type) {
      case FileType::kDirectory:
        return code(::mkdir(full.c_str(), file.permissions));
      case FileType::kSymlink:
        return code(::symlink(file.target.c_str(), full.c_str()));
      case FileType::kFifo:
        return code(::mknod(full.c_str(), S_IFIFO | file.permissions, 0));
      case FileType::kSocket:
        return code(::mknod(full.c_str(), S_IFSOCK | file.permissions, 0));
      default:
        return code(::mknod(full.c_str(), S_IFREG | file.permissions, 0));
    }
  }
  int link(const std::string& a, const std::string& b) {
    return code(::link(at(a).c_str(), at(b).c_str()));
  }
  int unlink(const std::string& path) { return code(::unlink(at(path).c_str())); }
  int rmdir(const std::string& path) { return code(::rmdir(at(path).c_str())); }
  int rename(const std::string& a, const std::string& b, unsigned flags) {
    return code(::renameat2(AT_FDCWD, at(a).c_str(), AT_FDCWD, at(b).c_str(), flags));
  }
  int chmod(const std::string& path, mode_t mode) {
    struct stat stat{};
    if (::lstat(at(path).c_str(), &stat) != 0) return errno;
    if (S_ISLNK(stat.st_mode)) return 0;
    return code(::chmod(at(path).c_str(), mode));
  }
  int chown(const std::string& path, uid_t uid, gid_t gid) {
    return code(::lchown(at(path).c_str(), uid, gid));
  }
  int set_xattr(const std::string& path, const std::string& name, const std::string& value,
                int flags) {
    return code(::lsetxattr(at(path).c_str(), name.c_str(), value.data(), value.size(), flags));
  }
  int remove_xattr(const std::string& path, const std::string& name) {
    return code(::lremovexattr(at(path).c_str(), name.c_str()));
  }
  Tree tree() {
    Tree tree;
    walk("", tree);
    return tree;
  }

 private:
  static int code(int result) { return result == 0 ? 0 : errno; }
  std::string at(const std::string& path) const {
    return path.empty() ? root_ : root_ + "/" + path;
  }
  static FileType type_of(mode_t mode) {
    switch (mode & S_IFMT) {
      case S_IFDIR:
        return FileType::kDirectory;
      case S_IFLNK:
        return FileType::kSymlink;
      case S_IFIFO:
        return FileType::kFifo;
      case S_IFSOCK:
        return FileType::kSocket;
      default:
        return FileType::kRegular;
    }
  }
  void walk(const std::string& path, Tree& tree) {
    struct stat stat{};
    ASSERT_EQ(::lstat(at(path).c_str(), &stat), 0) << path;
    Seen seen{type_of(stat.st_mode),
              stat.st_mode & 07777,
              stat.st_uid,
              stat.st_gid,
              static_cast<std::uint32_t>(stat.st_nlink),
              "",
              {}};
    if (seen.type == FileType::kSymlink) seen.target = fs::read_symlink(at(path)).string();
    for (const char* name : {"trusted.a", "trusted.b"}) {
      char value[64];
      const auto size = ::lgetxattr(at(path).c_str(), name, value, sizeof value);
      if (size >= 0) seen.xattrs[name] = std::string(value, static_cast<std::size_t>(size));
    }
    tree[path] = seen;
    if (seen.type != FileType::kDirectory) return;
    for (const auto& item : fs::directory_iterator(at(path)))
      walk(path.empty() ? item.path().filename().string()
                        : path + "/" + item.path().filename().string(),
           tree);
  }

  std::string root_;
};

class Differential : public testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a tmpfs of our own needs root";
    char root[] = "/tmp/larder-overlay-XXXXXX";
    ASSERT_NE(::mkdtemp(root), nullptr);
    root_ = root;
    if (::mount("tmpfs", root, "tmpfs", 0, "mode=0755") != 0) {
      ::rmdir(root);
      root_.clear();
      GTEST_SKIP() << "no tmpfs can be mounted here";
    }
    ::umask(0);
    random_.seed(GetParam());
    begin();
  }
  void TearDown() override {
    if (root_.empty()) return;
    ::umount2(root_.c_str(), MNT_DETACH);
    ::rmdir(root_.c_str());
  }

  OverlayOptions options() const {
    OverlayOptions wanted;
    wanted.snapshot = volume_.head();
    wanted.publish = publish_;
    return wanted;
  }
  void begin() {
    overlay_.emplace(options());
    journal_.clear();
  }

  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string path() {
    static constexpr const char* kNames[] = {"a", "b", "c", "d"};
    std::string path = kNames[pick(4)];
    while (pick(3) != 0 && path.size() < 9) path += std::string("/") + kNames[pick(4)];
    return path;
  }
  NewFile new_file() {
    static constexpr FileType kTypes[] = {
        FileType::kRegular, FileType::kRegular, FileType::kDirectory, FileType::kDirectory,
        FileType::kSymlink, FileType::kFifo,    FileType::kSocket};
    NewFile file;
    file.type = kTypes[pick(7)];
    file.permissions = file.type == FileType::kSymlink ? 0777 : pick(07777 + 1);
    if (file.type == FileType::kDirectory) file.permissions &= 01777;  // as mkdir(2)
    file.target = file.type == FileType::kSymlink ? "to/" + path() : "";
    return file;
  }

  // One operation on both; false when they differ.
  bool step(Paths& mine, RealDirectory& real) {
    const std::string a = path();
    const std::string b = path();
    const std::string xattr = pick(2) == 0 ? "trusted.a" : "trusted.b";
    const std::uint32_t number = pick(07777 + 1);
    int ours = 0;
    int theirs = 0;
    switch (const auto kind = pick(14); kind) {
      case 0:
      case 1:
      case 2: {
        const NewFile file = new_file();
        ours = mine.make(a, file);
        theirs = real.make(a, file);
        break;
      }
      case 3:
        ours = mine.link(a, b);
        theirs = real.link(a, b);
        break;
      case 4:
        ours = mine.unlink(a);
        theirs = real.unlink(a);
        break;
      case 5:
        ours = mine.rmdir(a);
        theirs = real.rmdir(a);
        break;
      case 6:
      case 7:
      case 8:
      case 9: {
        const unsigned flags = kind == 6 ? RENAME_NOREPLACE : kind == 7 ? RENAME_EXCHANGE : 0;
        ours = mine.rename(a, b, flags);
        theirs = real.rename(a, b, flags);
        break;
      }
      case 10:
        ours = is_symlink(mine, a) ? 0 : mine.chmod(a, number);
        theirs = real.chmod(a, number);
        break;
      case 11:
        ours = mine.chown(a, number, number + 1);
        theirs = real.chown(a, number, number + 1);
        break;
      case 12: {
        const auto mode = static_cast<XattrMode>(pick(3));
        const int flags = mode == XattrMode::kAny      ? 0
                          : mode == XattrMode::kCreate ? XATTR_CREATE
                                                       : XATTR_REPLACE;
        ours = mine.set_xattr(a, xattr, b, mode);
        theirs = real.set_xattr(a, xattr, b, flags);
        break;
      }
      default:
        ours = mine.remove_xattr(a, xattr);
        theirs = real.remove_xattr(a, xattr);
    }
    EXPECT_EQ(ours, theirs) << "on " << a << " and " << b;
    return ours == theirs;
  }
  static bool is_symlink(Paths& mine, const std::string& path) {
    const auto view = mine.stat(path);
    return view.ok() && view->attributes.type == FileType::kSymlink;
  }

  // What a daemon does that was killed and started again.
  void resume() {
    journal_ += overlay_->take_journal();
    if (pick(2) == 0) journal_ = overlay_->whole_journal();
    Overlay resumed(options());
    ASSERT_EQ(resumed.replay(journal_), journal_.size());
    // As whoever asks for the changes of one that publishes on the way.
    for (const InodeNumber inode : resumed.staged())
      static_cast<void>(volume_.run<View>(resumed, [&] { return resumed.view(inode); }).ok());
    const Changes before = overlay_->changes();
    const Changes after = resumed.changes();
    if (publish_ == Publish::kAtEnd) {
      EXPECT_EQ(before.read.names, after.read.names);
    } else {
      EXPECT_TRUE(std::ranges::includes(after.read.names, before.read.names));
    }
    EXPECT_EQ(before.read.directories, after.read.directories);
    EXPECT_EQ(before.write.names, after.write.names);
    EXPECT_EQ(before.write.seen, after.write.seen);
    EXPECT_EQ(before.write.shared, after.write.shared);
    EXPECT_EQ(before.write.seen_shared, after.write.seen_shared);
    EXPECT_EQ(before.write.directories, after.write.directories);
    EXPECT_EQ(before.write.removed_directories, after.write.removed_directories);
    EXPECT_EQ(before.staged, after.staged);
    overlay_.emplace(std::move(resumed));
  }

  // Goes on above its own commit.
  void publish() {
    journal_ += overlay_->take_journal();
    const Changes changes = overlay_->changes();
    ASSERT_TRUE(volume_.commit(changes.write));
    Overlay::StoredFiles files;
    for (const InodeNumber inode : changes.staged) files[inode] = {};
    overlay_->published(volume_.head(), pick(2) == 0, files);
    const Changes left = overlay_->changes([](InodeNumber) { return Bytes::kNotNow; });
    EXPECT_TRUE(left.write.names.empty());
    journal_ += overlay_->take_journal();
  }

  std::string root_;
  Publish publish_ = Publish::kAtEnd;
  std::mt19937 random_;
  MemoryVolume volume_;
  std::optional<Overlay> overlay_;
  std::string journal_;
};

TEST_P(Differential, AnOverlayDoesWhatTmpfsDoes) {
  RealDirectory real(root_);
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    Paths mine(volume_, *overlay_);
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(step(mine, real));
    ASSERT_EQ(difference(mine.tree(), real.tree()), "") << "in round " << round;
    switch (pick(4)) {
      case 0:
        resume();
        break;
      case 1:
        ASSERT_TRUE(volume_.commit(overlay_->changes().write));
        begin();
        break;
      default:
        journal_ += overlay_->take_journal();
    }
    Paths again(volume_, *overlay_);
    ASSERT_EQ(difference(again.tree(), real.tree()), "") << "after round " << round;
  }
}

TEST_P(Differential, AndSoDoesOneThatPublishesOnTheWay) {
  publish_ = Publish::kOnSync;
  begin();
  RealDirectory real(root_);
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    Paths mine(volume_, *overlay_);
    for (std::uint32_t i = pick(20); i > 0; --i) ASSERT_TRUE(step(mine, real));
    if (pick(3) == 0) {
      const auto view = mine.stat(path());
      if (view.ok()) overlay_->hold(view->inode);
    }
    ASSERT_EQ(difference(mine.tree(), real.tree()), "") << "in round " << round;
    pick(3) == 0 ? resume() : publish();
    Paths again(volume_, *overlay_);
    ASSERT_EQ(difference(again.tree(), real.tree()), "") << "after round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Differential, testing::Range(std::uint32_t{1}, std::uint32_t{41}));

}  // namespace
}  // namespace storage_overlay
