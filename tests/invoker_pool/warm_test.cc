// Which container a job is given: warm before stem cell before cold.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(ContainerPool, ColdJobStartsAContainerThenRunsOnIt) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    stats            -> 256MB warm=0 busy=0 paused=0 stem=0 starting=1 removing=0 waiting=0
    started c1       -> run c1 j1 cold init
    initialized c1   ->
    stats            -> 256MB warm=0 busy=1 paused=0 stem=0 starting=0 removing=0 waiting=0
    ended c1 j1 keep ->
    stats            -> 256MB warm=1 busy=0 paused=0 stem=0 starting=0 removing=0 waiting=0
  )");
}

TEST(ContainerPool, SecondJobOfAKeyRunsWarmAndMayBeRescheduled) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    initialized c1   ->
    ended c1 j1 keep ->
    submit j2 A      -> run c1 j2 warm again
    ended c1 j2 keep ->
  )");
}

TEST(ContainerPool, AnEndOfTheFirstJobImpliesThatInitSucceeded) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    initialized c1   ->                        # late: no matter
    submit j2 A      -> run c1 j2 warm again
  )");
}

TEST(ContainerPool, AnotherKeyGetsAnotherContainer) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    submit j2 B      -> start c2 j2
  )");
}

TEST(ContainerPool, TheMostRecentlyUsedContainerOfTheKeyIsChosen) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      -> start c2 j2
    submit j3 A      -> start c3 j3
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    started c3       -> run c3 j3 cold init
    ended c1 j1 keep ->
    ended c3 j3 keep ->
    ended c2 j2 keep ->
    submit j4 A      -> run c2 j4 warm again
    submit j5 A      -> run c3 j5 warm again
    submit j6 A      -> run c1 j6 warm again
  )");
}

TEST(ContainerPool, AnIdleContainerIsChosenBeforeAPausedOne) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      -> start c2 j2
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    ended c1 j1 keep ->
    time 5s          ->
    ended c2 j2 keep ->
    at 10s           -> pause c1
    paused c1        ->
    submit j3 A      -> run c2 j3 warm again
    submit j4 A      -> resume c1
    submit j5 A      -> start c3 j5
    resumed c1       -> run c1 j4 warm again
  )");
}

TEST(ContainerPool, AStemCellMustHaveTheKindAndExactlyTheMemory) {
  play({.memory_mb = 2048, .stem_cells = {{"python", 256, 1}}}, R"(
    begin                      -> start c1 python
    started c1                 ->
    submit j1 A kind=node      -> start c2 j1
    submit j2 B mem=128        -> start c3 j2
    submit j3 C image mem=256  -> start c4 j3
    submit j4 D                -> run c1 j4 stem init again, start c5 python
  )");
}

TEST(ContainerPool, AWarmContainerIsChosenBeforeAStemCell) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    begin            -> start c1 python
    started c1       ->
    submit j1 A      -> run c1 j1 stem init again, start c2 python
    started c2       ->
    ended c1 j1 keep ->
    submit j2 A      -> run c1 j2 warm again
  )");
}

TEST(ContainerPool, CountsStartsByKindAndEvictions) {
  play({.memory_mb = 512, .stem_cells = {{"python", 256, 1}}}, R"(
    begin              -> start c1 python
    started c1         ->
    submit j1 A        -> run c1 j1 stem init again, start c2 python
    started c2         ->
    ended c1 j1 keep   ->
    submit j2 A        -> run c1 j2 warm again
    submit j3 B kind=x -> remove c2
    counts             -> cold=0 stem=1 warm=1 evicted=1
    removed c2         -> start c3 j3
    counts             -> cold=1 stem=1 warm=1 evicted=1
  )");
}

}  // namespace
}  // namespace pool_testing
