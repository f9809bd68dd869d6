// The invoker over containers that exist only in memory: every way in which a message can end.
#include <algorithm>
#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "engine_fixture.h"
#include "testing/eventually.h"

namespace invoker {
namespace {

TEST_F(InvokerTest, AColdActivationInitializesRunsAndIsRecorded) {
  world_.answer_next("/run", [](auto&, auto&) { return FakeWorld::ok(R"({"n":1.0})"); });
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kSuccess);
  EXPECT_EQ(activation.response.result->to_string(), R"({"n":1.0})");
  EXPECT_THAT(world_.last_body("/run"), HasSubstr("12345678901234567890"));
  EXPECT_NE(annotation(activation, "initTime"), nullptr);
  EXPECT_THAT(world_.diary(), ElementsAre("create wsk0_1_guest_hello", "post /init", "post /run"));
  EXPECT_THAT(sink_.results(), ElementsAre("a1"));
  stop();
  EXPECT_EQ(world_.alive(), 0);
}

TEST_F(InvokerTest, TheSecondActivationIsWarm) {
  run_one();
  const Activation second = run_one(message("a2"));
  EXPECT_EQ(annotation(second, "initTime"), nullptr);
  EXPECT_EQ(annotation(second, "timing")->find("start")->as_string(), "warm");
  EXPECT_THAT(world_.diary(),
              ElementsAre("create wsk0_1_guest_hello", "post /init", "post /run", "post /run"));
}

TEST_F(InvokerTest, ANewRevisionDoesNotMeetTheOldCodeAndTheOldContainerGoes) {
  run_one();
  Action newer = hello();
  newer.revision = "2-b";
  actions_.put(newer);
  const Activation second = run_one(message("a2"));
  EXPECT_NE(annotation(second, "initTime"), nullptr);
  stop();
  EXPECT_EQ(world_.alive(), 0);
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

TEST_F(InvokerTest, AnUnknownActionIsAnApplicationErrorOfTheMessage) {
  ActivationMessage unknown = message("a1");
  unknown.action_name = "gone";
  const Activation activation = run_one(unknown);
  EXPECT_EQ(activation.response.code, StatusCode::kApplicationError);
  EXPECT_EQ(error_of(activation), "Action could not be found or may have been deleted.");
  EXPECT_THAT(world_.diary(), IsEmpty());
  EXPECT_THAT(sink_.results(), IsEmpty());
}

TEST_F(InvokerTest, AnActionThatCannotBeReadOrFetchedIsAWhiskError) {
  actions_.fail_next({base::ErrorCode::kDataLoss, "bad document"});
  EXPECT_EQ(error_of(run_one()), "Action version is not compatible and cannot be invoked.");
  actions_.fail_next({base::ErrorCode::kUnavailable, "no store"});
  const Activation second = run_one(message("a2"));
  EXPECT_EQ(second.response.code, StatusCode::kWhiskError);
  EXPECT_EQ(error_of(second), "Action could not be fetched.");
}

TEST_F(InvokerTest, AHintThatCannotBeUnderstoodOrKeptIsADeveloperErrorAndRunsNothing) {
  for (const char* annotations :
       {R"([{"key":"volumes","value":[{"name":"x","path":"/proc"}]}])",
        R"([{"key":"gpu","value":1}])", R"([{"key":"delivery","value":"exactly-once"}])"}) {
    Action action = hello();
    action.annotations = parse(annotations);
    actions_.put(action);
    const Activation activation = run_one();
    EXPECT_EQ(activation.response.code, StatusCode::kDeveloperError) << annotations;
    EXPECT_THAT(error_of(activation), HasSubstr("annotation '")) << annotations;
  }
  EXPECT_THAT(world_.diary(), IsEmpty());
}

TEST_F(InvokerTest, AnActionLargerThanThePoolIsRefusedAtOnce) {
  Action action = hello();
  action.limits.memory_bytes = 4096LL << 20;
  actions_.put(action);
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kWhiskError);
  EXPECT_EQ(error_of(activation), "Failed to provision resources to run the action.");
}

TEST_F(InvokerTest, AContainerThatCannotBeMadeIsAWhiskErrorAndAnUnknownImageADeveloperError) {
  start();
  world_.fail_next({base::ErrorCode::kInternal, "no namespaces"});
  EXPECT_EQ(error_of(run_one()), "Failed to provision resources to run the action.");
  Action action = hello();
  action.exec.kind = "blackbox";
  action.exec.image = "nobody/nothing";
  actions_.put(action);
  world_.fail_next({base::ErrorCode::kUnsupported, "no such image"});
  const Activation second = run_one(message("a2"));
  EXPECT_EQ(second.response.code, StatusCode::kDeveloperError);
  EXPECT_EQ(error_of(second), "Failed to pull container image 'nobody/nothing'.");
}

TEST_F(InvokerTest, AnImageWithoutItsProgramIsADeveloperErrorWithThatSentence) {
  world_.fail_next({base::ErrorCode::kNotFound, "executable file not found in image x"});
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kDeveloperError);
  EXPECT_EQ(error_of(activation), "executable file not found in image x");
}

