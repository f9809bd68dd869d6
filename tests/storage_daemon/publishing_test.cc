// Isolation "none", and fsync that publishes: what an activation does is everybody's before it
// ends.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>

#include "one_node.h"

namespace storaged_test {
namespace {

using base::UniqueFd;
using storage::CommitReport;
using Names = std::vector<std::string>;

bool put(const UniqueFd& file, const std::string& text) {
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string get(const UniqueFd& file) {
  std::string text(100, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  return got < 0 ? "errno " + std::to_string(errno) : text.substr(0, static_cast<std::size_t>(got));
}

class Publishing : public OneNode {
 protected:
  Use none(const std::string& activation) {
    hints::Volume volume = volume_of("job");
    volume.isolation = hints::Isolation::kNone;
    return Use(*client_, activation, volume);
  }
  Use on_sync(const std::string& activation) {
    hints::Volume volume = volume_of("job");
    volume.fsync = hints::FsyncMeans::kPublish;
    return Use(*client_, activation, volume);
  }
  static UniqueFd open(const Use& use, const std::string& path, int flags) {
    return UniqueFd(::openat(use.root(), path.c_str(), flags | O_CLOEXEC, 0644));
  }
};

class None : public Publishing {};
class OnSync : public Publishing {};

TEST_F(None, WhatACloseWroteOthersReadAtTheirNextOpen) {
  Use writer = none("a1"), reader = none("a2");
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader.read("file"), std::nullopt);
  ASSERT_TRUE(writer.write("file", "one")) << errno;
  EXPECT_EQ(reader.read("file"), "one");
  ASSERT_TRUE(writer.write("file", "two and more")) << errno;
  EXPECT_EQ(reader.read("file"), "two and more");
  ASSERT_TRUE(reader.write("file", "three")) << errno;
  EXPECT_EQ(writer.read("file"), "three");
  const std::string large(9'000'001, 'x');
  ASSERT_TRUE(writer.write("large", large)) << errno;
  EXPECT_EQ(reader.read("large"), large);
  const std::string other(5'000'000, 'y');
  ASSERT_TRUE(writer.write("large", other)) << errno;
  EXPECT_EQ(reader.read("large"), other);
  const auto report = writer.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->isolation, hints::Isolation::kNone);
  EXPECT_EQ(report->commit->kind, CommitReport::Kind::kOk);
  EXPECT_EQ(report->traffic.at(0).written_bytes, 14'000'016);
  ASSERT_TRUE(reader.finish(true));
}

TEST_F(None, ChangesOfNamesAreThereAtOnce) {
  Use one = none("a1"), two = none("a2");
  ASSERT_EQ(::mkdirat(one.root(), "d", 0755), 0);
  ASSERT_TRUE(one.write("d/a", "a"));
  EXPECT_EQ(two.list("."), Names{"d"});
  EXPECT_EQ(two.list("d"), Names{"a"});
  ASSERT_EQ(::renameat(two.root(), "d/a", two.root(), "d/b"), 0);
  ASSERT_EQ(::linkat(two.root(), "d/b", two.root(), "c", 0), 0);
  ASSERT_EQ(::symlinkat("c", two.root(), "s"), 0);
  EXPECT_EQ(one.list("d"), Names{"b"});
  EXPECT_EQ(one.list("."), (Names{"c", "d", "s"}));
  EXPECT_EQ(one.read("s"), "a");
  ASSERT_TRUE(one.write("c", "of both names"));
  EXPECT_EQ(two.read("d/b"), "of both names");
  ASSERT_EQ(::fchmodat(one.root(), "c", 0600, 0), 0);
  struct stat stat{};
  ASSERT_EQ(::fstatat(two.root(), "d/b", &stat, 0), 0);
  EXPECT_EQ(stat.st_mode & 07777, 0600U);
  EXPECT_EQ(stat.st_nlink, 2U);
  ASSERT_EQ(::unlinkat(one.root(), "d/b", 0), 0);
  ASSERT_EQ(::unlinkat(two.root(), "d", AT_REMOVEDIR), 0) << errno;
  EXPECT_EQ(one.list("."), (Names{"c", "s"}));
  EXPECT_EQ(::mkdirat(one.root(), "d/x", 0755), -1);
  EXPECT_EQ(errno, ENOENT);
  ASSERT_EQ(::fstatat(one.root(), "c", &stat, 0), 0);
  EXPECT_EQ(stat.st_nlink, 1U);
  EXPECT_EQ(one.read("c"), "of both names");
  ASSERT_TRUE(one.finish(true));
  ASSERT_TRUE(two.finish(true));
}

TEST_F(None, AFailureUndoesNothingThatWasPublished) {
  Use writer = none("a1");
  ASSERT_TRUE(writer.write("closed", "kept"));
  const UniqueFd open_file = open(writer, "open", O_WRONLY | O_CREAT);
  ASSERT_TRUE(put(open_file, "lost"));
  const auto report = writer.finish(false);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->commit->kind, CommitReport::Kind::kAborted);
  EXPECT_EQ(report->commit->reason, "the activation failed; what it had published stays");
  Use next(*client_, "a2", volume_of("job"));
  EXPECT_EQ(next.read("closed"), "kept");
  EXPECT_EQ(next.read("open"), "") << "its name was published, its bytes were not";
}

TEST_F(None, WhatIsOpenAtTheEndOfAnActivationThatSucceededIsPublishedThen) {
  Use writer = none("a1");
  const UniqueFd file = open(writer, "open", O_WRONLY | O_CREAT);
  ASSERT_TRUE(put(file, "all of it"));
  const auto report = writer.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->open_at_end, Names{"open"});
  ASSERT_TRUE(put(file, "and nothing more"));
  Use next = none("a2");
  EXPECT_EQ(next.read("open"), "all of it");
}

