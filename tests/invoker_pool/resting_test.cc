// Pause after the grace, resume before a run, removal after the idle time.
#include <gtest/gtest.h>

#include "pool_script.h"

namespace pool_testing {
namespace {

constexpr const char* kIdle = R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    time 1s          ->
    ended c1 j1 keep ->
)";

TEST(Resting, PausesAfterTheGraceAndRemovesAfterTheIdleTime) {
  play({}, std::string(kIdle) + R"(
    deadline   -> 11000
    at 10999   ->
    at 11000   -> pause c1
    deadline   -> none
    time 12s   ->
    paused c1  ->
    stats      -> 256MB warm=0 busy=0 paused=1 stem=0 starting=0 removing=0 waiting=0
    deadline   -> 612000
    at 611999  ->
    at 612000  -> remove c1
    deadline   -> none
    empty      -> no
    removed c1 ->
    empty      -> yes
  )");
}

TEST(Resting, AJobDuringTheGraceKeepsTheContainerAwake) {
  play({}, std::string(kIdle) + R"(
    time 10s         ->
    submit j2 A      -> run c1 j2 warm again
    at 20s           ->
    deadline         -> none
    ended c1 j2 keep ->
    deadline         -> 30000
  )");
}

TEST(Resting, APausedContainerIsResumedBeforeItRuns) {
  play({}, std::string(kIdle) + R"(
    at 11s      -> pause c1
    paused c1   ->
    submit j2 A -> resume c1
    deadline    -> none
    resumed c1  -> run c1 j2 warm again
  )");
}

TEST(Resting, AJobForAContainerBeingPausedWaitsForItToComeBack) {
  play({}, std::string(kIdle) + R"(
    at 11s      -> pause c1
    submit j2 A ->
    submit j3 A -> start c2 j3
    paused c1   -> resume c1
    resumed c1  -> run c1 j2 warm again
  )");
}

TEST(Resting, APausedContainerIsChosenBeforeOneThatIsStillBeingPaused) {
  play({}, R"(
    submit j1 A      -> start c1 j1
    submit j2 A      -> start c2 j2
    started c1       -> run c1 j1 cold init
    started c2       -> run c2 j2 cold init
    ended c1 j1 keep ->
    ended c2 j2 keep ->
    at 10s           -> pause c1, pause c2
    paused c1        ->
    submit j3 A      -> resume c1
  )");
}

TEST(Resting, AFailedPauseRemovesTheContainer) {
  play({}, std::string(kIdle) + R"(
    at 11s       -> pause c1
    paused c1 no -> remove c1
    removed c1   ->
    empty        -> yes
  )");
}

TEST(Resting, AFailedPausePlacesTheJobElsewhere) {
  play({}, std::string(kIdle) + R"(
    at 11s       -> pause c1
    submit j2 A  ->
    paused c1 no -> remove c1, start c2 j2
  )");
}

TEST(Resting, AFailedResumePlacesTheJobElsewhere) {
  play({.memory_mb = 256}, std::string(kIdle) + R"(
    at 11s        -> pause c1
    paused c1     ->
    submit j2 A   -> resume c1
    resumed c1 no -> remove c1
    removed c1    -> start c2 j2
  )");
}

TEST(Resting, WithoutAnyGraceThePauseIsDueAtOnce) {
  play({.pause_grace = std::chrono::milliseconds(0)}, R"(
    submit j1 A      -> start c1 j1
    started c1       -> run c1 j1 cold init
    ended c1 j1 keep ->
    deadline         -> 0
    at 0             -> pause c1
  )");
}

}  // namespace
}  // namespace pool_testing
