// Containers that do not start, do not initialise, break or turn out to be dead.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(Failure, AFailedStartEndsItsJobAndGivesTheMemoryBack) {
  play({.memory_mb = 256}, R"(
    submit j1 A -> start c1 j1
    submit j2 B ->
    failed c1   -> start c2 j2
    stats       -> 256MB warm=0 busy=0 paused=0 stem=0 starting=1 removing=0 waiting=0
  )");
}

TEST(Failure, JobsThatJoinedAFailedStartGoElsewhereInTheirOrder) {
  play({.memory_mb = 256}, R"(
    submit j1 A conc=3 -> start c1 j1
    submit j2 A conc=3 ->
    submit j3 A conc=3 ->
    submit j4 B        ->
    failed c1          -> start c2 j2
    started c2         -> run c2 j2 cold init
    initialized c2     -> run c2 j3 warm
  )");
}

TEST(Failure, AFailedInitSendsThoseWhoWaitForItElsewhere) {
  play({}, R"(
    submit j1 A conc=2  -> start c1 j1
    submit j2 A conc=2  ->
    started c1          -> run c1 j1 cold init
    ended c1 j1 destroy -> remove c1, start c2 j2
  )");
}

TEST(Failure, AContainerIsNotKeptAfterABadEnd) {
  play({}, R"(
    submit j1 A         -> start c1 j1
    started c1          -> run c1 j1 cold init
    initialized c1      ->
    ended c1 j1 destroy -> remove c1
    submit j2 A         -> start c2 j2
    removed c1          ->
  )");
}

TEST(Failure, ARescheduledJobTakesAnotherWarmContainer) {
  play({}, R"(
    submit j1 A            -> start c1 j1
    submit j2 A            -> start c2 j2
    started c1             -> run c1 j1 cold init
    started c2             -> run c2 j2 cold init
    ended c1 j1 keep       ->
    ended c2 j2 keep       ->
    submit j3 A            -> run c2 j3 warm again
    ended c2 j3 reschedule -> remove c2, run c1 j3 warm again
  )");
}

TEST(Failure, ARescheduledJobGoesToTheFrontOfTheLine) {
  play({.memory_mb = 256}, R"(
    submit j1 A            -> start c1 j1
    submit j2 B            ->
    submit j3 C            ->
    started c1             -> run c1 j1 cold init
    ended c1 j1 reschedule -> remove c1
    removed c1             -> start c2 j1
  )");
}

TEST(Failure, AnInitMayBeRescheduledToo) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    begin                  -> start c1 python
    started c1             ->
    submit j1 A            -> run c1 j1 stem init again, start c2 python
    started c2             ->
    ended c1 j1 reschedule -> remove c1, run c2 j1 stem init again, start c3 python
  )");
}

TEST(Failure, AContainerThatDiesIdleIsRemovedAtOnceAndAStemCellReplaced) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    begin            -> start c1 python
    started c1       ->
    submit j1 B kind=node -> start c2 j1
    started c2       -> run c2 j1 cold init
    ended c2 j1 keep ->
    died c1          -> remove c1, start c3 python
    died c2          -> remove c2
    removed c1       ->
    removed c2       ->
    died c1          ->
    started c3       ->
    stats            -> 256MB warm=0 busy=0 paused=0 stem=1 starting=0 removing=0 waiting=0
  )");
}

TEST(Failure, AContainerThatDiesWhileItIsUsedStartedOrPausedGoesWhenThatIsOver) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    begin               -> start c1 python
    died c1             ->
    started c1          -> remove c1, start c2 python
    removed c1          ->
    started c2          ->
    submit j1 B kind=node -> start c3 j1
    started c3          -> run c3 j1 cold init
    died c3             ->
    ended c3 j1 destroy -> remove c3
    removed c3          ->
    submit j2 B kind=node -> start c4 j2
    started c4          -> run c4 j2 cold init
    ended c4 j2 keep    ->
    at 10s              -> pause c4
    died c4             ->
    paused c4           -> remove c4
  )");
}

}  // namespace
}  // namespace pool_testing
