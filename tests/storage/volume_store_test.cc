#include "storage/volume_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <thread>

#include "store_fixture.h"

namespace storage {
namespace {

using base::ErrorCode;
using hints::Tier;

TEST_F(StoreTest, AVolumeKeepsItsFilesFromOneActivationToTheNext) {
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    if (!store_) open_store();
    auto first = open_volume(volume_named("photos", tier));
    ASSERT_EQ(first.parts.size(), 1U);
    EXPECT_EQ(first.parts[0].target, "");
    EXPECT_EQ(first.parts[0].tier, tier);
    ASSERT_EQ(write_at(first.fd(), "a", "hello"), 0);
    ASSERT_TRUE(first.finish().ok());

    auto second = open_volume(volume_named("photos", tier));
    EXPECT_EQ(read_at(second.fd(), "a"), "hello");
  }
}

TEST_F(StoreTest, BothTiersSurviveAReopenOfTheStore) {
  open_store();
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    auto volume = open_volume(volume_named("photos", tier));
    ASSERT_EQ(write_at(volume.fd(), "a", "hello"), 0);
    ASSERT_TRUE(volume.finish().ok());
  }
  close_store();
  open_store();
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    EXPECT_EQ(read_at(open_volume(volume_named("photos", tier)).fd(), "a"), "hello");
  }
}

TEST_F(StoreTest, TheRootOfAVolumeBelongsToItsUserAlone) {
  open_store();
  for (const auto& wish : {volume_named("a", Tier::kDurable), scratch_named("b")}) {
    const auto volume = open_volume(wish);
    struct stat info{};
    ASSERT_EQ(::fstat(volume.fd(), &info), 0);
    EXPECT_EQ(info.st_uid, kUser);
    EXPECT_EQ(info.st_gid, kUser);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
  }
}

TEST_F(StoreTest, AnotherUserOfAVolumeGetsAllItsFiles) {
  open_store();
  auto first = open_volume(volume_named("v", Tier::kDurable));
  ASSERT_EQ(::mkdirat(first.fd(), "d", 0700), 0);
  ASSERT_EQ(write_at(first.fd(), "d/f", "x"), 0);
  ASSERT_TRUE(first.finish().ok());
  const auto second = open_volume(volume_named("v", Tier::kDurable), "guest", kUser + 1);
  for (const char* path : {".", "d", "d/f"}) {
    struct stat info{};
    ASSERT_EQ(::fstatat(second.fd(), path, &info, 0), 0);
    EXPECT_EQ(info.st_uid, kUser + 1) << path;
  }
}

TEST_F(StoreTest, TwoVolumesNeverShareFiles) {
  open_store();
  const auto wish = volume_named("v", Tier::kDurable);
  auto mine = open_volume(wish, "guest");
  ASSERT_EQ(write_at(mine.fd(), "secret", "x"), 0);
  const std::string none = "ERRNO: No such file or directory";
  EXPECT_EQ(read_at(open_volume(wish, "other").fd(), "secret"), none);
  EXPECT_EQ(read_at(open_volume(volume_named("w", Tier::kDurable)).fd(), "secret"), none);
  EXPECT_EQ(read_at(open_volume(volume_named("v", Tier::kEphemeral)).fd(), "secret"), none);
  EXPECT_EQ(read_at(open_volume(scratch_named("v")).fd(), "secret"), none);
  EXPECT_EQ(read_at(mine.fd(), "secret"), "x");
}

TEST_F(StoreTest, TheQuotaIsEnforcedInTheWriteItself) {
  open_store();
  for (auto wish : {volume_named("d", Tier::kDurable), volume_named("e", Tier::kEphemeral),
                    scratch_named("s")}) {
    wish.quota_bytes = 10'000'000;
    const auto volume = open_volume(wish);
    const Filled fits = fill(volume.fd(), "fits", 10'000'000);
    EXPECT_EQ(fits.failure, 0) << "a volume holds its quota: " << fits.bytes;
    const Filled over = fill(volume.fd(), "over", 1'000'000);
    EXPECT_EQ(over.failure, EDQUOT);
    EXPECT_LE(over.bytes, 300'000);
    EXPECT_EQ(::unlinkat(volume.fd(), "fits", 0), 0) << "room can be made";
  }
}

TEST_F(StoreTest, RoomThatWasMadeCanBeUsedAgain) {
  open_store();
  auto wish = volume_named("v", Tier::kDurable);
  wish.quota_bytes = 10'000'000;
  const auto volume = open_volume(wish);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(fill(volume.fd(), "f", 8'000'000).failure, 0) << "round " << round;
    ASSERT_EQ(::unlinkat(volume.fd(), "f", 0), 0);
  }
}

TEST_F(StoreTest, AFullVolumeTakesNewFilesOnceOneIsRemoved) {
  open_store();
  for (const auto tier : {Tier::kDurable, Tier::kEphemeral}) {
    auto wish = volume_named("v", tier);
    wish.quota_bytes = 10'000'000;
    const auto volume = open_volume(wish);
    ASSERT_EQ(fill(volume.fd(), "f", 20'000'000).failure, EDQUOT);
    ASSERT_EQ(::unlinkat(volume.fd(), "f", 0), 0);
    EXPECT_EQ(fill(volume.fd(), "g", 9'000'000).failure, 0);
  }
}

