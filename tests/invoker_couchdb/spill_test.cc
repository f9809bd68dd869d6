#include "spill.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "testing/action_server.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using Documents = std::vector<std::string>;

class SpillTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spill> open(std::int64_t bytes_max = 1 << 30) {
    return Spill::open(folder(), bytes_max, log_).value();
  }
  std::string folder() const { return folder_.path() / "a/b"; }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder()))
      count += entry.path().filename().string().starts_with("records-") ? 1U : 0U;
    return count;
  }

  base::DiscardSink sink_;
  base::SystemClock clock_;
  base::Logger log_{sink_, clock_};
  testing_support::ScratchFolder folder_;
};

Documents read_all(Spill& spill) {
  Documents all;
  for (Documents batch = spill.peek(3, 1 << 20); !batch.empty(); batch = spill.peek(3, 1 << 20)) {
    all.insert(all.end(), batch.begin(), batch.end());
    spill.drop();
  }
  return all;
}

Documents numbered(int from, int to) {
  Documents documents;
  for (int i = from; i < to; ++i) documents.push_back("{\"n\":" + std::to_string(i) + "}");
  return documents;
}

TEST_F(SpillTest, GivesRecordsBackInOrderAndThenIsEmpty) {
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(0, 10)));
  EXPECT_FALSE(spill->empty());
  EXPECT_EQ(read_all(*spill), numbered(0, 10));
  EXPECT_TRUE(spill->empty());
  EXPECT_EQ(files(), 0U);
}

TEST_F(SpillTest, GivesTheSameAgainUntilItIsDropped) {
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(0, 4)));
  EXPECT_EQ(spill->peek(2, 1 << 20), numbered(0, 2));
  EXPECT_EQ(spill->peek(2, 1 << 20), numbered(0, 2));
  spill->drop();
  EXPECT_EQ(spill->peek(2, 1 << 20), numbered(2, 4));
}

TEST_F(SpillTest, SurvivesItsProcess) {
  ASSERT_TRUE(open()->append(numbered(0, 5)));
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(5, 7)));
  EXPECT_EQ(read_all(*spill), numbered(0, 7));
}

TEST_F(SpillTest, IsWrittenWhileItIsRead) {
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(0, 3)));
  EXPECT_EQ(spill->peek(2, 1 << 20), numbered(0, 2));
  ASSERT_TRUE(spill->append(numbered(3, 5)));
  spill->drop();
  EXPECT_EQ(read_all(*spill), numbered(2, 5));
}

TEST_F(SpillTest, GivesARecordLargerThanTheBatch) {
  const auto spill = open();
  const Documents documents{"\"" + std::string(100'000, 'x') + "\"", "1"};
  ASSERT_TRUE(spill->append(documents));
  EXPECT_EQ(spill->peek(10, 1000), Documents{documents[0]});
  spill->drop();
  EXPECT_EQ(spill->peek(10, 1000), Documents{"1"});
}

TEST_F(SpillTest, BeginsNewFilesAndRemovesReadOnes) {
  const auto spill = open();
  const Documents large(4, "\"" + std::string(5 << 20, 'x') + "\"");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(spill->append(large));
  EXPECT_EQ(files(), 3U);
  EXPECT_EQ(read_all(*spill).size(), 12U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(SpillTest, LeavesOutHalfARecordAtTheEnd) {
  ASSERT_TRUE(open()->append(numbered(0, 2)));
  std::ofstream(folder() + "/records-1.jsonl", std::ios::app) << R"({"n":2)";
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(3, 4)));
  EXPECT_EQ(read_all(*spill), (Documents{R"({"n":0})", R"({"n":1})", R"({"n":3})"}));
  EXPECT_TRUE(spill->empty());
}

TEST_F(SpillTest, SetsAsideAFileThatCannotBeRead) {
  const auto spill = open();
  ASSERT_TRUE(spill->append(numbered(0, 2)));
  std::filesystem::remove(folder() + "/records-1.jsonl");
  EXPECT_TRUE(spill->peek(5, 1000).empty());
  EXPECT_TRUE(spill->empty());
  ASSERT_TRUE(spill->append(numbered(2, 3)));
  EXPECT_EQ(read_all(*spill), numbered(2, 3));
}

TEST_F(SpillTest, TakesNoMoreThanItsBound) {
  const auto spill = open(20);
  ASSERT_TRUE(spill->append(numbered(0, 2)));
  const base::Status status = spill->append(numbered(2, 3));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(read_all(*spill), numbered(0, 2));
  EXPECT_TRUE(spill->append(numbered(2, 3)));
}

TEST_F(SpillTest, BelongsToOneProcess) {
  const auto spill = open();
  const auto second = Spill::open(folder(), 100, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
}

// A file system of its own, which is full after 64 KB.
class SmallDisk {
 public:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=64k") == 0;
    error_ = errno;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  const char* reason() const { return std::strerror(error_); }

 private:
  std::string folder_;
  bool mounted_ = false;
  int error_ = 0;
};

TEST_F(SpillTest, OnAFullDiskKeepsWholeRecordsOnly) {
  const SmallDisk disk(folder());
  if (!disk.mounted()) GTEST_SKIP() << "no file system of our own: " << disk.reason();
  const auto spill = open();
  const Documents large(1, "\"" + std::string(10'000, 'x') + "\"");
  std::size_t kept = 0;
  base::Status status;
  while ((status = spill->append(large)).ok()) ++kept;
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_GE(kept, 4U);
  EXPECT_EQ(spill->peek(100, 1 << 20).size(), kept);
  spill->drop();
  EXPECT_TRUE(spill->empty());
  EXPECT_TRUE(spill->append(large)) << "there is room again";
}

}  // namespace
}  // namespace invoker_couchdb
