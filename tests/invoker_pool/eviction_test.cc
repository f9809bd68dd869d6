// Memory: never promised twice, and exactly what is missing is evicted.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(Eviction, AJobLargerThanThePoolIsRefusedAtOnce) {
  play({.memory_mb = 512}, R"(
    submit j1 A mem=513 -> refuse j1 larger
    submit j2 A mem=512 -> start c1 j2
    stats               -> 512MB warm=0 busy=0 paused=0 stem=0 starting=1 removing=0 waiting=0
  )");
}

TEST(Eviction, TheJobWaitsUntilTheRemovalIsAnswered) {
  play({.memory_mb = 256}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    submit j2 B      -> remove c1
    stats            -> 256MB warm=0 busy=0 paused=0 stem=0 starting=0 removing=1 waiting=1
    removed c1       -> start c2 j2
  )");
}

constexpr const char* kThreeIdle = R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> start c2 j2
    submit j3 C      -> start c3 j3
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    started c3       -> run c3 j3 cold init
    ended c2 j2 keep ->
    ended c1 j1 keep ->
    ended c3 j3 keep ->
)";

TEST(Eviction, SpareMemoryCountsAndTheOldestGoesFirst) {
  play({}, std::string(kThreeIdle) + R"(
    submit j4 D mem=512 -> remove c2       # 256 MB are free, 256 MB are missing
    submit j5 E mem=512 -> remove c1, remove c3
    removed c3          -> start c4 j4
    removed c1          ->
    removed c2          -> start c5 j5
  )");
}

// A is called every 100 ms, up to 5 s; B every 5 s, and a moment after A the last time.
constexpr const char* kOneOftenOneSeldom = R"(
    submit j1 B      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    time 4900        ->
    submit j2 A      -> start c2 j2
    started c2       -> run c2 j2 cold init
    ended c2 j2 keep ->
    time 5000        ->
    submit j3 A      -> run c2 j3 warm again
    ended c2 j3 keep ->
    submit j4 B      -> run c1 j4 warm again
    ended c1 j4 keep ->
)";

TEST(Eviction, TheOneThatIsCalledNextInTheFarthestFutureGoesThoughItWasUsedLast) {
  play({.memory_mb = 512}, std::string(kOneOftenOneSeldom) + R"(
    time 5010        ->
    submit j5 C      -> remove c1
  )");
}

TEST(Eviction, AnOldFavouriteThatIsCalledNoMoreGoes) {
  play({.memory_mb = 512}, std::string(kOneOftenOneSeldom) + R"(
    time 7400        ->                        # A should have come 2300 ms ago, B comes in 2600 ms
    submit j5 C      -> remove c1
  )");
  play({.memory_mb = 512}, std::string(kOneOftenOneSeldom) + R"(
    time 7700        ->                        # 2600 ms ago, in 2300 ms
    submit j5 C      -> remove c2
  )");
}

TEST(Eviction, OneThatHasBeenCalledOnceGoesFirst) {
  play({.memory_mb = 768}, std::string(kOneOftenOneSeldom) + R"(
    submit j5 C      -> start c3 j5
    started c3       -> run c3 j5 cold init
    ended c3 j5 keep ->
    submit j6 D      -> remove c3
  )");
}

TEST(Eviction, HowOftenAnActionIsCalledIsKnownBeyondItsContainer) {
  play({.memory_mb = 768}, R"(
    submit j1 A         -> start c1 j1
    started c1          -> run c1 j1 cold init
    ended c1 j1 destroy -> remove c1
    removed c1          ->
    time 100            ->
    submit j2 A         -> start c2 j2         # called twice, each time in a new container
    submit j3 B         -> start c3 j3
    submit j4 C         -> start c4 j4
    started c2          -> run c2 j2 cold init
    ended c2 j2 keep    ->
    started c3          -> run c3 j3 cold init
    ended c3 j3 keep    ->
    submit j5 D         -> remove c3           # and not c2, which is older
  )");
}

TEST(Eviction, MemoryOnItsWayIsPromisedOnlyOnce) {
  play({.memory_mb = 768}, std::string(kThreeIdle) + R"(
    submit j4 D -> remove c2
    submit j5 E -> remove c1
    removed c2  -> start c4 j4
    removed c1  -> start c5 j5
  )");
}

TEST(Eviction, AnOldSmallContainerIsSparedWhereALargeOneAloneIsEnough) {
  play({.memory_mb = 640}, R"(
    submit j1 A mem=128 -> start c1 j1
    submit j2 B mem=512 -> start c2 j2
    started c1          -> run c1 j1 cold init
    started c2          -> run c2 j2 cold init
    ended c1 j1 keep    ->
    ended c2 j2 keep    ->
    submit j3 C mem=512 -> remove c2
  )");
}

TEST(Eviction, ARunningContainerIsNeverEvicted) {
  play({.memory_mb = 512}, R"(
    submit j1 A         -> start c1 j1
    submit j2 B         -> start c2 j2
    started c1          -> run c1 j1 cold init
    started c2          -> run c2 j2 cold init
    ended c1 j1 keep    ->
    submit j3 C mem=512 ->                      # c1 alone would not do: it stays
    submit j4 A         -> run c1 j4 warm again
    ended c1 j4 keep    ->
    ended c2 j2 keep    -> remove c2, remove c1  # B has been called once
    removed c1          ->
    removed c2          -> start c3 j3
  )");
}

TEST(Eviction, APausedContainerIsEvictedLikeAnIdleOneAndOneBeingPausedIsNot) {
  play({.memory_mb = 512}, R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> start c2 j2
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    ended c1 j1 keep ->
    ended c2 j2 keep ->
    at 10s           -> pause c1, pause c2
    paused c1        ->
    submit j3 C      -> remove c1
    submit j4 D      ->                          # c2 has an unanswered command
    paused c2        -> remove c2
    removed c2       -> start c3 j3              # the first that was promised
    removed c1       -> start c4 j4
  )");
}

TEST(Eviction, AJobThatFindsAWarmContainerMeanwhileLeavesItsPromiseToOthers) {
  play({.memory_mb = 512, .recent_use = std::chrono::milliseconds(0)}, R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> start c2 j2
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    ended c1 j1 keep ->
    submit j3 B      -> remove c1
    submit j4 C      ->
    ended c2 j2 keep -> run c2 j3 warm again
    removed c1       -> start c3 j4
  )");
}

}  // namespace
}  // namespace pool_testing