TEST_F(StoreTest, TheLatestQuotaCountsAndAnAbsentOneChangesNothing) {
  open_store();
  auto wish = volume_named("v", Tier::kDurable);
  const auto quota_now = [&] { return open_volume(wish).finish()->tiers.at(0).quota_bytes; };
  EXPECT_EQ(quota_now(), options_.quota_bytes);
  for (const std::int64_t quota : {5'000'000, 50'000'000, 2'000'000}) {
    wish.quota_bytes = quota;
    EXPECT_EQ(quota_now(), quota);
    wish.quota_bytes.reset();
    EXPECT_EQ(quota_now(), quota);
  }
  EXPECT_EQ(fill(open_volume(wish).fd(), "f", 4'000'000).failure, EDQUOT);
}

TEST_F(StoreTest, AReadOnlyVolumeRefusesWritesInEveryPart) {
  open_store();
  auto wish = volume_named("v", Tier::kDurable);
  wish.rules = {{"out/**", Tier::kEphemeral}};
  wish.read_only = true;
  const auto volume = open_volume(wish);
  ASSERT_EQ(volume.parts.size(), 2U);
  for (std::size_t part = 0; part < 2; ++part) {
    EXPECT_TRUE(volume.parts[part].read_only);
    EXPECT_EQ(write_at(volume.fd(part), "f", "x"), EROFS);
  }
}

TEST_F(StoreTest, RulesSplitAVolumeIntoPartsOfBothTiers) {
  open_store();
  auto wish = volume_named("job", Tier::kEphemeral);
  wish.lifetime.kind = hints::Lifetime::Kind::kActivation;
  wish.rules = {{"out/final/**", Tier::kDurable}};
  auto volume = open_volume(wish);
  ASSERT_EQ(volume.parts.size(), 2U);
  EXPECT_EQ(volume.parts[1].target, "out/final");
  EXPECT_EQ(volume.parts[1].tier, Tier::kDurable);
  struct stat place{};
  ASSERT_EQ(::fstatat(volume.fd(0), "out/final", &place, 0), 0);
  EXPECT_TRUE(S_ISDIR(place.st_mode));
  EXPECT_EQ(place.st_uid, kUser);
  ASSERT_EQ(write_at(volume.fd(0), "tmp", "12345"), 0);
  ASSERT_EQ(write_at(volume.fd(1), "result", "123"), 0);
  const auto report = volume.finish();
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_EQ(report->tiers.size(), 2U);
  EXPECT_EQ(report->tier, Tier::kEphemeral);
  EXPECT_EQ(report->tiers[0].bytes_added(), 5);
  EXPECT_EQ(report->tiers[1].bytes_added(), 3);

  auto again = open_volume(wish);
  EXPECT_EQ(read_at(again.fd(0), "tmp"), "ERRNO: No such file or directory");
  EXPECT_EQ(read_at(again.fd(1), "result"), "123");
}

TEST_F(StoreTest, APlaceThatTheActionReplacedIsItsErrorAndLeadsNowhere) {
  open_store();
  auto wish = volume_named("v", Tier::kDurable);
  auto before = open_volume(wish);
  ASSERT_EQ(::symlinkat("/etc", before.fd(), "out"), 0);
  ASSERT_EQ(write_at(before.fd(), "file", ""), 0);
  ASSERT_TRUE(before.finish().ok());
  for (const char* rule : {"out/**", "out/in/**", "file/**"}) {
    wish.rules = {{rule, Tier::kEphemeral}};
    const auto refused = store_->open("guest", "a", wish, kUser);
    ASSERT_FALSE(refused.ok()) << rule;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << refused.error().message;
    EXPECT_NE(refused.error().message.find("volume 'v'"), std::string::npos);
  }
}

TEST_F(StoreTest, TheReportCountsWhatTheActivationDid) {
  open_store();
  const auto wish = volume_named("v", Tier::kDurable);
  auto first = open_volume(wish);
  ASSERT_EQ(write_at(first.fd(), "a", std::string(100, 'a')), 0);
  ASSERT_EQ(write_at(first.fd(), "b", std::string(50, 'b')), 0);
  ASSERT_TRUE(first.finish().ok());
  auto second = open_volume(wish);
  ASSERT_EQ(::unlinkat(second.fd(), "a", 0), 0);
  ASSERT_EQ(write_at(second.fd(), "c", "c"), 0);
  const auto report = second.finish();
  ASSERT_TRUE(report.ok());
  const auto& usage = report->tiers.at(0);
  EXPECT_EQ(usage.bytes_before, 150);
  EXPECT_EQ(usage.bytes_after, 51);
  EXPECT_EQ(usage.bytes_added(), -99);
  EXPECT_EQ(usage.files, 2);
  EXPECT_TRUE(usage.exact);
}

