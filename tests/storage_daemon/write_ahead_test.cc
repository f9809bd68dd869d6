// What an activation has stored before its end, and what its node keeps of it afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "one_node.h"
#include "testing/eventually.h"

namespace storaged_test {
namespace {

namespace fs = std::filesystem;
using testing_support::eventually;

constexpr std::size_t kPiece = 4 << 20;

// Every piece is another.
std::string some_bytes(std::size_t count) {
  std::string text(count, '\0');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + (i / kPiece + i) % 26);
  return text;
}

class WriteAhead : public OneNode {
 protected:
  Use use(const std::string& activation) { return Use(*client_, activation, volume_of("job")); }

  // Whole pieces among the store's data objects.
  std::size_t stored() const {
    std::size_t count = 0;
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder_.path() / "state" / "store" / "data", ignored),
         end;
         at != end; at.increment(ignored)) {
      count += at->is_regular_file(ignored) && at->file_size(ignored) >= kPiece ? 1 : 0;
    }
    return count;
  }
  testing::AssertionResult comes_to(std::size_t count) const {
    if (eventually([&] { return stored() == count; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << stored() << " pieces";
  }
  bool collect() const { return client_->ask(storage_control::Collect{{"guest", "job", ""}}).ok(); }
  // As it is in the store.
  std::optional<std::string> read(const std::string& path) {
    for (const auto& entry : fs::directory_iterator(folder_.path() / "state" / "cache"))
      fs::remove(entry.path());
    node_->kill_daemon();
    return use("reader" + std::to_string(++readers_)).read(path);
  }

  base::UniqueFd write_and_wait(const Use& attempt, const std::string& text) const {
    base::UniqueFd fd(::openat(attempt.root(), "file", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    EXPECT_TRUE(comes_to(text.size() / kPiece)) << "the file is open, nothing has ended";
    return fd;
  }

  const std::string text_ = some_bytes(3 * kPiece + 12'345);
  int readers_ = 0;
};

TEST_F(WriteAhead, WhatWasStoredWhileItWasWrittenIsTheCommits) {
  Use attempt = use("a1");
  write_and_wait(attempt, text_).reset();
  Use other = use("a2");
  EXPECT_EQ(other.read("file"), std::nullopt) << "nothing of it is visible";
  const auto report = attempt.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(other.read("file"), std::nullopt);
  EXPECT_EQ(read("file"), text_);
  EXPECT_EQ(stored(), 3U);
}

TEST_F(WriteAhead, WhatIsWrittenOverAfterItWasStoredIsRight) {
  Use attempt = use("a1");
  base::UniqueFd fd = write_and_wait(attempt, text_);
  std::string wanted = text_;
  ASSERT_EQ(::pwrite(fd.get(), "over", 4, kPiece + 1000), 4);
  wanted.replace(kPiece + 1000, 4, "over");
  ASSERT_EQ(::ftruncate(fd.get(), 2 * kPiece + 5), 0);
  wanted.resize(2 * kPiece + 5);
  fd.reset();
  const auto report = attempt.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(read("file"), wanted);
  EXPECT_EQ(stored(), 2U);
}

TEST_F(WriteAhead, AFileThatIsOpenAtTheEndIsCommittedAsItWas) {
  Use attempt = use("a1");
  const base::UniqueFd fd = write_and_wait(attempt, text_);
  ASSERT_EQ(::pwrite(fd.get(), "over", 4, 0), 4);
  ASSERT_TRUE(attempt.finish(true));
  ASSERT_EQ(::pwrite(fd.get(), "late", 4, 0), 4) << "into the void";
  EXPECT_EQ(use("a2").read("file"), "over" + text_.substr(4)) << "out of the cache";
  EXPECT_EQ(read("file"), "over" + text_.substr(4));
}

TEST_F(WriteAhead, OfAnActivationThatFailsNothingIsLeft) {
  Use attempt = use("a1");
  write_and_wait(attempt, text_).reset();
  ASSERT_TRUE(attempt.finish(false));
  EXPECT_TRUE(collect());
  EXPECT_EQ(stored(), 0U);
  EXPECT_EQ(read("file"), std::nullopt);
}

TEST_F(WriteAhead, AFileThatWasRemovedAgainLeavesNothing) {
  Use attempt = use("a1");
  write_and_wait(attempt, text_).reset();
  ASSERT_EQ(::unlinkat(attempt.root(), "file", 0), 0);
  ASSERT_TRUE(attempt.finish(true));
  EXPECT_TRUE(collect());
  EXPECT_EQ(stored(), 0U);
}

TEST_F(WriteAhead, ADaemonThatFollowsStoresItAnewAndCollectsWhatWasThere) {
  Use attempt = use("a1");
  write_and_wait(attempt, text_).reset();
  node_->kill_daemon();
  const auto report = attempt.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(read("file"), text_);
  EXPECT_TRUE(collect());
  EXPECT_EQ(stored(), 3U);
}

TEST_F(WriteAhead, FilesThatWereClosedAreStoredToo) {
  Use attempt = use("a1");
  const std::string text = some_bytes(kPiece);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(attempt.write("file" + std::to_string(i), text));
  EXPECT_TRUE(comes_to(20));
  ASSERT_TRUE(attempt.finish(true));
  Use next = use("a2");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next.read("file" + std::to_string(i)), text);
}

TEST_F(WriteAhead, TheNextActivationOnTheNodeReadsWithoutTheStore) {
  Use attempt = use("a1");
  ASSERT_TRUE(attempt.write("file", text_) && attempt.write("middle", std::string(50'000, 'm')));
  ASSERT_TRUE(attempt.finish(true));
  Use next = use("a2");
  EXPECT_EQ(next.read("file"), text_);
  EXPECT_EQ(next.read("middle"), std::string(50'000, 'm'));
  const auto report = next.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->traffic.at(0).read_remote_bytes, 0);
  EXPECT_EQ(report->traffic.at(0).read_local_bytes,
            static_cast<std::int64_t>(text_.size()) + 50'000);
}

TEST_F(WriteAhead, WhoeverWritesToACommittedFileWritesToItsOwn) {
  Use attempt = use("a1");
  ASSERT_TRUE(attempt.write("file", text_));
  ASSERT_TRUE(attempt.finish(true));
  Use reader = use("a2"), writer = use("a3");
  EXPECT_EQ(reader.read("file"), text_);
  {
    const base::UniqueFd fd(::openat(writer.root(), "file", O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), "mine", 4, 0), 4);
  }
  EXPECT_EQ(writer.read("file"), "mine" + text_.substr(4));
  EXPECT_EQ(reader.read("file"), text_);
  ASSERT_TRUE(writer.finish(false));
  EXPECT_EQ(use("a4").read("file"), text_);
}

}  // namespace
}  // namespace storaged_test
