// One overlay above a snapshot in memory: what each operation answers, changes and depends on.
#include "storage_overlay/overlay.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <set>

#include "paths.h"
#include "some_volume.h"

namespace storage_overlay {
namespace {

using namespace std::chrono_literals;

NewFile directory(mode_t permissions = 0755) { return {FileType::kDirectory, permissions, ""}; }

class OverlayTest : public testing::Test {
 protected:
  OverlayTest() {
    fill(volume_);
    begin();
  }
  void begin() {
    OverlayOptions options;
    options.snapshot = volume_.head();
    overlay_.emplace(options);
    paths_.emplace(volume_, *overlay_);
  }
  InodeNumber inode(const std::string& path) { return paths_->stat(path)->inode; }
  Attributes attributes(const std::string& path) { return paths_->stat(path)->attributes; }
  NameKey root(const std::string& name) { return {storage::kRootInode, name}; }

  MemoryVolume volume_;
  std::optional<Overlay> overlay_;
  std::optional<Paths> paths_;
};

TEST_F(OverlayTest, OperationsAnswerTheErrnosOfTheManualPages) {
  const std::string long_name(256, 'x');
  EXPECT_EQ(paths_->make("small", {}), EEXIST);
  EXPECT_EQ(paths_->make("none/x", {}), ENOENT);
  EXPECT_EQ(paths_->make("small/x", {}), ENOTDIR);
  EXPECT_EQ(paths_->make(long_name, {}), ENAMETOOLONG);
  EXPECT_EQ(paths_->make(long_name.substr(1), {}), 0);
  EXPECT_EQ(paths_->make("link", {FileType::kSymlink, 0777, ""}), ENOENT);
  EXPECT_EQ(paths_->make("link", {FileType::kSymlink, 0777, std::string(4096, 'x')}), ENAMETOOLONG);
  EXPECT_EQ(paths_->unlink("directory"), EISDIR);
  EXPECT_EQ(paths_->unlink("none"), ENOENT);
  EXPECT_EQ(paths_->rmdir("small"), ENOTDIR);
  EXPECT_EQ(paths_->rmdir("directory"), ENOTEMPTY);
  EXPECT_EQ(paths_->link("directory", "x"), EPERM);
  EXPECT_EQ(paths_->link("small", "large"), EEXIST);
  EXPECT_EQ(paths_->rename("none", "x"), ENOENT);
  EXPECT_EQ(paths_->rename("directory", "small"), ENOTDIR);
  EXPECT_EQ(paths_->rename("small", "directory"), EISDIR);
  EXPECT_EQ(paths_->rename("directory", "directory/x"), EINVAL);
  EXPECT_EQ(paths_->rename("small", "large", RENAME_NOREPLACE), EEXIST);
  EXPECT_EQ(paths_->rename("small", "x", RENAME_EXCHANGE), ENOENT);
  EXPECT_EQ(paths_->rename("small", "x", RENAME_WHITEOUT), EINVAL);
  EXPECT_EQ(paths_->rename("small", "x", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
  EXPECT_EQ(paths_->set_xattr("small", "user.a", "1", XattrMode::kReplace), ENODATA);
  EXPECT_EQ(paths_->set_xattr("small", "user.a", "1", XattrMode::kCreate), 0);
  EXPECT_EQ(paths_->set_xattr("small", "user.a", "1", XattrMode::kCreate), EEXIST);
  EXPECT_EQ(paths_->set_xattr("small", "system.posix_acl_access", "1"), EOPNOTSUPP);
  EXPECT_EQ(paths_->set_xattr("small", "user.b", std::string(70'000, 'x')), ENOSPC);
  EXPECT_EQ(paths_->remove_xattr("small", "user.c"), ENODATA);
}

TEST_F(OverlayTest, ARemovedDirectoryTakesNoMoreNames) {
  const InodeNumber gone = [&] {
    EXPECT_EQ(paths_->make("gone", directory()), 0);
    return inode("gone");
  }();
  overlay_->hold(gone);
  ASSERT_EQ(paths_->rmdir("gone"), 0);
  const auto made =
      paths_->run<View>([&] { return overlay_->make(gone, "x", NewFile{}, paths_->act); });
  EXPECT_EQ(made.error().error, ENOENT);
  EXPECT_EQ(overlay_->view(gone)->links, 0U);
}

TEST_F(OverlayTest, NewFilesBelongToTheCallerOrToTheGroupOfASetgidDirectory) {
  paths_->act.uid = 7;
  paths_->act.gid = 8;
  ASSERT_EQ(paths_->make("mine", directory(0777)), 0);
  EXPECT_EQ(attributes("mine").uid, 7U);
  EXPECT_EQ(attributes("mine").gid, 8U);
  ASSERT_EQ(paths_->chown("mine", 7, 99), 0);
  ASSERT_EQ(paths_->chmod("mine", 02777), 0);
  ASSERT_EQ(paths_->make("mine/file", {}), 0);
  ASSERT_EQ(paths_->make("mine/below", directory()), 0);
  EXPECT_EQ(attributes("mine/file").gid, 99U);
  EXPECT_EQ(attributes("mine/below").permissions, 02755U);
}

TEST_F(OverlayTest, ANewOwnerTakesSetIdBitsAndCapabilitiesAway) {
  ASSERT_EQ(paths_->set_xattr("tool", "security.capability", "x"), 0);
  ASSERT_EQ(paths_->chmod("tool", 06755), 0);
  ASSERT_EQ(paths_->chown("tool", 5, 5), 0);
  EXPECT_EQ(attributes("tool").permissions, 0755U);
  EXPECT_FALSE(paths_->xattr("tool", "security.capability").ok());
  ASSERT_EQ(paths_->chmod("directory", 02755), 0);
  ASSERT_EQ(paths_->chown("directory", 5, 5), 0);
  EXPECT_EQ(attributes("directory").permissions, 02755U);
}

TEST_F(OverlayTest, TimesOfFilesAndTheirDirectoriesChangeWithTheOperation) {
  paths_->act.now = FileTime(2'000'000'000s);
  ASSERT_EQ(paths_->rename("directory/inside", "moved"), 0);
  EXPECT_EQ(attributes("moved").changed, paths_->act.now);
  EXPECT_NE(attributes("moved").modified, paths_->act.now);
  EXPECT_EQ(attributes("directory").modified, paths_->act.now);
  EXPECT_EQ(attributes("").changed, paths_->act.now);
  paths_->act.now += 1s;
  ASSERT_EQ(paths_->link("moved", "again"), 0);
  EXPECT_EQ(attributes("moved").changed, paths_->act.now);
  EXPECT_EQ(paths_->stat("again")->links, 2U);
}

TEST_F(OverlayTest, OnlyWhatAnOperationNeedsIsAskedOfTheSnapshot) {
  EXPECT_TRUE(paths_->stat("small").ok());
  const auto asked = volume_.asked();
  EXPECT_TRUE(paths_->stat("small").ok());
  EXPECT_EQ(volume_.asked(), asked);
  EXPECT_FALSE(paths_->stat("nothing").ok());
  EXPECT_FALSE(paths_->stat("nothing").ok());
  EXPECT_EQ(volume_.asked(), asked + 1);
}

TEST_F(OverlayTest, TheReadSetHoldsWhatWasLookedUpAndListedAlsoWhatWasNotThere) {
  ASSERT_TRUE(paths_->stat("small").ok());
  ASSERT_FALSE(paths_->stat("nothing").ok());
  paths_->list("directory");
  const auto read = overlay_->changes().read;
  EXPECT_EQ(read.names.at(root("small")), 1U);
  EXPECT_EQ(read.names.at(root("nothing")), 0U);
  EXPECT_TRUE(read.directories.contains(inode("directory")));
  EXPECT_FALSE(read.directories.contains(storage::kRootInode));
  EXPECT_FALSE(read.names.contains(root("large")));
}

TEST_F(OverlayTest, WhatWasMadeAndRemovedAgainIsNoChange) {
  ASSERT_EQ(paths_->make("new", directory()), 0);
  ASSERT_EQ(paths_->make("new/file", {}), 0);
  ASSERT_EQ(paths_->unlink("new/file"), 0);
  ASSERT_EQ(paths_->rmdir("new"), 0);
  const auto write = overlay_->changes().write;
  EXPECT_TRUE(write.names.empty());
  EXPECT_TRUE(write.removed_directories.empty());
  EXPECT_EQ(write.directories.at(storage::kRootInode).subdirectories, 0);
}

TEST_F(OverlayTest, ADirectoryWithNewNamesIsAStepAndNotAValue) {
  ASSERT_EQ(paths_->make("directory/new", {}), 0);
  const auto changes = overlay_->changes();
  EXPECT_FALSE(changes.write.names.contains(root("directory")));
  EXPECT_EQ(changes.write.directories.at(inode("directory")).modified, paths_->act.now);
  EXPECT_EQ(changes.staged.size(), 1U);
}

TEST_F(OverlayTest, AnotherNameOfASharedFileSeesItsChanges) {
  ASSERT_EQ(paths_->chmod("twin-a", 0600), 0);
  EXPECT_EQ(attributes("twin-b").permissions, 0600U);
  const auto write = overlay_->changes().write;
  EXPECT_EQ(write.shared.at(inode("twin-a")).attributes.permissions, 0600U);
  EXPECT_TRUE(write.names.empty());
  ASSERT_EQ(paths_->unlink("twin-a"), 0);
  ASSERT_EQ(paths_->unlink("twin-b"), 0);
  const auto after = overlay_->changes().write;
  ASSERT_EQ(after.shared.size(), 1U);
  EXPECT_EQ(after.shared.begin()->second.links, 0U);
  EXPECT_FALSE(after.names.at(root("twin-a")).has_value());
}

TEST_F(OverlayTest, AFileWithoutNamesLivesUntilItIsForgotten) {
  ASSERT_EQ(paths_->make("file", {}), 0);
  const InodeNumber file = inode("file");
  overlay_->hold(file, 2);
  ASSERT_EQ(paths_->unlink("file"), 0);
  EXPECT_TRUE(overlay_->view(file).ok());
  overlay_->forget(file, 1);
  EXPECT_TRUE(overlay_->take_ended().empty());
  overlay_->forget(file, 1);
  EXPECT_EQ(overlay_->take_ended(), std::vector<InodeNumber>{file});
  EXPECT_EQ(overlay_->view(file).error().error, ESTALE);
}

TEST_F(OverlayTest, BoundsHoldAtTheOperation) {
  OverlayOptions options;
  options.files_max = 2;
  Overlay small(options);
  Paths paths(volume_, small);
  EXPECT_EQ(paths.make("1", {}), 0);
  EXPECT_EQ(paths.make("2", {}), 0);
  EXPECT_EQ(paths.make("3", {}), EDQUOT);
  EXPECT_EQ(paths.unlink("1"), 0);
  EXPECT_EQ(paths.make("3", {}), 0);
}

TEST_F(OverlayTest, AHundredThousandNamesAreListedOnceEach) {
  for (int i = 0; i < 50'000; ++i)
    ASSERT_EQ(paths_->make("directory/b" + std::to_string(i), {}), 0);
  ASSERT_TRUE(volume_.commit(overlay_->changes().write));
  begin();
  for (int i = 0; i < 50'000; ++i)
    ASSERT_EQ(paths_->make("directory/o" + std::to_string(i), {}), 0);
  const auto names = paths_->list("directory", 500);
  const std::set<std::string> once(names.begin(), names.end());
  EXPECT_EQ(names.size(), 100'003U);
  EXPECT_EQ(once.size(), names.size());
}

TEST_F(OverlayTest, ATornJournalGivesTheStateBeforeTheLastOperations) {
  std::string journal;
  std::vector<std::size_t> ends;
  std::vector<Tree> trees;
  const auto took = [&] {
    journal += overlay_->take_journal();
    ends.push_back(journal.size());
    trees.push_back(paths_->tree());
    journal += overlay_->take_journal();  // what looking has learnt
  };
  took();
  ASSERT_EQ(paths_->make("new", directory()), 0);
  took();
  ASSERT_EQ(paths_->rename("small", "new/small"), 0);
  took();
  ASSERT_EQ(paths_->rename("directory", "new", RENAME_EXCHANGE), 0);
  took();
  for (std::size_t cut = 0; cut <= journal.size(); ++cut) {
    OverlayOptions options;
    options.snapshot = volume_.head();
    Overlay resumed(options);
    const std::size_t good = resumed.replay(std::string_view(journal).substr(0, cut));
    ASSERT_LE(good, cut);
    if (cut % 17 != 0 && cut != journal.size()) continue;
    Paths paths(volume_, resumed);
    std::size_t last = 0;
    while (last + 1 < ends.size() && ends[last + 1] <= good) ++last;
    ASSERT_EQ(difference(paths.tree(), trees[last]), "") << "cut at " << cut;
  }
  journal[journal.size() / 2] = static_cast<char>(journal[journal.size() / 2] ^ 1);
  Overlay damaged{OverlayOptions{}};
  EXPECT_LT(damaged.replay(journal), journal.size());
}

TEST_F(OverlayTest, ARequestThatComesTwiceIsFoundDoneAlsoAfterARestart) {
  ASSERT_EQ(paths_->make("new", {}), 0);
  overlay_->answered(77, 0, inode("new"));
  Overlay resumed{OverlayOptions{}};
  const std::string journal = overlay_->take_journal();
  ASSERT_EQ(resumed.replay(journal), journal.size());
  ASSERT_TRUE(resumed.earlier(77).has_value());
  EXPECT_EQ(resumed.earlier(77)->inode, inode("new"));
  EXPECT_FALSE(resumed.earlier(78).has_value());
  Overlay again{OverlayOptions{}};
  again.replay(resumed.whole_journal());
  EXPECT_TRUE(again.earlier(77).has_value());
}

}  // namespace
}  // namespace storage_overlay