TEST_F(None, FsyncPublishesAFileThatStaysOpen) {
  Use writer = none("a1"), reader = none("a2");
  const UniqueFd file = open(writer, "log", O_WRONLY | O_CREAT | O_APPEND);
  ASSERT_TRUE(put(file, "one,"));
  EXPECT_EQ(reader.read("log"), "") << "the name is there, the bytes are not";
  ASSERT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(reader.read("log"), "one,");
  ASSERT_TRUE(put(file, "two,"));
  EXPECT_EQ(reader.read("log"), "one,");
  ASSERT_EQ(::fdatasync(file.get()), 0);
  EXPECT_EQ(reader.read("log"), "one,two,");
  EXPECT_EQ(writer.read("log"), "one,two,");
}

TEST_F(None, OfTwoThatMakeANameExclusivelyOneGetsIt) {
  constexpr int kRounds = 20;
  Use first = none("a1"), second = none("a2");
  std::vector<Use*> uses{&first, &second};
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "lock" + std::to_string(round);
    std::vector<int> errors(uses.size(), -1);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < uses.size(); ++i) {
      threads.emplace_back([&, i] {
        const UniqueFd file = open(*uses[i], name, O_WRONLY | O_CREAT | O_EXCL);
        errors[i] = file.valid() ? 0 : errno;
      });
    }
    threads.clear();
    std::ranges::sort(errors);
    EXPECT_EQ(errors, (std::vector<int>{0, EEXIST}));
  }
}

TEST_F(None, OfTwoThatWriteOneFileTheLastOneToCloseWins) {
  Use first = none("a1"), second = none("a2");
  ASSERT_TRUE(first.write("file", "before"));
  UniqueFd one = open(first, "file", O_WRONLY | O_TRUNC);
  UniqueFd two = open(second, "file", O_WRONLY | O_TRUNC);
  ASSERT_TRUE(put(one, "of the first") && put(two, "of the second"));
  ASSERT_EQ(::fchmodat(second.root(), "file", 0640, 0), 0);
  ASSERT_EQ(::close(two.release()), 0);
  ASSERT_EQ(::close(one.release()), 0);
  for (const Use* use : {&first, &second}) EXPECT_EQ(use->read("file"), "of the first");
  struct stat stat{};
  ASSERT_EQ(::fstatat(first.root(), "file", &stat, 0), 0);
  EXPECT_EQ(stat.st_mode & 07777, 0640U) << "attributes and bytes are changed apart";
}

