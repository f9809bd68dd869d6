// What is learnt from runs, and how it is forgotten.
#include "invoker_locality/read_history.h"

#include <gtest/gtest.h>

#include "cards.h"

namespace {

using cards::kMiB;
using cards::kNow;
using invoker_locality::ReadHistory;
using invoker_locality::reads_of;
using invoker_locality::VolumeRead;
using std::chrono::minutes;

TEST(ReadHistory, ExpectsWhatTheLastRunsRead) {
  ReadHistory history;
  EXPECT_TRUE(history.expected("guest/a", kNow).empty());
  history.ran("guest/a", {{"guest/photos", 100 * kMiB}}, kNow);
  EXPECT_EQ(history.expected("guest/a", kNow),
            (std::vector<VolumeRead>{{"guest/photos", 100 * kMiB}}));
  history.ran("guest/a", {{"guest/photos", 200 * kMiB}}, kNow);
  EXPECT_NEAR(static_cast<double>(history.expected("guest/a", kNow)[0].bytes), 130.0 * kMiB, 10);
  EXPECT_TRUE(history.expected("guest/b", kNow).empty());
}

TEST(ReadHistory, ForgetsWhatIsNotReadAnyMore) {
  ReadHistory history;
  history.ran("guest/a", {{"guest/photos", 100 * kMiB}}, kNow);
  EXPECT_EQ(history.expected("guest/a", kNow + minutes(10))[0].bytes, 50 * kMiB);
  EXPECT_TRUE(history.expected("guest/a", kNow + minutes(240)).empty());
  for (int i = 0; i < 30; ++i) history.ran("guest/a", {{"guest/other", kMiB}}, kNow);
  const auto expected = history.expected("guest/a", kNow);
  ASSERT_EQ(expected.size(), 1U);
  EXPECT_EQ(expected[0].volume, "guest/other");
  for (int i = 0; i < 30; ++i) history.ran("guest/a", {}, kNow);
  EXPECT_EQ(history.size(), 0U);
}

TEST(ReadHistory, IsBounded) {
  ReadHistory history({.actions_max = 10, .volumes_max = 3});
  for (int i = 0; i < 100; ++i) {
    std::vector<VolumeRead> reads;
    for (int j = 0; j < 20; ++j) reads.push_back({"guest/v" + std::to_string(j), (1 + j) * kMiB});
    history.ran("guest/a" + std::to_string(i), reads, kNow);
  }
  EXPECT_EQ(history.size(), 10U);
  EXPECT_TRUE(history.expected("guest/a0", kNow).empty());
  const auto last = history.expected("guest/a99", kNow);
  ASSERT_EQ(last.size(), 3U);
  EXPECT_EQ(last[0].volume, "guest/v19") << "the most that is read is kept";
}

TEST(ReadHistory, ReadsTheAnnotationOfARecordAndPassesOverWhatIsNone) {
  const auto json = base::Json::parse(R"([
      {"name":"photos","durable":{"readLocalBytes":1000,"readRemoteBytes":24},
                       "ephemeral":{"readLocalBytes":1}},
      {"name":"out","durable":{"writtenBytes":5}},
      {"name":7}, "x", {"name":"odd","durable":{"readLocalBytes":-5,"readRemoteBytes":"y"}},
      {"name":"huge","ephemeral":{"readLocalBytes":9000000000000000000}}])");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(reads_of(*json, "guest"),
            (std::vector<VolumeRead>{{"guest/photos", 1025}, {"guest/huge", 1LL << 50}}));
  EXPECT_TRUE(reads_of(base::Json("x"), "guest").empty());
}

}  // namespace
