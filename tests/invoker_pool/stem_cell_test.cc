// Stem cells: kept in number, replaced, evicted, and tried again after failures.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

TEST(StemCells, AreStartedAtTheBeginningAsFarAsThereIsRoom) {
  play({.memory_mb = 700, .stem_cells = {{"python", 256, 1}, {"node", 256, 2}}}, R"(
    stats -> 0MB warm=0 busy=0 paused=0 stem=0 starting=0 removing=0 waiting=0
    begin -> start c1 python, start c2 node
    stats -> 512MB warm=0 busy=0 paused=0 stem=0 starting=2 removing=0 waiting=0
  )");
}

TEST(StemCells, AreNotStartedBeforeTheBeginning) {
  play({.stem_cells = {{"python", 256, 1}}}, R"(
    submit j1 A -> start c1 j1
    begin       -> start c2 python
  )");
}

TEST(StemCells, ATakenOneIsReplacedWhenThereIsRoomAgain) {
  play({.memory_mb = 512, .stem_cells = {{"python", 256, 1}}}, R"(
    begin               -> start c1 python
    started c1          ->
    submit j1 A kind=x  -> start c2 j1
    submit j2 B         -> run c1 j2 stem init again     # no room for another
    started c2          -> run c2 j1 cold init
    ended c2 j1 destroy -> remove c2
    removed c2          -> start c3 python
  )");
}

TEST(StemCells, OneThatComesUpGoesToTheJobThatWaitsForItsKind) {
  play({.memory_mb = 256, .stem_cells = {{"python", 256, 1}}}, R"(
    begin       -> start c1 python
    submit j1 A ->
    started c1  -> run c1 j1 stem init again
  )");
}

TEST(StemCells, OneIsEvictedForAnActionThatDoesNotFitBesideItAndComesBackLater) {
  play({.memory_mb = 512, .stem_cells = {{"python", 256, 1}}}, R"(
    begin               -> start c1 python
    started c1          ->
    submit j1 A mem=512 -> remove c1
    removed c1          -> start c2 j1
    started c2          -> run c2 j1 cold init
    ended c2 j1 keep    ->                         # warm: no room for the stem cell
    at 10s              -> pause c2
    paused c2           ->
    at 610s             -> remove c2
    removed c2          -> start c3 python
  )");
}

TEST(StemCells, AreEvictedAfterIdleWarmContainers) {
  play({.memory_mb = 768, .stem_cells = {{"python", 256, 1}}}, R"(
    begin               -> start c1 python
    started c1          ->
    submit j1 A kind=x  -> start c2 j1
    started c2          -> run c2 j1 cold init
    ended c2 j1 keep    ->
    submit j2 B mem=512 -> remove c2
    removed c2          -> start c3 j2
  )");
}

TEST(StemCells, FailuresAreRetriedLaterAndLater) {
  play({.stem_cells = {{"python", 256, 2}}}, R"(
    begin      -> start c1 python, start c2 python
    failed c1  ->
    failed c2  ->                     # of the same round: one failure
    deadline   -> 100
    at 99      ->
    at 100     -> start c3 python     # one attempt at a time
    deadline   -> none
    failed c3  ->
    deadline   -> 300
    at 300     -> start c4 python
    failed c4  ->
    deadline   -> 700
    at 700     -> start c5 python
    started c5 -> start c6 python     # it works again: up to the number
    failed c6  ->
    deadline   -> 800
  )");
}

TEST(StemCells, TheBackOffIsBounded) {
  std::string script = "begin -> start c1 python\n";
  std::int64_t at = 0;
  std::int64_t delay = 100;
  for (int i = 1; i <= 14; ++i) {
    const std::string self = "c" + std::to_string(i);
    const std::string next = "c" + std::to_string(i + 1);
    at += delay;
    script += "failed " + self + " -> \n deadline -> " + std::to_string(at) + "\n";
    script += "at " + std::to_string(at) + " -> start " + next + " python\n";
    delay = std::min<std::int64_t>(delay * 2, 10'000);
  }
  play({.stem_cells = {{"python", 256, 1}}}, script);
}

TEST(StemCells, AFailingOneDoesNotStopAnotherKind) {
  play({.stem_cells = {{"python", 256, 1}, {"node", 256, 1}}}, R"(
    begin                 -> start c1 python, start c2 node
    failed c1             ->
    started c2            ->
    submit j1 A kind=node -> run c2 j1 stem init again, start c3 node
  )");
}

TEST(StemCells, AreNotRefilledWhileAJobWaits) {
  play({.memory_mb = 512, .stem_cells = {{"python", 128, 1}}}, R"(
    begin               -> start c1 python
    submit j1 A mem=256 -> start c2 j1
    submit j2 B mem=512 ->
    started c1          ->
    submit j3 C mem=128 -> run c1 j3 stem init again   # 128 MB are free, but j2 waits
    stats               -> 384MB warm=0 busy=1 paused=0 stem=0 starting=1 removing=0 waiting=1
  )");
}

TEST(StemCells, TwoEntriesOfOneKindAndMemoryAddUp) {
  play({.stem_cells = {{"python", 256, 1}, {"python", 256, 1}, {"none", 256, 0}}}, R"(
    begin -> start c1 python, start c2 python
  )");
}

}  // namespace
}  // namespace pool_testing
