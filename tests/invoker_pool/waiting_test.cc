// The line: who may pass, and how its head is served in the end.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

constexpr const char* kTwoBusy = R"(
    submit j1 A -> start c1 j1
    submit j2 B -> start c2 j2
    started c1  -> run c1 j1 cold init
    started c2  -> run c2 j2 cold init
)";

TEST(Waiting, TheBufferIsBounded) {
  play({.memory_mb = 256, .buffer_max = 2}, R"(
    submit j1 A      -> start c1 j1
    submit j2 B      ->
    submit j3 C      ->
    submit j4 D      -> refuse j4 full
    stats            -> 256MB warm=0 busy=0 paused=0 stem=0 starting=1 removing=0 waiting=2
  )");
}

TEST(Waiting, AWarmHitIsServedThoughTheBufferIsFull) {
  play({.memory_mb = 512, .buffer_max = 1}, std::string(kTwoBusy) + R"(
    ended c1 j1 keep    ->
    submit j3 C mem=512 ->
    submit j4 A         -> run c1 j4 warm again
    submit j5 D mem=512 -> refuse j5 full
  )");
}

TEST(Waiting, WithoutABufferAnEvictionMayStillBeWaitedFor) {
  play({.memory_mb = 256, .buffer_max = 0}, R"(
    submit j1 A      -> start c1 j1
    submit j2 B      -> refuse j2 full
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    submit j3 B      -> remove c1
    removed c1       -> start c2 j3
  )");
}

TEST(Waiting, ASmallJobPassesAHeadThatDoesNotFit) {
  play({}, std::string(kTwoBusy) + R"(
    submit j3 C mem=768 ->
    submit j4 D mem=256 -> start c3 j4
  )");
}

TEST(Waiting, NobodyTakesNewMemoryPastAnOverdueHead) {
  play({}, std::string(kTwoBusy) + R"(
    submit j3 C mem=768 ->
    deadline            -> 1000
    at 1000             ->
    deadline            -> none
    submit j4 D mem=256 ->
    ended c1 j1 keep    -> remove c1
    removed c1          -> start c3 j3
    ended c2 j2 keep    -> remove c2
    removed c2          -> start c4 j4
  )");
}

TEST(Waiting, AWarmHitStillPassesAnOverdueHeadThatDoesNotNeedThatContainer) {
  play({.memory_mb = 768}, R"(
    submit j1 A         -> start c1 j1
    submit j2 B         -> start c2 j2
    submit j3 C         -> start c3 j3
    started c1          -> run c1 j1 cold init
    started c2          -> run c2 j2 cold init
    started c3          -> run c3 j3 cold init
    submit j4 D         ->
    at 1s               ->
    ended c1 j1 keep    -> remove c1          # this is enough for j4
    ended c2 j2 keep    ->
    submit j5 B         -> run c2 j5 warm again
    removed c1          -> start c4 j4
  )");
}

TEST(Waiting, AHotContainerIsTakenFromItsWaitersOnceItHasServedThemForAWhile) {
  play({.memory_mb = 256}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    time 100         ->
    initialized c1   ->
    submit j2 B      ->
    submit j3 A      ->
    submit j4 A      ->
    ended c1 j1 keep -> run c1 j3 warm again
    at 1100          ->
    ended c1 j3 keep -> remove c1
    removed c1       -> start c2 j2
    started c2       -> run c2 j2 cold init
    ended c2 j2 keep -> remove c2
    removed c2       -> start c3 j4
  )");
}

TEST(Waiting, ASharedContainerThatIsNeverIdleIsClosedForAnOverdueHead) {
  play({.memory_mb = 256}, R"(
    submit j1 A conc=2 -> start c1 j1
    started c1         -> run c1 j1 cold init
    initialized c1     ->
    submit j2 A conc=2 -> run c1 j2 warm
    submit j3 B        ->
    at 1s              ->
    ended c1 j1 keep   ->
    submit j4 A conc=2 ->                  # closed for the head
    ended c1 j2 keep   -> remove c1
    removed c1         -> start c2 j3
  )");
}

TEST(Waiting, AClosedContainerOpensAgainWhenTheHeadFoundAnotherPlace) {
  play({.memory_mb = 512}, R"(
    submit j1 A conc=2  -> start c1 j1
    started c1          -> run c1 j1 cold init
    initialized c1      ->
    submit j2 A conc=2  -> run c1 j2 warm
    submit j3 B         -> start c2 j3
    started c2          -> run c2 j3 cold init
    submit j4 C         ->
    at 1s               ->
    ended c1 j1 keep    ->
    submit j5 A conc=2  ->
    ended c2 j3 destroy -> remove c2, run c1 j5 warm
    removed c2          -> start c3 j4
  )");
}

TEST(Waiting, AKeyWithNoMoreContainersThanTheHeadsOwnKeepsThemLonger) {
  play({.memory_mb = 512}, std::string(kTwoBusy) + R"(
    submit j3 A      ->
    submit j4 B      ->
    submit j5 B      ->
    at 1s            ->
    ended c2 j2 keep -> run c2 j4 warm again    # j3 will be served by c1
    at 9s            ->
    ended c2 j4 keep -> remove c2               # but c1 takes too long
    removed c2       -> start c3 j3
  )");
}

TEST(Waiting, JobsOfOneKeyAreServedInTheirOrder) {
  play({.memory_mb = 256}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      ->
    submit j3 A      ->
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep -> run c1 j2 warm again
    ended c1 j2 keep -> run c1 j3 warm again
    ended c1 j3 keep ->
  )");
}

TEST(Waiting, AnOverdueHeadIsServedWarmByItsOwnKey) {
  play({.memory_mb = 256}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      ->
    started c1       -> run c1 j1 cold init
    at 60s           ->
    ended c1 j1 keep -> run c1 j2 warm again
  )");
}

}  // namespace
}  // namespace pool_testing