TEST_F(StoreTest, AVolumeTooLargeToCountIsReportedAsInexact) {
  options_.walk_entries_max = 4;
  open_store();
  const auto wish = volume_named("v", Tier::kDurable);
  auto first = open_volume(wish);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(fill(first.fd(), std::to_string(i), 1'000'000).failure, 0);
  }
  const auto report = first.finish();
  ASSERT_TRUE(report.ok());
  const auto& usage = report->tiers.at(0);
  EXPECT_FALSE(usage.exact);
  EXPECT_FALSE(usage.files.has_value());
  EXPECT_GE(usage.bytes_after, 5'000'000) << "the kernel's count after the commit";
  EXPECT_LE(usage.bytes_after, 5'300'000);
}

TEST_F(StoreTest, FinishIsOnceAndDroppingIsEnough) {
  open_store();
  auto volume = open_volume(volume_named("v", Tier::kDurable));
  EXPECT_TRUE(volume.volume->take_parts().empty());
  ASSERT_TRUE(volume.finish(false).ok());
  const auto again = volume.finish(false);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(StoreTest, ScratchVolumesAreGoneAfterwardsHoweverTheyEnd) {
  open_store();
  for (int i = 0; i < 1000; ++i) {
    auto volume = open_volume(scratch_named("s"));
    ASSERT_EQ(write_at(volume.fd(), "f", "x"), 0);
    if (i % 3 == 0) continue;  // dropped
    ASSERT_TRUE(volume.finish(i % 3 == 1).ok());
  }
  store_->drain();
  const auto listed = store_->list();
  ASSERT_TRUE(listed.ok());
  EXPECT_TRUE(listed->empty());
  EXPECT_EQ(::access((options_.directory / "ephemeral.img").c_str(), F_OK), 0);
}

TEST_F(StoreTest, AnOpenVolumeOutlivesTheStore) {
  open_store();
  auto volume = open_volume(scratch_named("s"));
  close_store();
  ASSERT_EQ(write_at(volume.fd(), "f", "x"), 0);
  EXPECT_EQ(volume.finish()->tiers.at(0).bytes_after, 1);
}

TEST_F(StoreTest, ManyActivationsOpenOneNewVolumeAtOnce) {
  open_store();
  std::vector<std::thread> threads;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        auto wish = volume_named("v" + std::to_string(round), Tier::kDurable);
        auto opened = store_->open("guest", "a", wish, kUser);
        if (!opened.ok()) continue;
        const auto parts = (*opened)->take_parts();
        const int failure = write_at(parts.at(0).tree.get(), std::to_string(i), "x");
        succeeded += failure == 0 ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 160);
  const auto listed = store_->list();
  ASSERT_EQ(listed->size(), 20U);
  for (const auto& volume : *listed) EXPECT_EQ(volume.files, 8) << volume.name;
}

TEST_F(StoreTest, WhatCannotBePromisedIsRefused) {
  open_store();
  auto isolated = volume_named("v", Tier::kDurable);
  isolated.isolation = hints::Isolation::kSnapshot;
  auto timed = volume_named("v", Tier::kEphemeral);
  timed.lifetime.kind = hints::Lifetime::Kind::kSession;
  auto foreign = volume_named("v", Tier::kDurable);
  foreign.owner = "team";
  auto pattern = volume_named("v", Tier::kDurable);
  pattern.rules = {{"*.part", Tier::kEphemeral}};
  for (const auto& wish : {isolated, timed, foreign, pattern}) {
    const auto refused = store_->open("guest", "a", wish, kUser);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported) << refused.error().message;
  }
  auto nothing = volume_named("v", Tier::kDurable);
  nothing.quota_bytes = 0;
  EXPECT_EQ(store_->open("guest", "a", nothing, kUser).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(store_->list()->empty());
}

TEST_F(StoreTest, AFullDiskBelowRefusesVolumes) {
  options_.host_free_bytes_min = INT64_MAX;
  open_store();
  const auto refused = store_->open("guest", "a", scratch_named("s"), kUser);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
}

TEST_F(StoreTest, OptionsThatCannotBeAreRefused) {
  auto options = options_;
  options.durable_bytes = kImageBytesMin - 1;
  EXPECT_EQ(VolumeStore::open(options).error().code, ErrorCode::kInvalidArgument);
  options = options_;
  options.quota_bytes = 0;
  EXPECT_EQ(VolumeStore::open(options).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(StoreTest, TheSmallestImageWorks) {
  options_.durable_bytes = options_.ephemeral_bytes = kImageBytesMin;
  open_store();
  EXPECT_EQ(fill(open_volume(volume_named("v", Tier::kDurable)).fd(), "f", 1'000'000).failure, 0);
}

TEST_F(StoreTest, AnImageGrowsWithItsConfiguration) {
  options_.durable_bytes = kImageBytesMin;
  options_.quota_bytes = options_.namespace_bytes.emplace(1'000'000'000);
  const auto wish = volume_named("v", Tier::kDurable);
  open_store();
  EXPECT_EQ(fill(open_volume(wish).fd(), "f", 200'000'000).failure, EDQUOT);
  close_store();
  options_.durable_bytes = 512 << 20;
  open_store();
  EXPECT_EQ(fill(open_volume(wish).fd(), "g", 200'000'000).failure, 0);
}

}  // namespace
}  // namespace storage