TEST_F(InvokerTest, AFailedInitIsTheResponseAndTheContainerIsDestroyed) {
  world_.answer_next("/init", [](auto&, auto&) {
    auto outcome = FakeWorld::ok(R"({"error":"no main"})");
    outcome.status = 502;
    return outcome;
  });
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kDeveloperError);
  EXPECT_EQ(error_of(activation), "no main");
  EXPECT_THAT(world_.diary(), Not(Contains("post /run")));
  stop();
  EXPECT_THAT(world_.diary(), Contains("destroy"));
}

TEST_F(InvokerTest, ADeadWarmContainerIsReplacedAndTheActivationRunsElsewhere) {
  run_one();
  world_.answer_next("/run",
                     [](auto&, auto&) { return FakeWorld::broken(CallError::kConnectionRefused); });
  const Activation second = run_one(message("a2"));
  EXPECT_EQ(second.response.code, StatusCode::kSuccess);
  stop();
  EXPECT_THAT(world_.diary(), Contains("destroy"));
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

TEST_F(InvokerTest, AContainerThatAlwaysRefusesEndsTheActivationAfterABoundedNumberOfTries) {
  for (int i = 0; i < 10; ++i) {
    world_.answer_next("/init", [](auto&, auto&) {
      CallOutcome outcome;
      outcome.status = 503;
      return outcome;
    });
  }
  const Activation activation = run_one();
  EXPECT_NE(activation.response.code, StatusCode::kSuccess);
  EXPECT_EQ(std::ranges::count(world_.diary(), std::string("post /init")),
            config_.reschedules_max + 1);
}

TEST_F(InvokerTest, MemoryExhaustionIsToldFromAnyOtherEnd) {
  world_.set_memory_exhausted(true);
  world_.answer_next("/run",
                     [](auto&, auto&) { return FakeWorld::broken(CallError::kConnectionLost); });
  EXPECT_EQ(error_of(run_one()), "The action exhausted its memory and was aborted.");
}

TEST_F(InvokerTest, CutLogsAreRecordedAndDestroyTheContainer) {
  CollectedLogs logs;
  logs.lines.push_back({clock_.wall(), false, "first"});
  logs.truncated = true;
  world_.answer_logs_next(logs);
  const Activation activation = run_one();
  ASSERT_EQ(activation.logs.size(), 2u);
  EXPECT_THAT(activation.logs[0], HasSubstr("stdout: first"));
  EXPECT_THAT(activation.logs[1], HasSubstr("Logs were truncated"));
  run_one(message("a2"));
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

class VolumesTest : public InvokerTest {
 protected:
  VolumesTest() {
    Action action = hello();
    action.annotations =
        parse(R"([{"key":"volumes","value":[{"name":"a","path":"/mnt/a","tier":"ephemeral"},
                                            {"name":"b","path":"/mnt/b"}]}])");
    actions_.put(action);
  }
};

