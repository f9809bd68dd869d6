// What a node believes to hold, from what ran on it.
#include "invoker_locality/own_residency.h"

#include <gtest/gtest.h>

#include "cards.h"

namespace {

using cards::kMiB;
using cards::kNow;
using invoker_locality::OwnResidency;
using invoker_locality::uses_of;
using invoker_locality::VolumeUse;
using std::chrono::minutes;

TEST(OwnResidency, KeepsWhatWasWrittenAndWhatWasBrought) {
  OwnResidency own;
  own.ran({.volume = "guest/job", .written = 256 * kMiB}, kNow);
  own.ran({.volume = "guest/photos", .brought = 100 * kMiB}, kNow);
  own.ran({.volume = "guest/photos", .read_local = 60 * kMiB, .brought = 40 * kMiB}, kNow);
  const auto volumes = own.volumes(kNow);
  ASSERT_EQ(volumes.size(), 2U);
  EXPECT_EQ(volumes[0].volume, "guest/job");
  EXPECT_EQ(volumes[0].prefixes[0].sealed, 256 * kMiB);
  EXPECT_EQ(volumes[1].prefixes[0].cached, 140 * kMiB);
  EXPECT_EQ(volumes[1].prefixes[0].rest, 140 * kMiB);
}

TEST(OwnResidency, WhatIsReadHereIsHere) {
  OwnResidency own;
  for (int i = 0; i < 5; ++i) own.ran({.volume = "guest/v", .read_local = 80 * kMiB}, kNow);
  EXPECT_EQ(own.volumes(kNow)[0].prefixes[0].total(), 80 * kMiB);
}

TEST(OwnResidency, ForgetsWhatIsNotUsedAndKeepsTheLargest) {
  OwnResidency own({.volumes_max = 3});
  own.ran({.volume = "guest/v", .written = 100 * kMiB}, kNow);
  EXPECT_EQ(own.volumes(kNow + minutes(30))[0].prefixes[0].sealed, 50 * kMiB);
  EXPECT_TRUE(own.volumes(kNow + minutes(600)).empty());
  for (int i = 0; i < 50; ++i)
    own.ran({.volume = "guest/w" + std::to_string(i), .written = kMiB * (i + 1)}, kNow);
  const auto volumes = own.volumes(kNow);
  ASSERT_EQ(volumes.size(), 3U);
  EXPECT_EQ(volumes[0].volume, "guest/v");
}

TEST(OwnResidency, ReadsTheAnnotationOfARecord) {
  const auto json = base::Json::parse(R"([
      {"name":"job","lifetime":"volume","ephemeral":{"writtenBytes":10,"readRemoteBytes":3}},
      {"name":"tmp","lifetime":"activation","ephemeral":{"writtenBytes":10,"readLocalBytes":1},
                                            "durable":{"writtenBytes":5}},
      {"name":"quiet","durable":{}}, 7, {"name":1}])");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(uses_of(*json, "guest"),
            (std::vector<VolumeUse>{{"guest/job", 0, 3, 10}, {"guest/tmp", 1, 0, 5}}));
}

}  // namespace
