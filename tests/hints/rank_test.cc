// Which node a call is ranked to, and why: tables, then what holds whatever candidates say.
#include "hints/rank.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "hints/reasons.h"

namespace {

using base::Instant;
using base::milliseconds;
using hints::Call;
using hints::Candidate;
using hints::Costs;
using hints::Ranking;
using hints::ResidentKind;
using hints::Verdict;

constexpr std::int64_t kMiB = 1 << 20;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Instant kNow = Instant() + std::chrono::hours(1);

// A fleet of one second per GiB, where a cold start takes 400 ms and a hand-off 1.
Costs costs() {
  Costs result;
  result.bringing[0] = {.start_ms = 0, .bytes_per_ms = static_cast<double>(kMiB)};
  result.busy_ms = 0;
  return result;
}

Call reading(std::int64_t bytes) {
  return Call{.memory_mb = 256, .needs = {{ResidentKind::kFiles, "photos/2024", bytes}}, .key = ""};
}

Candidate node(int id, std::int64_t local, int warm, std::int64_t free_mb = 1024) {
  return Candidate{.node = id,
                   .here = id == 0,
                   .free_memory_mb = free_mb,
                   .warm = warm,
                   .local_bytes = {local},
                   .turn_ms = {}};
}

int best(const Call& call, const std::vector<Candidate>& candidates) {
  return hints::rank(call, candidates, costs(), kNow).order.front().node;
}

TEST(Rank, TakesTheContainerOrTheFilesWhicheverIsSoonerDone) {
  const struct {
    std::int64_t bytes;
    std::int64_t local_of_cold;  // node 1 has files and no container, node 0 a warm one
    int expected;
    const char* why;
  } cases[] = {
      {100 * kMiB, 100 * kMiB, 0, "100 ms of moving are less than a cold start"},
      {800 * kMiB, 800 * kMiB, 1, "800 ms of moving are more than a cold start"},
      {800 * kMiB, 300 * kMiB, 0, "500 ms must be moved to the cold one, too"},
      {0, 0, 0, "nothing to read: the warm one here"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(best(reading(one.bytes), {node(0, 0, 1), node(1, one.local_of_cold, 0)}),
              one.expected)
        << one.why;
  }
}

TEST(Rank, StaysHereWhenNothingIsWonElsewhere) {
  EXPECT_EQ(best(reading(0), {node(1, 0, 1), node(0, 0, 1), node(2, 0, 1)}), 0);
  EXPECT_EQ(best(reading(kMiB / 2), {node(1, kMiB / 2, 1), node(0, 0, 1)}), 0)
      << "half a millisecond is less than a hand-off";
  EXPECT_EQ(best(reading(20 * kMiB), {node(1, 20 * kMiB, 1), node(0, 0, 1)}), 1);
}

TEST(Rank, CountsLoadAndDistance) {
  std::vector<Candidate> two = {node(1, 100 * kMiB, 1), node(2, 100 * kMiB, 1)};
  two[0].distance_ms = 3;
  EXPECT_EQ(best(reading(100 * kMiB), two), 2);
  two[1].load = 0.9;
  Costs busy = costs();
  busy.busy_ms = 10;
  EXPECT_EQ(hints::rank(reading(100 * kMiB), two, busy, kNow).order.front().node, 1);
}

TEST(Rank, AFullPeerComesAfterEveryPlaceThatCanTakeTheCall) {
  const Ranking ranking =
      hints::rank(reading(800 * kMiB), {node(0, 0, 0), node(1, 800 * kMiB, 0, 100), node(2, 0, 0)},
                  costs(), kNow);
  EXPECT_EQ(ranking.verdict, Verdict::kRun);
  EXPECT_EQ(ranking.order.front().node, 0);
  EXPECT_EQ(ranking.order.back().node, 1);
  EXPECT_EQ(best(reading(800 * kMiB), {node(0, 0, 0), node(1, 800 * kMiB, 1, 0)}), 1)
      << "a warm container has its memory";
}

TEST(Rank, AFullNodeQueuesItsOwnCallsWhereThatIsTheShorterWay) {
  std::vector<Candidate> two = {node(0, 800 * kMiB, 0, 0), node(1, 0, 0)};
  two[0].turn_ms = 200;
  EXPECT_EQ(best(reading(800 * kMiB), two), 0);
  two[0].turn_ms = 2000;
  EXPECT_EQ(best(reading(800 * kMiB), two), 1);
}

TEST(Rank, WaitsForABetterNodeThatIsFullUntilTheTimeIsUp) {
  Call call = reading(800 * kMiB);
  call.wait_until = kNow + milliseconds(50);
  const std::vector<Candidate> two = {node(0, 0, 0), node(1, 800 * kMiB, 0, 0)};
  const Ranking waits = hints::rank(call, two, costs(), kNow);
  EXPECT_EQ(waits.verdict, Verdict::kWait);
  EXPECT_EQ(waits.waits_for->node, 1);
  EXPECT_EQ(waits.order.front().node, 0);
  EXPECT_EQ(hints::rank(call, two, costs(), call.wait_until).verdict, Verdict::kRun);

  std::vector<Candidate> slow = two;
  slow[1].turn_ms = 900;
  EXPECT_EQ(hints::rank(call, slow, costs(), kNow).verdict, Verdict::kRun)
      << "its turn would take longer than bringing the files";
  std::vector<Candidate> free = two;
  free[1].free_memory_mb = 256;
  EXPECT_EQ(hints::rank(call, free, costs(), kNow).order.front().node, 1);
}

TEST(Rank, AModelAndAGpuAreResidentThingsLikeFiles) {
  Call call{.memory_mb = 256,
            .needs = {{ResidentKind::kModel, "llama", 4096 * kMiB},
                      {ResidentKind::kGpu, "any", 1},
                      {ResidentKind::kFiles, "prompts", 10 * kMiB}},
            .key = ""};
  Candidate files = node(0, 0, 1);
  files.local_bytes = {0, 0, 10 * kMiB};
  Candidate gpu = node(1, 0, 0);
  gpu.local_bytes = {0, 1};
  Candidate model = node(2, 0, 0);
  model.local_bytes = {4096 * kMiB, 1, 0};
  Costs fleet = costs();
  fleet.bringing[1] = {.start_ms = 5, .bytes_per_ms = static_cast<double>(kMiB)};
  fleet.bringing[2] = {.start_ms = 500, .bytes_per_ms = 1};
  const Ranking ranking = hints::rank(call, {files, gpu, model}, fleet, kNow);
  EXPECT_EQ(ranking.order[0].node, 2);
  EXPECT_EQ(ranking.order[0].bytes_remote, 10 * kMiB);
  EXPECT_EQ(ranking.order[1].node, 1) << "400 ms of cold start are less than 500 of a far GPU";
}

TEST(Rank, CallsOfOneKeyGoToOneNodeWhileItHasRoom) {
  std::vector<Candidate> fleet;
  for (int i = 0; i < 10; ++i) fleet.push_back(node(i, 0, i == 0 ? 1 : 0));
  Call call = reading(0);
  call.key = "tenant-7";
  const Ranking first = hints::rank(call, fleet, costs(), kNow);
  ASSERT_TRUE(first.order.front().of_key);
  const int home = first.order.front().node;

  auto& loaded = fleet[static_cast<std::size_t>(home)];
  loaded.load = 0.45;
  EXPECT_EQ(hints::rank(call, fleet, costs(), kNow).order.front().node, home) << "half is free";
  loaded.load = 0.9;
  EXPECT_NE(hints::rank(call, fleet, costs(), kNow).order.front().node, home);
  for (Candidate& one : fleet) one.load = 0.8;
  EXPECT_EQ(hints::rank(call, fleet, costs(), kNow).order.front().node, home)
      << "no more loaded than the others";
  loaded.free_memory_mb = 0;
  loaded.warm = 0;
  EXPECT_NE(hints::rank(call, fleet, costs(), kNow).order.front().node, home);
  call.wait_until = kNow + milliseconds(1);
  EXPECT_EQ(hints::rank(call, fleet, costs(), kNow).waits_for->node, home);
}

TEST(Rank, KeysSpreadEvenlyAndMoveOnlyWithTheirNode) {
  constexpr int kNodes = 20;
  constexpr int kKeys = 20'000;
  const auto home = [](const std::string& key, int without) {
    int result = -1;
    for (int i = 0; i < kNodes; ++i) {
      if (i == without) continue;
      if (result < 0 || hints::key_weight(key, i) > hints::key_weight(key, result)) result = i;
    }
    return result;
  };
  std::vector<int> keys(kNodes);
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "k" + std::to_string(i);
    const int with_all = home(key, -1);
    ++keys[static_cast<std::size_t>(with_all)];
    if (with_all != 5) {
      EXPECT_EQ(home(key, 5), with_all);
    }
  }
  for (const int count : keys) EXPECT_NEAR(count, 1000, 150);
}

TEST(Reasons, SayWhatIsThereAndWhatTheOtherWouldHaveCost) {
  const auto name = [](int id) { return std::string(1, static_cast<char>('A' + id)); };
  const Call call = reading(256 * kMiB);
  const auto text = [&](const std::vector<Candidate>& candidates, int chosen) {
    const Ranking ranking = hints::rank(call, candidates, costs(), kNow);
    return hints::to_text(hints::reasons(call, candidates, ranking, chosen), name);
  };
  EXPECT_EQ(text({node(0, 0, 0), node(1, 240 * kMiB, 0)}, 1),
            "ran on B: 240 of 256 MiB of photos/2024 are there; A would have cost +239 ms");
  EXPECT_EQ(text({node(0, 0, 1), node(1, 240 * kMiB, 0)}, 0),
            "ran on A: nothing of photos/2024 is there, a warm container is there; B would have "
            "cost +160 ms");
  EXPECT_EQ(text({node(0, 0, 0), node(1, 256 * kMiB, 0, 0)}, 0),
            "ran on A: nothing of photos/2024 is there; B had no room");
  EXPECT_EQ(text({node(0, 0, 0), node(1, 256 * kMiB, 0)}, 0),
            "ran on A: nothing of photos/2024 is there; B would have cost -255 ms")
      << "B refused, and that is to be seen";
  EXPECT_EQ(text({node(0, 256 * kMiB, 0)}, 0), "ran on A: 256 of 256 MiB of photos/2024 are there");
}

// Whatever nodes say of themselves: every candidate is in the order once, estimates are finite and
// not negative, nobody has more bytes than there are, and who cannot take the call is not first.
TEST(Rank, HoldsWhateverCandidatesSay) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const double doubles[] = {0,     1,    -5,        1e300, -1e300, std::nan(""),
                            0.001, 1e-9, kInfinity, 0.5,   100,    -kInfinity};
  const std::int64_t wholes[] = {0,
                                 1,
                                 -1,
                                 256,
                                 1 << 30,
                                 std::numeric_limits<std::int64_t>::max(),
                                 std::numeric_limits<std::int64_t>::min()};
  const auto some_double = [&] { return doubles[random() % std::size(doubles)]; };
  const auto some_whole = [&] { return wholes[random() % std::size(wholes)]; };
  for (int round = 0; round < 20'000; ++round) {
    Call call{.memory_mb = some_whole(), .needs = {}, .key = random() % 3 == 0 ? "k" : ""};
    if (random() % 2 == 0) call.wait_until = kNow + milliseconds(5);
    for (std::size_t i = random() % 3; i > 0; --i) {
      call.needs.push_back({static_cast<ResidentKind>(random() % 3), "x", some_whole()});
    }
    std::vector<Candidate> fleet;
    for (int i = 0; i < static_cast<int>(1 + random() % 6); ++i) {
      Candidate one = node(i, some_whole(), static_cast<int>(some_whole()), some_whole());
      one.local_bytes.resize(random() % 4, some_whole());
      one.load = some_double();
      one.distance_ms = some_double();
      if (random() % 2 == 0) one.turn_ms = some_double();
      fleet.push_back(one);
    }
    const Ranking ranking = hints::rank(call, fleet, costs(), kNow);
    std::set<int> seen;
    for (const hints::Place& place : ranking.order) {
      seen.insert(place.node);
      EXPECT_TRUE(std::isfinite(place.estimate.total_ms()) && place.estimate.total_ms() >= 0);
      EXPECT_GE(place.bytes_local, 0);
      EXPECT_GE(place.bytes_remote, 0);
    }
    EXPECT_EQ(seen.size(), fleet.size());
    EXPECT_TRUE(ranking.order.front().room == hints::Room::kFree || ranking.order.front().here);
    EXPECT_EQ(ranking.verdict == Verdict::kWait, ranking.waits_for.has_value());
    EXPECT_FALSE(hints::to_text(hints::reasons(call, fleet, ranking, 0), [](int id) {
                   return std::to_string(id);
                 }).empty());
  }
}

}  // namespace
