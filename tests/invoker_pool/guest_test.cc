// Activations of other invokers: what is free is theirs, and nothing of what this invoker needs.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(Guests, TakeFreeMemoryAndNoMore) {
  play({.memory_mb = 512}, R"(
    submit j1 A guest -> start c1 j1
    submit j2 B       -> start c2 j2
    submit j3 C guest -> refuse j3 no room
  )");
}

TEST(Guests, ShareWarmContainersWithTheirKey) {
  play({.memory_mb = 256}, R"(
    submit j1 A       -> start c1 j1
    started c1        -> run c1 j1 cold init
    ended c1 j1 keep  ->
    submit j2 A guest -> run c1 j2 warm again
    submit j3 A guest -> refuse j3 no room
    ended c1 j2 keep  ->
    submit j4 A       -> run c1 j4 warm again
  )");
}

TEST(Guests, JoinContainersOfTheirKeyThatHaveRoom) {
  play({.memory_mb = 256}, R"(
    submit j1 A conc=2       -> start c1 j1
    submit j2 A conc=2 guest ->
    submit j3 A conc=2 guest -> refuse j3 no room
    started c1               -> run c1 j1 cold init
    initialized c1           -> run c1 j2 warm
  )");
}

TEST(Guests, TakeStemCells) {
  play({.memory_mb = 256, .stem_cells = {{"python", 256, 1}}}, R"(
    begin             -> start c1 python
    started c1        ->
    submit j1 A guest -> run c1 j1 stem init again
  )");
}

TEST(Guests, AreRefusedWhileAnybodyWaits) {
  play({.memory_mb = 512}, R"(
    submit j1 A               -> start c1 j1
    submit j2 B mem=512       ->
    submit j3 C guest         -> refuse j3 no room
  )");
}

TEST(Guests, EvictWhatNobodyHasUsedLatelyAndNothingElse) {
  play({.memory_mb = 512}, R"(
    submit j1 A       -> start c1 j1
    submit j2 B       -> start c2 j2
    started c1        -> run c1 j1 cold init
    started c2        -> run c2 j2 cold init
    ended c1 j1 keep  ->
    time 500          ->
    ended c2 j2 keep  ->
    submit j3 C guest -> refuse j3 no room
    time 1200         ->
    submit j4 C guest -> remove c1
    submit j5 D guest -> refuse j5 no room
    removed c1        -> start c3 j4
  )");
}

TEST(Guests, AreRefusedWhenThePoolStops) {
  play({}, R"(
    drain             ->
    submit j1 A guest -> refuse j1 stopping
  )");
}

}  // namespace
}  // namespace pool_testing