TEST_F(VolumesTest, AreAttachedBeforeAndDetachedAfterEveryActivation) {
  run_one();
  const Activation warm = run_one(message("a2"));
  EXPECT_THAT(
      world_.diary(),
      ElementsAre("create wsk0_1_guest_hello", "attach /mnt/a", "attach /mnt/b", "post /init",
                  "post /run", "detach /mnt/b", "detach /mnt/a", "attach /mnt/a", "attach /mnt/b",
                  "post /run", "detach /mnt/b", "detach /mnt/a"));
  EXPECT_EQ(annotation(warm, "volumes")->items().size(), 2u);
  EXPECT_THAT(stager_.diary(), ElementsAre("finish true", "finish true"));
}

TEST_F(VolumesTest, AContainerThatHoldsOnToAFileIsNotUsedAgain) {
  world_.answer_detach_next(DetachOutcome::kHeld);
  run_one();
  run_one(message("a2"));
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 2u);
}

TEST_F(VolumesTest, AnActivationThatFailedDoesNotPublish) {
  world_.answer_next("/run", [](auto&, auto&) { return FakeWorld::ok(R"({"error":"no"})"); });
  run_one();
  EXPECT_THAT(stager_.diary(), ElementsAre("finish false"));
}

TEST_F(VolumesTest, AnActivationThatMovesLeavesNothingBehind) {
  run_one();
  world_.answer_next("/run",
                     [](auto&, auto&) { return FakeWorld::broken(CallError::kConnectionRefused); });
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kSuccess);
  EXPECT_THAT(stager_.diary(), ElementsAre("finish true", "dropped", "finish true"));
}

TEST_F(VolumesTest, FilesThatCannotBeMadeSafeMakeTheSuccessAFailure) {
  stager_.fail_next_finish({base::ErrorCode::kUnavailable, "volume 'b': the disk is gone"});
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kWhiskError);
  EXPECT_THAT(error_of(activation), HasSubstr("the disk is gone"));
}

TEST_F(VolumesTest, AConflictIsAnErrorOfTheApplication) {
  stager_.fail_next_finish({base::ErrorCode::kConflict, "volume a: \"x\" was changed meanwhile"});
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kApplicationError);
  EXPECT_THAT(error_of(activation), HasSubstr("was changed meanwhile"));
}

TEST_F(VolumesTest, AConflictRunsTheActionAgainWhereTheVolumeAsksForThat) {
  Action action = hello();
  action.annotations =
      parse(R"([{"key":"volumes","value":{"name":"a","path":"/mnt/a","retry":1}}])");
  actions_.put(action);
  config_.capabilities.retry_max = 1;
  stager_.fail_next_finish({base::ErrorCode::kConflict, "volume a: \"x\" was changed meanwhile"});
  EXPECT_EQ(run_one().response.code, StatusCode::kSuccess);
  EXPECT_THAT(world_.diary(),
              ElementsAre("create wsk0_1_guest_hello", "attach /mnt/a", "post /init", "post /run",
                          "detach /mnt/a", "attach /mnt/a", "post /run", "detach /mnt/a"));
  EXPECT_THAT(stager_.diary(), ElementsAre("finish true", "finish true"));
}

TEST_F(VolumesTest, AVolumeThatCannotBeHadIsToldAndRunsNothing) {
  stager_.fail_next_stage({base::ErrorCode::kUnsupported, "no loop devices here"});
  EXPECT_EQ(run_one().response.code, StatusCode::kDeveloperError);
  stager_.fail_next_stage({base::ErrorCode::kNoSpace, "the node is full"});
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kWhiskError);
  EXPECT_THAT(world_.diary(), Not(Contains("post /init")));
}

TEST_F(VolumesTest, WithoutHopeOfFilesNoContainerIsLookedFor) {
  stager_.be_ready_no_more({base::ErrorCode::kUnsupported, "nobody serves volumes here"});
  const Activation refused = run_one();
  EXPECT_EQ(refused.response.code, StatusCode::kDeveloperError);
  EXPECT_EQ(error_of(refused), "nobody serves volumes here");
  stager_.be_ready_no_more({base::ErrorCode::kUnavailable, "they are away"});
  EXPECT_EQ(run_one(message("a2")).response.code, StatusCode::kWhiskError);
  EXPECT_THAT(world_.diary(), IsEmpty());
}

