// Attempts through the kernel: what is shared and what is not, and whose bytes are where.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <set>

#include "mounted_fixture.h"

namespace storage_attempts {
namespace {

base::UniqueFd open_file(const Path& path, int flags) {
  return base::UniqueFd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
}

std::string read_at(const base::UniqueFd& fd, std::uint64_t offset, std::size_t bytes) {
  std::string buffer(bytes, '\0');
  const ssize_t got = ::pread(fd.get(), buffer.data(), bytes, static_cast<off_t>(offset));
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

TEST_P(MountedTest, DurableFilesOfAllKindsAreRead) {
  EXPECT_EQ(content_of(at(1) / "small"), "hello\n");
  EXPECT_EQ(content_of(at(1) / "empty"), "");
  EXPECT_EQ(content_of(at(1) / "symlink"), "hello\n");
  EXPECT_EQ(content_of(at(1) / "directory" / "inside"), "within\n");
  EXPECT_EQ(content_of(at(1) / "large"), made_up(inode_of("large"), storage_overlay::kLargeBytes));
  EXPECT_EQ(std::filesystem::hard_link_count(at(1) / "twin-a"), 2U);
  EXPECT_EQ(content_of(at(1) / "twin-a"), content_of(at(1) / "twin-b"));
}

TEST_P(MountedTest, HolesOfADurableFileAreHoles) {
  const auto fd = open_file(at(1) / "sparse", O_RDONLY);
  constexpr off_t kObject = storage::kDataObjectBytes;
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_DATA), 2 * kObject);
  EXPECT_EQ(::lseek(fd.get(), 2 * kObject, SEEK_HOLE), 3 * kObject);
  EXPECT_EQ(read_at(fd, kObject, 3), std::string(3, '\0'));
  EXPECT_EQ(read_at(fd, 2 * kObject, 1)[0], made_up_byte(inode_of("sparse"), 2 * kObject));
  EXPECT_LE(source_->bytes_read(), std::uint64_t{kObject});
}

TEST_P(MountedTest, AFileIsFetchedOnceForAllAttempts) {
  attach(2);
  const std::string expected = made_up(inode_of("large"), storage_overlay::kLargeBytes);
  EXPECT_EQ(content_of(at(1) / "large"), expected);
  EXPECT_EQ(content_of(at(2) / "large"), expected);
  EXPECT_EQ(source_->bytes_read(), storage_overlay::kLargeBytes);
}

TEST_P(MountedTest, AReaderSeesWhatIsWrittenThroughALaterOpenOfTheSameAttempt) {
  const auto reader = open_file(at(1) / "large", O_RDONLY);
  const std::string before = read_at(reader, 0, 5);
  const auto writer = open_file(at(1) / "large", O_RDWR);
  ASSERT_TRUE(writer.valid()) << std::strerror(errno);
  ASSERT_EQ(::pwrite(writer.get(), "WRITE", 5, 0), 5);
  EXPECT_EQ(read_at(reader, 0, 5), "WRITE");
  EXPECT_EQ(read_at(reader, 5, 5), read_at(writer, 5, 5));
  // The store's bytes are what they were.
  attach(2);
  EXPECT_EQ(content_of(at(2) / "large"), made_up(inode_of("large"), storage_overlay::kLargeBytes));
  EXPECT_NE(before, "WRITE");
}

TEST_P(MountedTest, AnotherAttemptsReaderSeesNothingOfIt) {
  attach(2);
  const auto theirs = open_file(at(2) / "large", O_RDONLY);
  const auto reader = open_file(at(1) / "large", O_RDONLY);
  const auto theirs_later = open_file(at(2) / "large", O_RDONLY);
  const auto writer = open_file(at(1) / "large", O_RDWR);
  ASSERT_EQ(::pwrite(writer.get(), "WRITE", 5, 100'000), 5);
  EXPECT_EQ(read_at(reader, 100'000, 5), "WRITE");
  const std::string expected =
      made_up(inode_of("large"), storage_overlay::kLargeBytes).substr(100'000, 5);
  EXPECT_EQ(read_at(theirs, 100'000, 5), expected);
  EXPECT_EQ(read_at(theirs_later, 100'000, 5), expected);
  const auto their_writer = open_file(at(2) / "large", O_RDWR);
  ASSERT_EQ(::pwrite(their_writer.get(), "OTHER", 5, 100'000), 5);
  EXPECT_EQ(read_at(theirs, 100'000, 5), "OTHER");
  EXPECT_EQ(read_at(reader, 100'000, 5), "WRITE");
}

TEST_P(MountedTest, TheLenderOfACacheFileMayChangeIt) {
  attach(2);
  const auto lent = open_file(at(1) / "large", O_RDONLY);
  const auto served = open_file(at(2) / "large", O_RDONLY);
  const std::string expected = made_up(inode_of("large"), storage_overlay::kLargeBytes);
  EXPECT_EQ(read_at(served, 200'000, 10), expected.substr(200'000, 10));
  const auto writer = open_file(at(1) / "large", O_RDWR);
  ASSERT_EQ(::ftruncate(writer.get(), 10), 0);
  EXPECT_EQ(read_at(served, 0, expected.size()), expected);
  EXPECT_EQ(read_at(lent, 0, 100).size(), 10U);
}

TEST_P(MountedTest, MapsAndDescriptorsShowTheSameBytes) {
  const auto reader = open_file(at(1) / "large", O_RDONLY);
  void* const map = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, reader.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  const auto writer = open_file(at(1) / "large", O_RDWR);
  void* const mine = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
  ASSERT_NE(mine, MAP_FAILED);
  std::memcpy(mine, "MAPPED", 6);
  EXPECT_EQ(std::memcmp(map, "MAPPED", 6), 0);
  EXPECT_EQ(read_at(reader, 0, 6), "MAPPED");
  ::munmap(map, 4096);
  ::munmap(mine, 4096);
}

TEST_P(MountedTest, TruncationAtOpenFetchesNothing) {
  const auto fd = open_file(at(1) / "large", O_WRONLY | O_TRUNC);
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(source_->bytes_read(), 0U);
  EXPECT_EQ(std::filesystem::file_size(at(1) / "large"), 0U);
}

TEST_P(MountedTest, TruncationAtOpenOfAFileThatIsReadIsSeenByItsReader) {
  const auto reader = open_file(at(1) / "large", O_RDONLY);
  EXPECT_EQ(put(at(1) / "large", "short"), 0);
  EXPECT_EQ(read_at(reader, 0, 100), "short");
}

TEST_P(MountedTest, AttemptsSeeNothingOfEachOther) {
  attach(2);
  EXPECT_EQ(put(at(1) / "mine", "1"), 0);
  EXPECT_FALSE(std::filesystem::exists(at(2) / "mine"));
  EXPECT_EQ(::unlink((at(1) / "small").c_str()), 0);
  EXPECT_EQ(content_of(at(2) / "small"), "hello\n");
  EXPECT_NE(::link((at(1) / "mine").c_str(), (at(2) / "mine").c_str()), 0);
  EXPECT_EQ(errno, EXDEV);
  EXPECT_NE(::rename((at(1) / "mine").c_str(), (at(2) / "mine").c_str()), 0);
  EXPECT_EQ(errno, EXDEV);
}

TEST_P(MountedTest, WhatWasCommittedIsSeenByTheNext) {
  std::filesystem::create_directories(at(1) / "new" / "deep");
  ASSERT_EQ(put(at(1) / "new" / "deep" / "file", "content"), 0);
  ASSERT_EQ(put(at(1) / "small", "changed"), 0);
  ASSERT_EQ(::link((at(1) / "small").c_str(), (at(1) / "new" / "small").c_str()), 0);
  ASSERT_EQ(::rename((at(1) / "directory").c_str(), (at(1) / "new" / "moved").c_str()), 0);
  ASSERT_EQ(::unlink((at(1) / "twin-a").c_str()), 0);
  ASSERT_TRUE(commit(1));
  attach(2);
  EXPECT_EQ(content_of(at(2) / "new" / "deep" / "file"), "content");
  EXPECT_EQ(content_of(at(2) / "small"), "changed");
  EXPECT_EQ(content_of(at(2) / "new" / "small"), "changed");
  EXPECT_EQ(std::filesystem::hard_link_count(at(2) / "small"), 2U);
  EXPECT_EQ(content_of(at(2) / "new" / "moved" / "inside"), "within\n");
  EXPECT_FALSE(std::filesystem::exists(at(2) / "directory"));
  EXPECT_EQ(std::filesystem::hard_link_count(at(2) / "twin-b"), 1U);
  struct stat first{};
  struct stat second{};
  ASSERT_EQ(::stat((at(1) / "small").c_str(), &first), 0);
  ASSERT_EQ(::stat((at(2) / "small").c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(first.st_mtim.tv_nsec, second.st_mtim.tv_nsec);
}

TEST_P(MountedTest, AFileThatIsOpenAtTheEndIsTakenAsItIs) {
  const auto fd = open_file(at(1) / "open", O_RDWR | O_CREAT);
  ASSERT_EQ(::write(fd.get(), "before", 6), 6);
  const auto finished = files_->finish(1);
  ASSERT_TRUE(finished.ok());
  ASSERT_EQ(::write(fd.get(), "after", 5), 5);
  ASSERT_EQ(finished->staged.size(), 1U);
  EXPECT_TRUE(finished->staged[0].was_open);
  EXPECT_EQ(content_of(finished->staged[0].path), "before");
  EXPECT_EQ(content_of(files_->finish(1)->staged.at(0).path), "before");
  EXPECT_EQ(put(at(1) / "late", ""), EROFS);
}

TEST_P(MountedTest, AnOldDescriptorWritesIntoTheVoid) {
  const auto fd = open_file(at(1) / "small", O_RDWR | O_TRUNC);
  ASSERT_EQ(::write(fd.get(), "one", 3), 3);
  ASSERT_TRUE(commit(1));
  files_->drop(1);
  attach(2);
  EXPECT_EQ(::pwrite(fd.get(), "LATE", 4, 0), 4);
  EXPECT_EQ(content_of(at(2) / "small"), "one");
  ASSERT_EQ(put(at(2) / "small", "two"), 0);
  EXPECT_EQ(::pwrite(fd.get(), "LATER", 5, 0), 5);
  EXPECT_EQ(content_of(at(2) / "small"), "two");
  EXPECT_TRUE(std::filesystem::is_empty(staging(1)));
  EXPECT_FALSE(std::filesystem::exists(at(1) / "small"));
}

TEST_P(MountedTest, NamesMayHoldAnyBytes) {
  std::string name;
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/') name += static_cast<char>(byte);
  name.resize(254);
  name += 'x';
  EXPECT_EQ(put(at(1) / name, "1"), 0);
  EXPECT_EQ(put(at(1) / (name + "y"), "1"), ENAMETOOLONG);
  ASSERT_TRUE(commit(1));
  attach(2);
  EXPECT_EQ(content_of(at(2) / name), "1");
}

TEST_P(MountedTest, OffsetsMayBeATebibyte) {
  const auto fd = open_file(at(1) / "huge", O_RDWR | O_CREAT);
  constexpr off_t kFar = off_t{1} << 40;
  ASSERT_EQ(::pwrite(fd.get(), "end", 3, kFar), 3);
  EXPECT_EQ(read_at(fd, kFar, 3), "end");
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_DATA), kFar);
  struct stat stat{};
  ASSERT_EQ(::fstat(fd.get(), &stat), 0);
  EXPECT_EQ(stat.st_size, kFar + 3);
  EXPECT_LE(stat.st_blocks, 64);
}

TEST_P(MountedTest, AFileWithoutANameMayGetOne) {
  const auto fd = open_file(at(1), O_TMPFILE | O_RDWR);
  ASSERT_TRUE(fd.valid()) << std::strerror(errno);
  ASSERT_EQ(::write(fd.get(), "named", 5), 5);
  const std::string self = "/proc/self/fd/" + std::to_string(fd.get());
  ASSERT_EQ(
      ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, (at(1) / "named").c_str(), AT_SYMLINK_FOLLOW), 0)
      << std::strerror(errno);
  EXPECT_EQ(content_of(at(1) / "named"), "named");
}

TEST_P(MountedTest, AListingIsWholeWhileNamesComeAndGo) {
  std::set<std::string> stay;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "file" + std::to_string(i);
    ASSERT_EQ(put(at(1) / "directory" / name, ""), 0);
    if (i % 2 == 0) stay.insert(name);
  }
  std::multiset<std::string> seen;
  int count = 0;
  for (const auto& item : std::filesystem::directory_iterator(at(1) / "directory")) {
    seen.insert(item.path().filename());
    if (count < 1000) {
      ::unlink((at(1) / "directory" / ("file" + std::to_string(2 * count + 1))).c_str());
      put(at(1) / "directory" / ("new" + std::to_string(count++)), "");
    }
  }
  for (const auto& name : stay) EXPECT_EQ(seen.count(name), 1U) << name;
}

TEST_P(MountedTest, StagingFilesGoWithTheLastUse) {
  const auto fd = open_file(at(1) / "gone", O_RDWR | O_CREAT);
  const auto count = [&] {
    return std::distance(std::filesystem::directory_iterator(staging(1)), {});
  };
  EXPECT_EQ(count(), 2);  // and the journal
  ASSERT_EQ(::unlink((at(1) / "gone").c_str()), 0);
  ASSERT_EQ(::write(fd.get(), "x", 1), 1);
}

TEST_P(MountedTest, WhatWasMovedIsCounted) {
  const auto large = static_cast<std::int64_t>(storage_overlay::kLargeBytes);
  content_of(at(1) / "large");
  content_of(at(1) / "small");
  ASSERT_EQ(put(at(1) / "new", "12345"), 0);
  const auto first = files_->traffic(1);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->at(0).read_remote_bytes, large);
  EXPECT_EQ(first->at(0).read_local_bytes, 6);
  EXPECT_EQ(first->at(0).written_bytes, 5);
  attach(2);
  content_of(at(2) / "large");
  EXPECT_EQ(files_->traffic(2)->at(0).read_remote_bytes, 0) << "it is in the cache";
  EXPECT_EQ(files_->traffic(2)->at(0).read_local_bytes, large);
}

TEST_P(MountedTest, AfterAnotherStartOfTheMachineTheCacheIsEmpty) {
  content_of(at(1) / "large");
  const auto cached = [&] {
    auto cache = ContentCache::open({.directory = directory_ / "cache"});
    EXPECT_TRUE(cache.ok());
    return (*cache)->bytes();
  };
  EXPECT_EQ(cached(), storage_overlay::kLargeBytes);
  ASSERT_EQ(put(directory_ / "cache" / ".boot", "another"), 0);
  EXPECT_EQ(cached(), 0U);
  EXPECT_EQ(cached(), 0U);
}

TEST_P(MountedTest, SlotsComeRoundWithANewGeneration) {
  attach(2);
  EXPECT_EQ(put(at(2) / "old", "old"), 0);
  EXPECT_TRUE(std::filesystem::exists(at(2) / "old"));
  files_->drop(2);
  const std::uint64_t next = 2 + kSlots;
  EXPECT_EQ(AttemptFileSystem::node_of(next, 1), AttemptFileSystem::node_of(2, 1));
  attach(next);
  EXPECT_FALSE(std::filesystem::exists(at(2)));
  EXPECT_FALSE(std::filesystem::exists(at(next) / "old"));
  EXPECT_EQ(put(at(next) / "old", "new"), 0);
  EXPECT_EQ(content_of(at(next) / "old"), "new");
}

TEST_P(MountedTest, AFileLargerThanTheCacheIsReadAllTheSame) {
  auto small = ContentCache::open({directory_ / "cache", 1000});
  ASSERT_TRUE(small.ok());
  std::promise<base::Result<std::shared_ptr<CachedFile>>> got;
  const auto entry = volume_.find({storage::kRootInode, "large"});
  (*small)->get("v", entry->inode, entry->content, source_,
                [&](auto file) { got.set_value(std::move(file)); });
  const auto file = got.get_future().get();
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*file)->size(), storage_overlay::kLargeBytes);
}

[[noreturn]] void write_through_a_map(const char* path) {
  constexpr std::size_t kBytes = 16 << 20;
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || ::ftruncate(file, kBytes) != 0) ::_exit(1);
  void* const map = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) ::_exit(2);
  std::memset(map, 'x', kBytes);
  ::_exit(0);
}

// A write through a map is done by the kernel later, when the program may be gone.
TEST_P(MountedTest, WhatAMapWroteAndTheDiskCouldNotHoldIsNotCommitted) {
  if (GetParam()) GTEST_SKIP() << "the kernel writes itself, and tells by a signal";
  std::filesystem::create_directory(staging(2));
  ASSERT_EQ(::mount("small", staging(2).c_str(), "tmpfs", 0, "size=8m"), 0) << errno;
  attach(2);
  const std::string path = at(2) / "mapped";
  // A process of its own: the kernel writes while it holds what the server's process must not miss.
  const pid_t child = ::fork();
  if (child == 0) write_through_a_map(path.c_str());
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const auto finished = files_->finish(2);
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().code, base::ErrorCode::kNoSpace);
  EXPECT_NE(finished.error().message.find("\"mapped\""), std::string::npos)
      << finished.error().message;
  files_->drop(2);
  ASSERT_EQ(::umount2(staging(2).c_str(), MNT_DETACH), 0);
}

TEST_P(MountedTest, BytesOverTheBoundAreRefused) {
  AttemptOptions options;
  options.number = 3;
  options.volume = "test/volume";
  options.staging = staging(3);
  options.source = source_;
  options.staged_budget = std::make_shared<ByteBudget>(staging(3), 1000);
  options.overlay.files_max = 3;
  std::filesystem::create_directories(options.staging);
  ASSERT_TRUE(files_->attach(std::move(options)).ok());
  EXPECT_FALSE(open_file(at(3) / "large", O_RDWR).valid());
  EXPECT_EQ(errno, EDQUOT);
  EXPECT_EQ(put(at(3) / "0", std::string(1000, 'x')), 0);
  {
    const auto fd = open_file(at(3) / "1", O_RDWR | O_CREAT);
    EXPECT_EQ(::write(fd.get(), "x", 1), -1);
    EXPECT_EQ(errno, EDQUOT);
    EXPECT_EQ(::ftruncate(fd.get(), 1), -1);
    EXPECT_EQ(errno, EDQUOT);
    EXPECT_EQ(::fallocate(fd.get(), 0, 0, 1), -1);
    EXPECT_EQ(errno, EDQUOT);
    EXPECT_EQ(::truncate((at(3) / "0").c_str(), 10), 0);
    EXPECT_EQ(::write(fd.get(), std::string(990, 'y').data(), 990), 990) << "there is room again";
    EXPECT_EQ(read_at(fd, 0, 5), "yyyyy");
  }
  EXPECT_EQ(put(at(3) / "2", ""), 0);
  EXPECT_EQ(put(at(3) / "4", ""), EDQUOT);
  EXPECT_EQ(::unlink((at(3) / "1").c_str()), 0);
  // It counts until the kernel has said that nobody uses it any more.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int error = EDQUOT;
  while (error == EDQUOT && std::chrono::steady_clock::now() < end) error = put(at(3) / "4", "");
  EXPECT_EQ(error, 0);
}

INSTANTIATE_TEST_SUITE_P(Kernel, MountedTest, testing::Bool(), [](const auto& one) {
  return one.param ? std::string("Passthrough") : std::string("Served");
});

}  // namespace
}  // namespace storage_attempts
