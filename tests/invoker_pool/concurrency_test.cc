// Several jobs in one container.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(Concurrency, JobsJoinAContainerThatIsBeingStartedUpToItsConcurrency) {
  play({}, R"(
    submit j1 A conc=3 -> start c1 j1
    submit j2 A conc=3 ->
    started c1         -> run c1 j1 cold init
    submit j3 A conc=3 ->
    submit j4 A conc=3 -> start c2 j4
    initialized c1     -> run c1 j2 warm, run c1 j3 warm
  )");
}

TEST(Concurrency, JobsJoinAStemCellThatIsBeingInitialised) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    begin              -> start c1 python
    started c1         ->
    submit j1 A conc=2 -> run c1 j1 stem init again, start c2 python
    submit j2 A conc=2 ->
    initialized c1     -> run c1 j2 warm
  )");
}

TEST(Concurrency, WaitingJobsOfTheKeyJoinTheContainerOfTheFirst) {
  play({.memory_mb = 256}, R"(
    submit j1 A         -> start c1 j1
    submit j2 B conc=2  ->
    submit j3 B conc=2  ->
    started c1          -> run c1 j1 cold init
    ended c1 j1 destroy -> remove c1
    removed c1          -> start c2 j2
    stats               -> 256MB warm=0 busy=0 paused=0 stem=0 starting=1 removing=0 waiting=0
    started c2          -> run c2 j2 cold init
    initialized c2      -> run c2 j3 warm
  )");
}

TEST(Concurrency, AContainerWithRoomTakesAJobThatWouldHaveToWaitForAnother) {
  play({}, R"(
    submit j1 A conc=2 -> start c1 j1
    submit j2 A conc=2 ->
    started c1         -> run c1 j1 cold init
    initialized c1     -> run c1 j2 warm
    submit j3 A conc=2 -> start c2 j3
    submit j4 A conc=2 ->                     # bound to c2
    ended c1 j1 keep   -> run c1 j4 warm
    started c2         -> run c2 j3 cold init
    initialized c2     ->
  )");
}

TEST(Concurrency, OnlyTheFirstJobsAfterAnIdleTimeMayBeRescheduled) {
  play({}, R"(
    submit j1 A conc=4 -> start c1 j1
    started c1         -> run c1 j1 cold init
    initialized c1     ->
    submit j2 A conc=4 -> run c1 j2 warm
    ended c1 j1 keep   ->
    ended c1 j2 keep   ->
    submit j3 A conc=4 -> run c1 j3 warm again
    submit j4 A conc=4 -> run c1 j4 warm again
    ended c1 j3 keep   ->
    submit j5 A conc=4 -> run c1 j5 warm        # j3 has shown that it lives
  )");
}

TEST(Concurrency, ABadEndStopsNewJobsAndTheLastOneRemovesTheContainer) {
  play({}, R"(
    submit j1 A conc=3  -> start c1 j1
    started c1          -> run c1 j1 cold init
    initialized c1      ->
    submit j2 A conc=3  -> run c1 j2 warm
    ended c1 j1 destroy ->
    submit j3 A conc=3  -> start c2 j3
    ended c1 j2 keep    -> remove c1
  )");
}

TEST(Concurrency, ARescheduledJobLeavesAndTheOthersFinish) {
  play({}, R"(
    submit j1 A conc=3     -> start c1 j1
    started c1             -> run c1 j1 cold init
    initialized c1         ->
    submit j2 A conc=3     -> run c1 j2 warm
    ended c1 j2 reschedule -> start c2 j2
    ended c1 j1 keep       -> remove c1
  )");
}

TEST(Concurrency, ASharedContainerIsNotPausedWhileOneRuns) {
  play({}, R"(
    submit j1 A conc=2 -> start c1 j1
    submit j2 A conc=2 ->
    started c1         -> run c1 j1 cold init
    initialized c1     -> run c1 j2 warm
    ended c1 j1 keep   ->
    deadline           -> none
    ended c1 j2 keep   ->
    deadline           -> 10000
  )");
}

TEST(Concurrency, SeveralJobsWaitForOneResume) {
  play({}, R"(
    submit j1 A conc=2 -> start c1 j1
    started c1         -> run c1 j1 cold init
    ended c1 j1 keep   ->
    at 10s             -> pause c1
    paused c1          ->
    submit j2 A conc=2 -> resume c1
    submit j3 A conc=2 ->
    resumed c1         -> run c1 j2 warm again, run c1 j3 warm again
  )");
}

TEST(Concurrency, LessThanOneCountsAsOne) {
  play({}, R"(
    submit j1 A conc=0 -> start c1 j1
    submit j2 A conc=0 -> start c2 j2
  )");
}

}  // namespace
}  // namespace pool_testing
