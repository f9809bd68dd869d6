// Bounds that hold for whole namespaces and for a tier, and room that comes back when it was made.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "namespace_groups.h"
#include "store_fixture.h"

namespace storage {
namespace {

using base::ErrorCode;
using hints::Tier;

constexpr std::int64_t kMuch = 10'000'000'000;  // more than any image here

// Volumes whose own quota is never in the way.
class QuotaTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    options_.quota_bytes = options_.quota_bytes_max = kMuch;
  }

  Filled fill_volume(const std::string& namespace_name, const std::string& name, Tier tier,
                     std::int64_t bytes = kMuch) {
    return fill(open_volume(volume_named(name, tier), namespace_name).fd(), "f", bytes);
  }
};

TEST_F(QuotaTest, AQuotaOverTheMaximumIsRefusedInOneSentence) {
  options_.quota_bytes = 1 << 20;
  options_.quota_bytes_max = 64 << 20;
  open_store();
  auto wish = volume_named("v", Tier::kDurable);
  wish.quota_bytes = 64 << 20;
  EXPECT_TRUE(store_->open("guest", "a", wish, kUser).ok());
  *wish.quota_bytes = 128 << 20;
  const auto refused = store_->open("guest", "a", wish, kUser);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "volume 'v': quota must be at most 64 MB here, and is 128 MB");
}

TEST_F(QuotaTest, BoundsThatCannotBeAreRefused) {
  auto options = options_;
  options.quota_bytes_max = options.quota_bytes - 1;
  EXPECT_EQ(VolumeStore::open(options).error().code, ErrorCode::kInvalidArgument);
  options = options_;
  options.namespace_bytes = 0;
  EXPECT_EQ(VolumeStore::open(options).error().code, ErrorCode::kInvalidArgument);
  options = options_;
  options.namespace_volumes_max = 0;
  EXPECT_EQ(VolumeStore::open(options).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(QuotaTest, TheVolumesOfANamespaceAreBoundedTogether) {
  options_.namespace_bytes = 40 << 20;
  open_store();
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    EXPECT_EQ(fill_volume("guest", "a", tier, 30'000'000).failure, 0);
    const Filled second = fill_volume("guest", "b", tier);
    EXPECT_EQ(second.failure, EDQUOT);
    EXPECT_LE(second.bytes, (40 << 20) - 30'000'000);
    EXPECT_EQ(fill_volume("other", "a", tier, 30'000'000).failure, 0) << "others have their own";
  }
}

TEST_F(QuotaTest, ScratchVolumesCountInTheirNamespaceToo) {
  options_.namespace_bytes = 40 << 20;
  open_store();
  ASSERT_EQ(fill_volume("guest", "v", Tier::kEphemeral, 30'000'000).failure, 0);
  const auto scratch = open_volume(scratch_named("s"));
  EXPECT_EQ(fill(scratch.fd(), "f", kMuch).failure, EDQUOT);
  const auto others = open_volume(scratch_named("s"), "other");
  EXPECT_EQ(fill(others.fd(), "f", 30'000'000).failure, 0);
}

TEST_F(QuotaTest, ANamespaceFillsHalfOfATierWhenNothingElseIsSaid) {
  open_store();
  const std::int64_t usable = usable_bytes(options_.ephemeral_bytes);
  const Filled filled = fill_volume("guest", "v", Tier::kEphemeral);
  EXPECT_EQ(filled.failure, EDQUOT);
  EXPECT_GT(filled.bytes, usable / 2 - (2 << 20));
  EXPECT_LE(filled.bytes, usable / 2);
}

TEST_F(QuotaTest, BoundsHoldAfterAReopenAndMayBeOtherOnes) {
  options_.namespace_bytes = 20 << 20;
  open_store();
  ASSERT_EQ(fill_volume("guest", "a", Tier::kDurable, 15'000'000).failure, 0);
  close_store();
  open_store();
  EXPECT_EQ(fill_volume("guest", "b", Tier::kDurable).failure, EDQUOT);
  close_store();
  options_.namespace_bytes = 100 << 20;
  open_store();
  EXPECT_EQ(fill_volume("guest", "c", Tier::kDurable, 50'000'000).failure, 0);
}

TEST_F(QuotaTest, ANamespaceHasOnlySoManyVolumes) {
  options_.namespace_volumes_max = 3;
  open_store();
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_TRUE(store_->open("guest", "x", volume_named(name, Tier::kDurable), kUser).ok());
  }
  const auto refused = store_->open("guest", "x", volume_named("d", Tier::kDurable), kUser);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      refused.error().message,
      "volume 'd': the namespace has 3 volumes already, which is as many as it may have here; "
      "remove some");
  EXPECT_TRUE(store_->open("guest", "x", volume_named("a", Tier::kDurable), kUser).ok());
  EXPECT_TRUE(store_->open("guest", "x", scratch_named("d"), kUser).ok());
  EXPECT_TRUE(store_->open("other", "x", volume_named("d", Tier::kDurable), kUser).ok());
  ASSERT_TRUE(store_->remove("guest", "b").ok());
  EXPECT_TRUE(store_->open("guest", "x", volume_named("d", Tier::kDurable), kUser).ok());
}