TEST_F(VolumesTest, NeedAContainerOfTheirOwn) {
  Action action = hello();
  action.annotations = parse(R"([{"key":"volumes","value":{"name":"a","path":"/mnt/a"}}])");
  action.limits.concurrency = 4;
  actions_.put(action);
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kDeveloperError);
  EXPECT_THAT(error_of(activation), HasSubstr("concurrency 1"));
}

TEST_F(InvokerTest, AnActionThatIsSlowToFetchHoldsNobodyUpAndIsNotLostByStopping) {
  start();
  actions_.hold();
  ASSERT_TRUE(invoker_->submit(message("slow")).ok()) << "returns although fetch() does not";
  std::thread stopper([this] { stop(); });
  // Not so many that the pool's buffer refuses some.
  EXPECT_TRUE(testing_support::eventually([&] { return !invoker_->submit(message("late")).ok(); }));
  actions_.release();
  stopper.join();
  const auto all = sink_.wait_for(invoker_->stats().accepted);
  EXPECT_EQ(all.size(), invoker_->stats().accepted);
  for (const Activation& one : all) EXPECT_EQ(one.response.code, StatusCode::kSuccess);
}

TEST_F(InvokerTest, LimitsOfTheNamespaceAreLookedAtAgain) {
  config_.limits = DispatchLimits{};
  ActivationMessage narrow = message("a1");
  narrow.user.limits = parse(R"({"maxActionTimeout":1000})");
  const Activation activation = run_one(narrow);
  EXPECT_EQ(activation.response.code, StatusCode::kApplicationError);
  EXPECT_EQ(error_of(activation),
            "duration 60000 milliseconds exceeds allowed threshold of 1000 milliseconds");
  EXPECT_EQ(annotation(activation, "limits"), nullptr) << "as of an action that was not found";
  EXPECT_THAT(world_.diary(), IsEmpty());
}

TEST_F(InvokerTest, LockedParametersReachTheContainerInPlain) {
  config_.parameter_keys = parse_parameter_keys("ra1V6AfOYAv0jCzEdufIFA==", "").value();
  ActivationMessage locked = message("a1");
  locked.content =
      parse(R"({"key":"AAAADAABAgMEBQYHCAkKCxXg12r69rujTvN4upb0aPDSehB/fJHAjA==","open":1})");
  locked.locked_args = {{"key", "aes-128"}};
  EXPECT_EQ(run_one(locked).response.code, StatusCode::kSuccess);
  EXPECT_THAT(world_.last_body("/run"), HasSubstr(R"("key":"secret")"));

  locked.activation_id = "a2";
  locked.content = parse(R"({"key":"AAAADAABAgMEBQYHCAkKCxXg12r69rujTvN4upb0aPDSehB/fJHBjA=="})");
  const Activation unreadable = run_one(locked);
  EXPECT_EQ(unreadable.response.code, StatusCode::kWhiskError);
  EXPECT_THAT(error_of(unreadable), HasSubstr("key"));
}

TEST_F(InvokerTest, WithoutLogsTheRecordIsTheFirstThatIsHeard) {
  Action action = hello();
  run_one(message("a1"));
  action.revision = "2-b";
  action.limits.logs_bytes = 0;
  actions_.put(action);
  ActivationMessage second = message("a2");
  second.revision = "2-b";
  run_one(second);
  ActivationMessage unknown = message("a3");
  unknown.action_name = "gone";
  run_one(unknown);
  EXPECT_THAT(sink_.results(), ElementsAre("a1"));
  EXPECT_THAT(sink_.progress(),
              ElementsAre(Progress::kResultTold, Progress::kRunOnly, Progress::kNotRun));
}

