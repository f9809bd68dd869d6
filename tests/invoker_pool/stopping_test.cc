// drain() and forget().
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(Draining, RefusesNewJobsAndLetsTheOthersFinish) {
  play({.memory_mb = 512, .stem_cells = {{"node", 128, 1}}}, R"(
    begin            -> start c1 node
    submit j1 A      -> start c2 j1
    submit j2 B mem=512 ->
    started c1       ->
    started c2       -> run c2 j1 cold init
    drain            -> remove c1
    submit j3 C      -> refuse j3 stopping
    removed c1       ->
    ended c2 j1 keep -> remove c2
    removed c2       -> start c3 j2
    started c3       -> run c3 j2 cold init
    ended c3 j2 keep -> remove c3
    empty            -> no
    removed c3       ->
    empty            -> yes
    deadline         -> none
  )");
}

TEST(Draining, RemovesWhatWasOnItsWay) {
  play({.stem_cells = {{"python", 256, 2}}}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    at 10s           -> pause c1
    begin            -> start c2 python, start c3 python
    drain            ->
    paused c1        -> remove c1
    started c2       -> remove c2
    failed c3        ->
    deadline         -> none
    removed c1       ->
    removed c2       ->
    empty            -> yes
  )");
}

TEST(Draining, AJobBoundToAPausedContainerStillRuns) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    at 10s           -> pause c1
    submit j2 A      ->
    drain            ->
    paused c1        -> resume c1
    resumed c1       -> run c1 j2 warm again
    ended c1 j2 keep -> remove c1
  )");
}

TEST(Draining, ARescheduledJobIsNotLost) {
  play({}, R"(
    submit j1 A            -> start c1 j1
    started c1             -> run c1 j1 cold init
    drain                  ->
    ended c1 j1 reschedule -> remove c1, start c2 j1
  )");
}

TEST(Draining, AContainerServesItsWaitersBeforeItGoes) {
  play({.memory_mb = 256}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      ->
    started c1       -> run c1 j1 cold init
    drain            ->
    ended c1 j1 keep -> run c1 j2 warm again
    ended c1 j2 keep -> remove c1
  )");
}

TEST(Draining, AnEmptyPoolIsEmptyAtOnce) {
  play({}, R"(
    drain -> 
    empty -> yes
  )");
}

TEST(Forgetting, RemovesIdleContainersNowAndBusyOnesWhenIdle) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      -> start c2 j2
    submit j3 B      -> start c3 j3
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    started c3       -> run c3 j3 cold init
    ended c1 j1 keep ->
    ended c3 j3 keep ->
    forget A         -> remove c1
    ended c2 j2 keep -> remove c2
    submit j4 B      -> run c3 j4 warm again
    forget nobody    ->
  )");
}

TEST(Forgetting, ReachesPausedStartingAndPausingContainers) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      -> start c2 j2
    submit j3 A      -> start c3 j3
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    ended c1 j1 keep ->
    ended c2 j2 keep ->
    at 10s           -> pause c1, pause c2
    paused c1        ->
    forget A         -> remove c1
    paused c2        -> remove c2
    started c3       -> run c3 j3 cold init
    ended c3 j3 keep -> remove c3
  )");
}

TEST(Forgetting, ANewContainerOfTheKeyIsNotForgotten) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    forget A         ->
    submit j2 A      -> start c2 j2
    started c2       -> run c2 j2 cold init
    ended c2 j2 keep ->
    ended c1 j1 keep -> remove c1
    submit j3 A      -> run c2 j3 warm again
  )");
}

}  // namespace
}  // namespace pool_testing