TEST_F(None, AFileThatOthersRemovedTellsWhoClosesIt) {
  Use first = none("a1"), second = none("a2");
  ASSERT_TRUE(first.write("file", "before"));
  UniqueFd file = open(first, "file", O_RDWR);
  ASSERT_TRUE(put(file, "after!"));
  ASSERT_EQ(::unlinkat(second.root(), "file", 0), 0);
  EXPECT_EQ(::close(file.release()), -1);
  EXPECT_EQ(errno, ESTALE);
  EXPECT_EQ(first.list("."), Names{});
  // One's own removal is no error: that is how temporary files are used.
  UniqueFd own = open(first, "own", O_RDWR | O_CREAT);
  ASSERT_EQ(::unlinkat(first.root(), "own", 0), 0);
  ASSERT_TRUE(put(own, "bytes"));
  EXPECT_EQ(get(own), "bytes");
  EXPECT_EQ(::close(own.release()), 0);
  ASSERT_TRUE(first.finish(true));
}

TEST_F(None, AnOpenFileStaysWhatItWasAndAnotherOpenIsWhatItIsNow) {
  Use first = none("a1"), second = none("a2");
  const std::string old_bytes(100'000, 'o'), new_bytes(50'000, 'n');
  ASSERT_TRUE(second.write("file", old_bytes));
  const UniqueFd held = open(first, "file", O_RDONLY);
  EXPECT_EQ(get(held), std::string(100, 'o'));
  ASSERT_TRUE(second.write("file", new_bytes));
  EXPECT_EQ(first.read("file"), new_bytes);
  EXPECT_EQ(get(held), std::string(100, 'o'));
  EXPECT_FALSE(open(first, "file", O_WRONLY).valid()) << "it would overwrite what it never saw";
  EXPECT_EQ(errno, ESTALE);
}

TEST_F(None, ADirectoryThatOthersChangeIsListedOnceAndWhole) {
  Use lister = none("a1"), other = none("a2");
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(other.write("f" + std::to_string(1000 + i), "")) << errno;
  }
  const int fd = ::openat(lister.root(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = ::fdopendir(fd);
  std::map<std::string, int> seen;
  int step = 0;
  while (const dirent* item = ::readdir(listing)) {
    ++seen[item->d_name];
    if (++step % 20 != 0) continue;
    ASSERT_TRUE(other.write("a" + std::to_string(step), "")) << errno;
    ASSERT_EQ(::unlinkat(other.root(), ("f" + std::to_string(1299 - step / 20)).c_str(), 0), 0);
    struct stat stat{};
    ::fstatat(lister.root(), "f1000", &stat, 0);  // so that it moves on
  }
  ::closedir(listing);
  for (int i = 0; i < 280; ++i) EXPECT_EQ(seen["f" + std::to_string(1000 + i)], 1) << i;
  for (const auto& [name, times] : seen) EXPECT_LE(times, 1) << name;
}

TEST_F(None, ATruncatedAndAMappedFileArePublishedToo) {
  Use first = none("a1"), second = none("a2");
  ASSERT_TRUE(first.write("file", "123456789"));
  const UniqueFd file = open(first, "file", O_RDWR);
  void* const map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  static_cast<char*>(map)[0] = 'm';
  ASSERT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(second.read("file"), "m23456789");
  ::munmap(map, 4096);
  const std::string path = "/proc/self/fd/" + std::to_string(second.root()) + "/file";
  ASSERT_EQ(::truncate(path.c_str(), 3), 0) << errno;
  Use third = none("a3");
  EXPECT_EQ(third.read("file"), "m23");
}

TEST_F(None, ManyThreadsOfOneActivationDoNotWaitForEachOtherForEver) {
  Use use = none("a1");
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&use, thread] {
      const std::string own = "d" + std::to_string(thread);
      EXPECT_EQ(::mkdirat(use.root(), own.c_str(), 0755), 0);
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(use.write(own + "/f" + std::to_string(i), std::to_string(i))) << errno;
        EXPECT_EQ(use.list(own).size(), static_cast<std::size_t>(i) + 1);
      }
    });
  }
  threads.clear();
  ASSERT_TRUE(use.finish(true));
  Use next = none("a2");
  for (int thread = 0; thread < 8; ++thread) {
    EXPECT_EQ(next.list("d" + std::to_string(thread)).size(), 10U);
    EXPECT_EQ(next.read("d" + std::to_string(thread) + "/f7"), "7");
  }
}

