#include "id_ranges.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace invoker_container {
namespace {

constexpr std::int64_t kFirst = 0x7800'0000;

class IdRangesTest : public ::testing::Test {
 protected:
  void TearDown() override { unlink(path_.c_str()); }
  std::unique_ptr<IdRanges> open(std::int64_t first, std::int64_t end) const {
    auto ranges = IdRanges::open(path_, first, end);
    EXPECT_TRUE(ranges.ok()) << ranges.error().message;
    return ranges.ok() ? std::move(*ranges) : nullptr;
  }

  const std::string path_ = testing::TempDir() + "larder-ids-" + std::to_string(getpid());
};

TEST_F(IdRangesTest, TheLowestFreeRangeIsTaken) {
  const auto ranges = open(kFirst, kFirst + 3 * IdRanges::kSize);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*ranges->take(), kFirst + i * IdRanges::kSize);
  ranges->give_back(kFirst + IdRanges::kSize);
  ranges->give_back(kFirst);
  EXPECT_EQ(*ranges->take(), kFirst);
  EXPECT_EQ(*ranges->take(), kFirst + IdRanges::kSize);
}

TEST_F(IdRangesTest, WhenAllAreTakenItSaysSo) {
  const auto ranges = open(kFirst, kFirst + IdRanges::kSize + 1);
  ASSERT_TRUE(ranges->take().ok());
  const auto none = ranges->take();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, base::ErrorCode::kUnavailable);
  EXPECT_THAT(none.error().message, ::testing::HasSubstr("All 1 ranges"));
}

TEST_F(IdRangesTest, InvokersOfOneHostNeverHaveTheSameRange) {
  const auto mine = open(kFirst, kFirst + 2 * IdRanges::kSize);
  const auto yours = open(kFirst, kFirst + 2 * IdRanges::kSize);
  EXPECT_EQ(*mine->take(), kFirst);
  EXPECT_EQ(*yours->take(), kFirst + IdRanges::kSize);
  EXPECT_FALSE(mine->take().ok());
  yours->give_back(kFirst + IdRanges::kSize);
  EXPECT_TRUE(mine->take().ok());
}

TEST_F(IdRangesTest, RangesThatOverlapAreNotBothTaken) {
  const auto mine = open(kFirst, kFirst + IdRanges::kSize);
  const auto yours = open(kFirst + 1, kFirst + 1 + 2 * IdRanges::kSize);
  ASSERT_TRUE(mine->take().ok());
  EXPECT_EQ(*yours->take(), kFirst + 1 + IdRanges::kSize);
}

TEST_F(IdRangesTest, WhoKeepsTheFileKeepsTheRanges) {
  auto dead = open(kFirst, kFirst + IdRanges::kSize);
  ASSERT_TRUE(dead->take().ok());
  base::UniqueFd keeper(fcntl(dead->fd(), F_DUPFD_CLOEXEC, 0));
  dead.reset();
  const auto next = open(kFirst, kFirst + IdRanges::kSize);
  EXPECT_FALSE(next->take().ok());
  keeper.reset();
  EXPECT_TRUE(next->take().ok());
}

TEST_F(IdRangesTest, RangesThatCannotBeAreRefused) {
  const std::pair<std::int64_t, std::int64_t> cases[] = {
      {0, 1 << 20},                                 // the host's own users
      {kFirst, kFirst + IdRanges::kSize - 1},       // too small for one
      {kFirst, kFirst - IdRanges::kSize},           // backwards
      {0x7FFF'0000, std::int64_t{0x8000'0001}},     // ids with a sign
      {0xFFFF'0000, std::int64_t{0x1'0000'0000}}};  // holds (uid_t) -1
  for (const auto& [first, end] : cases) {
    const auto ranges = IdRanges::open(path_, first, end);
    ASSERT_FALSE(ranges.ok()) << first;
    EXPECT_EQ(ranges.error().code, base::ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace invoker_container
