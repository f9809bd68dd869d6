// Listing, removing, and copying files in and out.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"

namespace storage {
namespace {

using base::ErrorCode;
using hints::Tier;

base::UniqueFd memory_file(const std::string& bytes) {
  base::UniqueFd fd(::memfd_create("copy", MFD_CLOEXEC));
  EXPECT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return fd;
}

class FilesTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    open_store();
    ASSERT_TRUE(open_volume(wish_).finish().ok());
  }

  base::Result<std::int64_t> put(const std::string& path, const std::string& bytes) {
    return store_->copy_in(memory_file(bytes).get(), {"guest", "v", Tier::kDurable, path});
  }
  std::string get(const std::string& path) {
    const auto to = memory_file("");
    const auto copied = store_->copy_out({"guest", "v", Tier::kDurable, path}, to.get());
    if (!copied.ok()) return std::string(base::name_of(copied.error().code));
    std::string bytes(static_cast<std::size_t>(*copied), '\0');
    EXPECT_EQ(::pread(to.get(), bytes.data(), bytes.size(), 0), *copied);
    return bytes;
  }

  const hints::Volume wish_ = volume_named("v", Tier::kDurable);
};

TEST_F(FilesTest, WhatIsCopiedInBelongsToTheUserAndComesOutAgain) {
  const std::string bytes(3'000'000, 'z');
  const auto copied = put("a/b/c", bytes);
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  EXPECT_EQ(*copied, 3'000'000);
  EXPECT_EQ(get("a/b/c"), bytes);
  ASSERT_TRUE(put("a/b/c", "short").ok());
  EXPECT_EQ(get("a/b/c"), "short");
  const auto volume = open_volume(wish_);
  for (const char* path : {"a", "a/b", "a/b/c"}) {
    struct stat info{};
    ASSERT_EQ(::fstatat(volume.fd(), path, &info, 0), 0);
    EXPECT_EQ(info.st_uid, kUser) << path;
  }
}

TEST_F(FilesTest, APathThatLeadsOutIsRefused) {
  for (const char* path : {"", "/", ".", "..", "/etc/passwd", "../x", "a/../../x", "a/..", "a/",
                           "../../durable.img"}) {
    const auto copied = put(path, "x");
    ASSERT_FALSE(copied.ok()) << path;
    EXPECT_EQ(copied.error().code, ErrorCode::kInvalidArgument) << copied.error().message;
    EXPECT_NE(get(path), "x") << path;
  }
  EXPECT_EQ(get("/etc/passwd"), base::name_of(ErrorCode::kInvalidArgument));
  EXPECT_EQ(get("../x"), base::name_of(ErrorCode::kInvalidArgument));
}