TEST_F(None, ARestartOfTheDaemonIsNotNoticed) {
  Use first = none("a1"), second = none("a2");
  ASSERT_TRUE(first.write("before", "1"));
  const UniqueFd file = open(first, "open", O_RDWR | O_CREAT);
  ASSERT_TRUE(put(file, "written before"));
  node_->kill_daemon();
  EXPECT_EQ(second.read("before"), "1");
  EXPECT_EQ(second.read("open"), "");
  ASSERT_EQ(::fsync(file.get()), 0) << errno;
  EXPECT_EQ(second.read("open"), "written before");
  ASSERT_EQ(::fchmodat(first.root(), "open", 0600, 0), 0) << errno;
  EXPECT_EQ(second.read("open"), "written before");
  ASSERT_TRUE(second.write("after", "2"));
  EXPECT_EQ(first.read("after"), "2");
  ASSERT_TRUE(first.finish(true));
  ASSERT_TRUE(second.finish(true));
}

// What others do in between is seen; what one did oneself must be there at once.
TEST_F(None, WhileTheDaemonDiesEachNameIsMadeOnce) {
  Use use = none("a1"), other = none("a2");
  std::atomic<bool> over = false;
  std::jthread killer([&] {
    for (int i = 0; i < 5; ++i) node_->kill_daemon();
    over = true;
  });
  int made = 0;
  for (; !over || made < 50; ++made) {
    const std::string name = "f" + std::to_string(made);
    const UniqueFd file = open(use, name, O_WRONLY | O_CREAT | O_EXCL);
    ASSERT_TRUE(file.valid()) << name << ": " << errno;
    ASSERT_TRUE(put(file, name));
  }
  killer.join();
  EXPECT_EQ(other.list(".").size(), static_cast<std::size_t>(made));
  for (int i = 0; i < made; ++i) {
    const std::string name = "f" + std::to_string(i);
    EXPECT_EQ(other.read(name), name);
  }
}

TEST_F(OnSync, WhatWasSyncedStaysAndTheRestIsTheActivations) {
  Use writer = on_sync("a1");
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_EQ(::mkdirat(writer.root(), "d", 0755), 0);
  ASSERT_TRUE(writer.write("before", "closed"));
  UniqueFd file = open(writer, "d/database", O_RDWR | O_CREAT);
  ASSERT_TRUE(put(file, "one,"));
  Use early(*client_, "r1", volume_of("job"));
  EXPECT_EQ(early.list("."), Names{});
  ASSERT_EQ(::fsync(file.get()), 0) << errno;
  Use later(*client_, "r2", volume_of("job"));
  EXPECT_EQ(later.read("d/database"), "one,");
  EXPECT_EQ(later.read("before"), "closed") << "all that was done is one step";
  ASSERT_TRUE(put(file, "two"));
  ASSERT_TRUE(writer.write("after", "never synced"));
  EXPECT_EQ(writer.read("d/database"), "one,two");
  ASSERT_TRUE(writer.finish(false));
  Use last(*client_, "r3", volume_of("job"));
  EXPECT_EQ(last.read("d/database"), "one,");
  EXPECT_EQ(last.list("."), (Names{"before", "d"}));
}

