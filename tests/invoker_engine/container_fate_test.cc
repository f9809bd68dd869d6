// What becomes of a container and its activation, by what its runtime answers.
#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>

#include "engine_fixture.h"
#include "testing/eventually.h"
#include "testing/jumping_clock.h"

namespace invoker {
namespace {

TEST_F(InvokerTest, AnErrorOfTheApplicationAndAnAnswerThatIsTooLongLeaveTheContainer) {
  world_.answer_next("/run", [](auto&, auto&) { return FakeWorld::ok(R"({"error":"mine"})"); });
  EXPECT_EQ(run_one().response.code, StatusCode::kApplicationError);
  world_.answer_next("/run", [](auto&, auto&) {
    auto outcome = FakeWorld::ok(R"({"x":"yyy)");
    outcome.truncated = true;
    outcome.content_length = 2 << 20;
    return outcome;
  });
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kApplicationError);
  EXPECT_EQ(run_one(message("a3")).response.code, StatusCode::kSuccess);
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 1u);
}

TEST_F(InvokerTest, AnotherStatusThan200CostsTheContainer) {
  world_.answer_next("/run", [](auto&, auto&) {
    auto outcome = FakeWorld::ok(R"({"error":"the runtime's"})");
    outcome.status = 502;
    return outcome;
  });
  EXPECT_EQ(run_one().response.code, StatusCode::kDeveloperError);
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kSuccess);
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

TEST_F(InvokerTest, ARuntimeThatShutsDownGivesItsActivationBackAtInitAndAtRun) {
  for (const char* path : {"/init", "/run"}) {
    world_.answer_next(path, [](auto&, auto&) {
      auto outcome = FakeWorld::ok("{}");
      outcome.status = 503;
      return outcome;
    });
  }
  EXPECT_EQ(run_one().response.code, StatusCode::kSuccess);
  stop();
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 3u) << "one for each that shut down";
}

// Waits until the diary has so many entries that begin so.
bool becomes(const FakeWorld& world, std::string_view what, std::ptrdiff_t times) {
  std::ptrdiff_t count = 0;
  return testing_support::eventually([&] {
           count = std::ranges::count_if(
               world.diary(), [&](const std::string& entry) { return entry.starts_with(what); });
           return count >= times;
         }) &&
         count == times;
}

TEST_F(InvokerTest, ContainersThatEndWhileTheyAreIdleAreRemovedAndStemCellsReplaced) {
  config_.pool.stem_cells = {{"nodejs:20", 256LL << 20, 1}};
  EXPECT_EQ(run_one().response.code, StatusCode::kSuccess);
  ASSERT_TRUE(becomes(world_, "create", 2)) << "the stem cell, and that of the activation";
  while (world_.alive() < 2) std::this_thread::yield();
  world_.end_all();
  EXPECT_TRUE(becomes(world_, "destroy", 2));
  EXPECT_TRUE(becomes(world_, "create", 3)) << "another stem cell";
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kSuccess);
  stop();
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

TEST_F(InvokerTest, WhereSomebodyElseTakesTheLogsTheRecordIsTheFirstThatIsHeard) {
  config_.collects_logs = false;
  run_one();
  EXPECT_THAT(sink_.results(), IsEmpty());
  EXPECT_THAT(sink_.progress(), ElementsAre(Progress::kRunOnly));
}

TEST_F(InvokerTest, WhereOnlyWhatOpenWhiskRecordsIsWantedNothingIsAdded) {
  config_.records_timing = false;
  EXPECT_EQ(annotation(run_one(), "timing"), nullptr);
}

TEST_F(InvokerTest, AClockThatIsSetChangesNothingButWhatIsWritten) {
  const testing_support::JumpingClock jumping;
  Invoker invoker(config_, Outside{actions_, containers_, stager_, sink_, jumping, log_});
  constexpr std::size_t kActivations = 20;
  for (std::size_t i = 1; i <= kActivations; ++i) {
    ASSERT_TRUE(invoker.submit(message("a" + std::to_string(i))).ok());
    const Activation activation = sink_.wait_for(i).back();
    EXPECT_EQ(activation.response.code, StatusCode::kSuccess);
    EXPECT_GE(activation.duration_ms, 0);
    EXPECT_FALSE(annotation(activation, "timeout")->as_bool());
  }
  EXPECT_EQ(invoker.stats().pool.cold_starts, 1u);
  invoker.stop(jumping.now() + std::chrono::seconds(10));
}

}  // namespace
}  // namespace invoker