TEST_F(FilesTest, SymbolicLinksInAVolumeLeadNowhere) {
  auto volume = open_volume(wish_);
  const auto outside = directory_ / "outside";
  std::filesystem::create_directory(outside);
  ASSERT_EQ(::symlinkat(outside.c_str(), volume.fd(), "dir"), 0);
  ASSERT_EQ(::symlinkat("/etc/passwd", volume.fd(), "file"), 0);
  ASSERT_EQ(::symlinkat("loop", volume.fd(), "loop"), 0);
  ASSERT_EQ(::symlinkat("/proc/self/root/etc/passwd", volume.fd(), "magic"), 0);
  const std::string refused(base::name_of(ErrorCode::kInvalidArgument));
  for (const char* path : {"file", "dir/x", "loop", "magic", "loop/x"}) {
    EXPECT_EQ(get(path), refused) << path;
  }
  EXPECT_EQ(put("dir/x", "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(outside));
  // A link where the file is to be is replaced, not followed.
  ASSERT_EQ(::symlinkat((outside / "y").c_str(), volume.fd(), "y"), 0);
  ASSERT_TRUE(put("y", "mine").ok());
  EXPECT_TRUE(std::filesystem::is_empty(outside));
  EXPECT_EQ(get("y"), "mine");
}

TEST_F(FilesTest, OnlyRegularFilesAreCopied) {
  auto volume = open_volume(wish_);
  ASSERT_EQ(::mkdirat(volume.fd(), "dir", 0700), 0);
  ASSERT_EQ(::mknodat(volume.fd(), "pipe", S_IFIFO | 0600, 0), 0);
  for (const char* path : {"dir", "pipe", "."}) {
    EXPECT_EQ(get(path), base::name_of(ErrorCode::kInvalidArgument)) << path;
  }
  EXPECT_EQ(get("none"), base::name_of(ErrorCode::kNotFound));
  EXPECT_FALSE(put("dir", "x").ok()) << "a directory is not replaced by a file";
  EXPECT_FALSE(put("pipe/x", "x").ok());
}

TEST_F(FilesTest, ACopyThatDoesNotFitLeavesTheOldFile) {
  auto small = wish_;
  small.quota_bytes = 1'000'000;
  ASSERT_TRUE(open_volume(small).finish().ok());
  ASSERT_TRUE(put("f", "old").ok());
  const auto copied = put("f", std::string(3'000'000, 'n'));
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code, ErrorCode::kNoSpace) << copied.error().message;
  EXPECT_EQ(get("f"), "old");
  EXPECT_EQ(store_->list()->at(0).files, 1);
}

TEST_F(FilesTest, AVolumeThatIsNotThereIsNotFound) {
  const auto file = memory_file("x");
  for (const StoredPath& path : {StoredPath{"guest", "w", Tier::kDurable, "f"},
                                 StoredPath{"guest", "v", Tier::kEphemeral, "f"},
                                 StoredPath{"other", "v", Tier::kDurable, "f"}}) {
    EXPECT_EQ(store_->copy_in(file.get(), path).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store_->copy_out(path, file.get()).error().code, ErrorCode::kNotFound);
  }
  EXPECT_EQ(store_->remove("guest", "w").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->remove("", "").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FilesTest, TheListHasEveryVolumeInOrder) {
  auto other = volume_named("jöb/..", Tier::kEphemeral);
  other.quota_bytes = 5'000'000;
  ASSERT_TRUE(open_volume(other, "a b").finish().ok());
  ASSERT_TRUE(put("f", "12345").ok());
  const auto scratch = open_volume(scratch_named("s"));
  const auto listed = store_->list();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 2U) << "scratch volumes are nobody's";
  EXPECT_EQ(listed->at(0).namespace_name, "a b");
  EXPECT_EQ(listed->at(0).name, "jöb/..");
  EXPECT_EQ(listed->at(0).tier, Tier::kEphemeral);
  EXPECT_EQ(listed->at(0).quota_bytes, 5'000'000);
  EXPECT_EQ(listed->at(1).name, "v");
  EXPECT_EQ(listed->at(1).bytes, 5);
  EXPECT_EQ(listed->at(1).files, 1);
  EXPECT_TRUE(listed->at(1).exact);
}

TEST_F(FilesTest, ARemovedVolumeIsGoneInBothTiersButNotWhileItIsOpen) {
  auto wish = wish_;
  wish.rules = {{"tmp/**", Tier::kEphemeral}};
  auto volume = open_volume(wish);
  ASSERT_EQ(write_at(volume.fd(0), "f", "x"), 0);
  ASSERT_EQ(write_at(volume.fd(1), "g", "x"), 0);
  EXPECT_EQ(store_->remove("guest", "v").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(volume.finish().ok());
  const auto removed = store_->remove("guest", "v");
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_TRUE(store_->list()->empty());
  const auto anew = open_volume(wish);
  EXPECT_EQ(read_at(anew.fd(0), "f"), "ERRNO: No such file or directory");
  EXPECT_EQ(read_at(anew.fd(1), "g"), "ERRNO: No such file or directory");
}

TEST_F(FilesTest, EveryNameOfAVolumeIsAPlaceOfItsOwn) {
  const std::vector<std::string> names = {".",
                                          "..",
                                          "...",
                                          "a/b",
                                          "a%2Fb",
                                          "/",
                                          "%",
                                          " ",
                                          "\n",
                                          "volumes",
                                          "v/../v",
                                          "\xFF",
                                          std::string("\0x", 2)};
  for (const auto& name : names) {
    auto wish = wish_;
    wish.name = name;
    auto volume = open_volume(wish);
    EXPECT_EQ(read_at(volume.fd(), "f"), "ERRNO: No such file or directory") << name;
    ASSERT_EQ(write_at(volume.fd(), "f", name), 0);
    ASSERT_TRUE(volume.finish().ok());
  }
  EXPECT_EQ(store_->list()->size(), names.size() + 1);
  for (const auto& name : names) {
    EXPECT_TRUE(store_->remove("guest", name).ok()) << name;
  }
  EXPECT_EQ(store_->list()->size(), 1U);
}

}  // namespace
}  // namespace storage
