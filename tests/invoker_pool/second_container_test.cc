// A job whose key has a container: what it takes from others for a second one, and when.
#include <gtest/gtest.h>

#include "closed_loop.h"
#include "pool_script.h"

namespace pool_testing {
namespace {

using std::chrono::milliseconds;

// A runs; B, C and D idle, used last at 0, 0 and 600 ms; the memory is full.
constexpr const char* kOneBusyThreeIdle = R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> start c2 j2
    submit j3 C      -> start c3 j3
    submit j4 D      -> start c4 j4
    started c1       -> run c1 j1 cold init
    initialized c1   ->
    started c2       -> run c2 j2 cold init
    started c3       -> run c3 j3 cold init
    started c4       -> run c4 j4 cold init
    ended c2 j2 keep ->
    ended c3 j3 keep ->
    time 600         ->
    ended c4 j4 keep ->
)";

TEST(SecondContainer, ADuplicateWaitsInsteadOfEvictingARecentOne) {
  play({}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      ->
    time 603         ->
    ended c1 j1 keep -> run c1 j5 warm again
    counts           -> cold=4 stem=0 warm=1 evicted=0
  )");
}

TEST(SecondContainer, OneThatIsNotADuplicateEvictsARecentOneAtOnce) {
  play({}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 E      -> remove c2
  )");
}

TEST(SecondContainer, FreeMemoryIsTakenAtOnce) {
  play({.memory_mb = 1280}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      -> start c5 j5
    submit j6 A      ->                        # nothing is free any more
  )");
}

TEST(SecondContainer, MemoryThatComesFreeIsTakenWithoutPatience) {
  play({}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      ->
    forget B         -> remove c2
    removed c2       -> start c5 j5
  )");
}

TEST(SecondContainer, ASpareStemCellIsEvictedAtOnce) {
  play({.stem_cells = {{"node", 256, 1}}}, R"(
    begin            -> start c1 node
    started c1       ->
    submit j1 A      -> start c2 j1
    submit j2 B      -> start c3 j2
    submit j3 C      -> start c4 j3
    started c2       -> run c2 j1 cold init
    initialized c2   ->
    started c3       -> run c3 j2 cold init
    ended c3 j2 keep ->
    submit j4 A      -> remove c1              # and not c3, which was used just now
  )");
}

TEST(SecondContainer, AStaleOneIsEvictedAtOnceAndARecentOneIsNot) {
  play({.second_container_patience = milliseconds(500)}, std::string(kOneBusyThreeIdle) + R"(
    time 1000        ->
    submit j5 A      -> remove c2
    submit j6 A      -> remove c3
    submit j7 A      ->                        # c4 was used 400 ms ago
  )");
}

TEST(SecondContainer, OneThatGetsStaleMeanwhileIsEvictedThen) {
  play({.second_container_patience = milliseconds(500)}, std::string(kOneBusyThreeIdle) + R"(
    time 990         ->
    submit j5 A      ->
    deadline         -> 1000
    at 1000          -> remove c2
    deadline         -> 10000
  )");
}

TEST(SecondContainer, ARecentOneIsEvictedAfterThePatience) {
  play({}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      ->
    deadline         -> 700
    at 699           ->
    at 700           -> remove c2
  )");
}

TEST(SecondContainer, OnlyOneAtATimeIsTakenFromTheRecentOnes) {
  play({.second_container_patience = milliseconds(50)}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      ->
    submit j6 A      ->
    at 650           -> remove c2
    removed c2       -> start c5 j5
    at 700           ->                        # c5 is on its way
    started c5       -> run c5 j5 cold init
    time 710         ->
    initialized c5   ->                        # it may soon have an end with j6
    deadline         -> 760
    at 760           -> remove c3
  )");
}

TEST(SecondContainer, AsManyAsItTakesForOneThatIsOverdue) {
  play({.recent_use = milliseconds(60'000)}, R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> start c2 j2
    submit j3 C      -> start c3 j3
    submit j4 D      -> start c4 j4
    started c2       -> run c2 j2 cold init
    started c3       -> run c3 j3 cold init
    ended c2 j2 keep ->
    ended c3 j3 keep ->
    submit j5 A      ->
    submit j6 A      ->
    at 999           ->                        # c1 is on its way all the time
    at 1000          -> remove c2, remove c3
  )");
}

TEST(SecondContainer, WhenTheContainerDiesARecentOneIsEvictedAtOnce) {
  play({}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A         ->
    submit j6 A         ->
    ended c1 j1 destroy -> remove c1           # its memory is for j5, who is the only one in need
    removed c1          -> start c5 j5
    failed c5           -> start c6 j6
  )");
}

TEST(SecondContainer, WhenTheContainerDiesSlowlyARecentOneIsEvictedAtOnce) {
  play({.memory_mb = 512}, R"(
    submit j1 A conc=2  -> start c1 j1
    submit j2 B         -> start c2 j2
    started c1          -> run c1 j1 cold init
    initialized c1      ->
    started c2          -> run c2 j2 cold init
    ended c2 j2 keep    ->
    submit j3 A conc=2  -> run c1 j3 warm
    submit j4 A conc=2  ->
    ended c1 j1 destroy -> remove c2           # c1 takes nobody more, though j3 still runs
  )");
}

TEST(SecondContainer, WithoutPatienceARecentOneIsEvictedAtOnce) {
  play({.second_container_patience = milliseconds(0)}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      -> remove c2
    submit j6 A      -> remove c3
  )");
}

TEST(SecondContainer, WhereNothingIsEverRecentItIsEvictedAtOnce) {
  play({.recent_use = milliseconds(0)}, std::string(kOneBusyThreeIdle) + R"(
    submit j5 A      -> remove c2
    submit j6 A      -> remove c3
  )");
}

// The figures of the README.
LoopFigures ten_actions_that_just_fit(milliseconds patience, milliseconds start) {
  LoopConfig config{.actions = 10, .callers = 8, .calls = 2'000, .start = start};
  config.pool.memory_bytes = 10 * kActionBytes;
  config.pool.second_container_patience = patience;
  const LoopFigures figures = ClosedLoop(config).run();
  std::printf("patience %ld ms, start %ld ms: %d of %d calls cold, %.0f calls/s\n",
              static_cast<long>(patience.count()), static_cast<long>(start.count()), figures.cold,
              figures.calls, figures.calls_per_second());
  return figures;
}

TEST(SecondContainer, ActionsThatJustFitStayWarmWhenAFewCallersCallThemInTurn) {
  const LoopFigures without = ten_actions_that_just_fit(milliseconds(0), milliseconds(100));
  const LoopFigures with = ten_actions_that_just_fit(milliseconds(100), milliseconds(100));
  EXPECT_EQ(with.cold, 10);
  EXPECT_GT(without.cold, 1'000);
  EXPECT_GT(with.calls_per_second(), 10 * without.calls_per_second());
}

TEST(SecondContainer, TheyStayWarmThoughAStartTakesLongerThanThePatience) {
  EXPECT_EQ(ten_actions_that_just_fit(milliseconds(100), milliseconds(600)).cold, 10);
}

}  // namespace
}  // namespace pool_testing