TEST_F(OnSync, ASyncedDirectoryIsAPublication) {
  Use writer = on_sync("a1");
  ASSERT_EQ(::mkdirat(writer.root(), "d", 0755), 0);
  const UniqueFd root(::openat(writer.root(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::fsync(root.get()), 0);
  Use reader(*client_, "r1", volume_of("job"));
  EXPECT_EQ(reader.list("."), Names{"d"});
  const auto report = writer.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->commit->number, 1U);
}

TEST_F(OnSync, EachSyncBeginsATransactionAboveTheOneBefore) {
  Use writer = on_sync("a1"), other(*client_, "a2", volume_of("job"));
  const UniqueFd file = open(writer, "file", O_RDWR | O_CREAT);
  ASSERT_TRUE(other.write("others", "1"));
  ASSERT_TRUE(other.finish(true));
  EXPECT_EQ(writer.list("."), Names{"file"}) << "a snapshot does not move by itself";
  ASSERT_TRUE(put(file, "1"));
  ASSERT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(writer.list("."), (Names{"file", "others"}));
  EXPECT_EQ(writer.read("others"), "1");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(put(file, "x"));
    ASSERT_EQ(::fsync(file.get()), 0) << i;
  }
  ASSERT_EQ(::renameat(writer.root(), "others", writer.root(), "mine"), 0);
  ASSERT_EQ(::unlinkat(writer.root(), "file", 0), 0);
  const auto report = writer.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->commit->number, 23U);
  Use reader(*client_, "r1", volume_of("job"));
  EXPECT_EQ(reader.list("."), Names{"mine"});
}

TEST_F(OnSync, WhoWasNotFirstHearsItFromFsyncAndAtTheEnd) {
  ASSERT_TRUE(Use(*client_, "a0", volume_of("job")).finish(true));
  Use loser = on_sync("a1"), winner(*client_, "a2", volume_of("job"));
  const UniqueFd file = open(loser, "file", O_RDWR | O_CREAT);
  ASSERT_TRUE(put(file, "lost"));
  ASSERT_TRUE(winner.write("file", "won"));
  ASSERT_TRUE(winner.finish(true));
  EXPECT_EQ(::fsync(file.get()), -1);
  EXPECT_EQ(errno, EIO);
  const auto lost = loser.finish(true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, base::ErrorCode::kConflict);
  EXPECT_NE(lost.error().message.find("activation a2"), std::string::npos) << lost.error().message;
  Use reader(*client_, "r1", volume_of("job"));
  EXPECT_EQ(reader.read("file"), "won");
}

// Others changed what this one still has open for writing, after its last sync.
TEST_F(OnSync, AnOpenFileCountsAsWrittenAtEachSync) {
  Use loser = on_sync("a1");
  const UniqueFd file = open(loser, "file", O_RDWR | O_CREAT);
  ASSERT_TRUE(put(file, "mine"));
  ASSERT_EQ(::fsync(file.get()), 0);
  Use winner(*client_, "a2", volume_of("job"));
  ASSERT_TRUE(winner.write("file", "theirs"));
  ASSERT_TRUE(winner.finish(true));
  ASSERT_TRUE(loser.write("another", "x"));
  const UniqueFd another = open(loser, "another", O_RDONLY);
  EXPECT_EQ(::fsync(another.get()), -1);
  EXPECT_FALSE(loser.finish(true));
}

TEST_F(OnSync, ARestartOfTheDaemonIsNotNoticed) {
  Use writer = on_sync("a1");
  const UniqueFd file = open(writer, "file", O_RDWR | O_CREAT);
  ASSERT_TRUE(put(file, "1"));
  ASSERT_EQ(::fsync(file.get()), 0);
  ASSERT_TRUE(put(file, "2"));
  node_->kill_daemon();
  ASSERT_TRUE(put(file, "3"));
  ASSERT_EQ(::fsync(file.get()), 0) << errno;
  Use reader(*client_, "r1", volume_of("job"));
  EXPECT_EQ(reader.read("file"), "123");
  node_->kill_daemon();
  ASSERT_TRUE(put(file, "4"));
  const auto report = writer.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->commit->number, 3U);
}

}  // namespace
}  // namespace storaged_test