// Two namespaces fill the tier. Then still: volumes are made and removed, and what was removed can
// be written again at once.
TEST_F(QuotaTest, AFullTierGoesOnWorking) {
  options_.namespace_bytes = usable_bytes(options_.durable_bytes) * 3 / 4;
  open_store();
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    ASSERT_EQ(fill_volume("one", "v", tier).failure, EDQUOT);
    ASSERT_EQ(fill_volume("two", "v", tier).failure, EDQUOT);
    ASSERT_LE(fill_volume("three", "new", tier).bytes, 0) << "the tier is full";
    EXPECT_TRUE(store_->remove("three", "new").ok());
    const auto scratch = open_volume(scratch_named("s"), "four");
    const auto volume = open_volume(volume_named("v", tier), "one");
    for (int round = 0; round < 3; ++round) {
      ASSERT_EQ(::unlinkat(volume.fd(), "f", 0), 0) << "round " << round;
      ASSERT_EQ(fill(volume.fd(), "f", 100'000'000).failure, 0) << "round " << round;
    }
  }
}

// The file system's own records have room whatever the users' files are: here names and little
// else.
TEST_F(QuotaTest, ATierFullOfSmallFilesGoesOnWorking) {
  options_.ephemeral_bytes = kImageBytesMin;
  options_.namespace_bytes = kMuch;
  open_store();
  const auto volume = open_volume(volume_named("v", Tier::kEphemeral));
  const std::string little(1500, 'x');
  int count = 0;
  int failure = 0;
  while ((failure = write_at(volume.fd(), std::to_string(count), little)) == 0) ++count;
  EXPECT_EQ(failure, EDQUOT);
  EXPECT_GT(count, 10'000);
  EXPECT_TRUE(store_->open("other", "x", volume_named("w", Tier::kEphemeral), kUser).ok());
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(::unlinkat(volume.fd(), std::to_string(i).c_str(), 0), 0) << i;
  }
  EXPECT_EQ(fill(volume.fd(), "f", 50'000'000).failure, 0);
}

TEST_F(QuotaTest, RemovedVolumesGiveTheirRoomBackSoon) {
  options_.namespace_bytes = 40 << 20;
  open_store();
  const auto start = std::chrono::steady_clock::now();
  const auto room_is_back = [&](const auto& volume) {
    return eventually([&] {
      const Filled filled = fill(volume.fd(), "f", 30'000'000);
      ::unlinkat(volume.fd(), "f", 0);
      return filled.failure == 0;
    });
  };
  for (int round = 0; round < 4; ++round) {
    auto scratch = open_volume(scratch_named("s"));
    ASSERT_TRUE(room_is_back(scratch));
    ASSERT_EQ(fill(scratch.fd(), "f", 30'000'000).failure, 0);
    ASSERT_TRUE(scratch.finish().ok());
    ASSERT_EQ(fill_volume("guest", "v", Tier::kDurable, 1).failure, 0);
    auto volume = open_volume(volume_named("v", Tier::kDurable));
    ASSERT_TRUE(room_is_back(volume));
    ASSERT_EQ(fill(volume.fd(), "f", 30'000'000).failure, 0);
    ASSERT_TRUE(volume.finish().ok());
    ASSERT_TRUE(store_->remove("guest", "v").ok());
  }
  // The kernel by itself would take up to its commit interval for each of the eight.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace storage