TEST_F(InvokerTest, StoppingLetsRunningWorkFinishAndRefusesNewWork) {
  std::latch running(1);
  std::latch go_on(1);
  world_.answer_next("/run", [&](auto&, auto&) {
    running.count_down();
    go_on.wait();
    return FakeWorld::ok("{}");
  });
  start();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  running.wait();
  std::jthread stopping([&] { stop(); });
  std::size_t accepted = 1;
  while (invoker_->submit(message("a2")).ok()) ++accepted;
  go_on.count_down();
  stopping.join();
  const auto all = sink_.wait_for(accepted);
  EXPECT_EQ(all.size(), accepted);
  for (const Activation& activation : all) {
    EXPECT_EQ(activation.response.code, StatusCode::kSuccess);
  }
  EXPECT_EQ(world_.alive(), 0);
}

TEST_F(InvokerTest, StoppingWithoutPatienceStillCompletesEveryMessage) {
  config_.pool.memory_bytes = 256LL << 20;  // one at a time: the rest wait
  std::latch running(1);
  std::latch go_on(1);
  world_.answer_next("/run", [&](auto&, auto&) {
    running.count_down();
    go_on.wait();
    return FakeWorld::broken(CallError::kConnectionLost);
  });
  start();
  for (const char* id : {"a1", "a2", "a3"}) ASSERT_TRUE(invoker_->submit(message(id)).ok());
  running.wait();
  std::jthread stopping([&] { invoker_->stop(clock_.now()); });
  while (!std::ranges::count(world_.diary(), std::string("kill"))) std::this_thread::yield();
  go_on.count_down();
  stopping.join();
  const auto all = sink_.wait_for(3);
  EXPECT_EQ(all.size(), 3u);
  for (const Activation& activation : all) {
    EXPECT_EQ(activation.response.code, StatusCode::kWhiskError) << "the action is not at fault";
  }
  EXPECT_EQ(world_.alive(), 0);
}

TEST_F(InvokerTest, AnActionThatIsNeverFetchedEndsAtTheDeadlineOfTheStop) {
  start();
  actions_.hold();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  invoker_->stop(clock_.now() + std::chrono::milliseconds(20));
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(error_of(all.front()), "Action could not be fetched.");
}

TEST_F(InvokerTest, AContainerThatNeverComesUpEndsAtTheDeadlineOfTheStop) {
  start();
  world_.hold_creations();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  invoker_->stop(clock_.now() + std::chrono::milliseconds(20));
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().response.code, StatusCode::kWhiskError);
}

TEST_F(InvokerTest, AContainerThatIsSlowToDieHoldsNobodyUp) {
  constexpr int kContainers = 2;
  std::latch running(kContainers);
  std::latch go_on(kContainers);  // one for each kill
  std::atomic<int> kills = 0;
  std::atomic<bool> together = false;
  world_.on_kill([&] {
    ++kills;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (kills < kContainers && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    if (kills == kContainers) together = true;
    go_on.count_down();
  });
  for (int i = 0; i < kContainers; ++i) {
    world_.answer_next("/run", [&](auto&, auto&) {
      running.count_down();
      go_on.wait();
      return FakeWorld::broken(CallError::kConnectionLost);
    });
  }
  start();
  for (const char* id : {"a1", "a2"}) ASSERT_TRUE(invoker_->submit(message(id)).ok());
  running.wait();
  invoker_->stop(clock_.now());
  EXPECT_TRUE(together) << "the second is killed while the first still takes its time";
  EXPECT_EQ(sink_.wait_for(kContainers).size(), 2u);
}

TEST_F(InvokerTest, ManyMessagesAtOnceEachCompleteOnce) {
  start();
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 500;
  {
    std::vector<std::jthread> senders;
    for (std::size_t t = 0; t < kThreads; ++t) {
      senders.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) {
          EXPECT_TRUE(invoker_->submit(message(std::to_string(t) + "-" + std::to_string(i))).ok());
        }
      });
    }
  }
  const auto all = sink_.wait_for(kThreads * kEach);
  std::set<std::string> ids;
  for (const auto& activation : all) ids.insert(activation.activation_id);
  EXPECT_EQ(ids.size(), kThreads * kEach);
  EXPECT_EQ(all.size(), kThreads * kEach);
  stop();
  EXPECT_EQ(world_.alive(), 0);
}

}  // namespace
}  // namespace invoker
