// Activations that are given to other invokers, and those that are taken from them.
#include <future>

#include "engine_fixture.h"
#include "testing/eventually.h"

namespace invoker {
namespace {

using testing_support::eventually;

// Takes what it is told to take, and keeps what it hears.
class FakeDelegate final : public Delegate {
 public:
  Verdict place(const Placeable& activation) override {
    const std::lock_guard lock(mutex_);
    placed_.push_back(activation.job);
    demand_ = activation.demand;
    return takes_ ? Verdict{true, {}} : Verdict{false, locality_};
  }
  void guest_in_trouble(GuestId guest, GuestTrouble trouble) override {
    const std::lock_guard lock(mutex_);
    troubles_.emplace_back(guest, trouble);
  }

  void take() { takes_ = true; }
  void say(base::Json locality) { locality_ = std::move(locality); }
  std::vector<JobId> placed() const {
    const std::lock_guard lock(mutex_);
    return placed_;
  }
  JobDemand demand() const {
    const std::lock_guard lock(mutex_);
    return demand_;
  }
  std::vector<std::pair<GuestId, GuestTrouble>> troubles() const {
    const std::lock_guard lock(mutex_);
    return troubles_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  bool takes_ = false;
  base::Json locality_;
  std::vector<JobId> placed_;
  JobDemand demand_;
  std::vector<std::pair<GuestId, GuestTrouble>> troubles_;
};

class GuestsTest : public InvokerTest {
 protected:
  Invoker& start() {
    Outside outside{actions_, containers_, stager_, sink_, clock_, log_};
    outside.delegate = &delegate_;
    invoker_ = std::make_unique<Invoker>(config_, outside);
    return *invoker_;
  }
  // The demand that this invoker computes for message("..."), as an owner would have sent it.
  static JobDemand demand() {
    JobDemand demand;
    demand.warm_key = "guest\nguest/hello\n1-a";
    demand.kind = "python:3";
    demand.memory_bytes = 256LL << 20;
    return demand;
  }
  bool reserve(GuestId guest, const JobDemand& what = demand()) {
    std::promise<bool> answer;
    invoker_->reserve_guest(guest, what, [&](bool reserved) { answer.set_value(reserved); });
    return answer.get_future().get();
  }
  bool take_out(GuestId guest) {
    std::promise<bool> answer;
    invoker_->take_out_guest(guest, [&](bool out) { answer.set_value(out); });
    return answer.get_future().get();
  }
  static ActivationMessage guest_message(const std::string& id, GuestId guest) {
    ActivationMessage m = message(id);
    m.owner = std::make_shared<ActivationOwner>(
        ActivationOwner{"invoker7", parse(R"({"instance":7})"), guest});
    return m;
  }
  void begin(GuestId guest, const std::string& id = "a1") {
    invoker_->begin_guest(guest, guest_message(id, guest), base::Json("from there"));
  }

  FakeDelegate delegate_;
};

TEST_F(GuestsTest, WhatTheDelegateDoesNotTakeRunsHereAndItsRecordSaysWhy) {
  delegate_.say("miss");
  start();
  const Activation activation = run_one();
  EXPECT_EQ(activation.response.code, StatusCode::kSuccess);
  ASSERT_NE(annotation(activation, "locality"), nullptr);
  EXPECT_EQ(annotation(activation, "locality")->as_string(), "miss");
  EXPECT_EQ(delegate_.placed().size(), 1U);
  EXPECT_EQ(delegate_.demand().warm_key, demand().warm_key);
}

TEST_F(GuestsTest, WithoutAWordOfTheDelegateThereIsNoAnnotation) {
  start();
  EXPECT_EQ(annotation(run_one(), "locality"), nullptr);
}

TEST_F(GuestsTest, TheTestOfThisInvokerIsNeverGivenAway) {
  delegate_.take();
  start();
  ActivationMessage test = message("a1");
  test.transid.id = "sid_invokerHealth";
  EXPECT_EQ(run_one(std::move(test)).response.code, StatusCode::kSuccess);
  EXPECT_TRUE(delegate_.placed().empty());
}

TEST_F(GuestsTest, WhatComesBackRunsHere) {
  delegate_.take();
  start();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  ASSERT_EQ(delegate_.placed().size(), 1U);
  EXPECT_TRUE(world_.diary().empty());
  invoker_->run_here(delegate_.placed()[0], base::Json("not started"));
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(annotation(all[0], "locality")->as_string(), "not started");
  invoker_->run_here(delegate_.placed()[0], {});  // once
  stop();
  EXPECT_EQ(sink_.wait_for(1).size(), 1U);
}

TEST_F(GuestsTest, WhatEndsElsewhereIsHeardOfNoMore) {
  delegate_.take();
  start();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  invoker_->ended_elsewhere(delegate_.placed()[0]);
  stop();
  EXPECT_TRUE(world_.diary().empty());
  EXPECT_EQ(invoker_->stats().completed, 1U);
}

TEST_F(GuestsTest, WhatIsLostElsewhereIsAnErrorOfTheSystemAndDoesNotRun) {
  delegate_.take();
  start();
  ASSERT_TRUE(invoker_->submit(message("a1")).ok());
  invoker_->lost_elsewhere(delegate_.placed()[0], "its executor is gone");
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].response.code, StatusCode::kWhiskError);
  EXPECT_EQ(error_of(all[0]), "its executor is gone");
  EXPECT_EQ(sink_.progress()[0], Progress::kNotRun);
  EXPECT_TRUE(world_.diary().empty());
}

TEST_F(GuestsTest, AGuestRunsInItsPlaceAndIsNotGivenAwayAgain) {
  delegate_.take();
  start();
  ASSERT_TRUE(reserve(1));
  EXPECT_TRUE(world_.diary().empty()) << "nothing is made before the commit";
  begin(1);
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].response.code, StatusCode::kSuccess);
  EXPECT_EQ(annotation(all[0], "locality")->as_string(), "from there");
  EXPECT_TRUE(delegate_.placed().empty());
}

TEST_F(GuestsTest, AGuestTakesAWarmContainerOfThisInvokers) {
  start();
  run_one();
  ASSERT_TRUE(reserve(1));
  begin(1, "a2");
  EXPECT_EQ(sink_.wait_for(2).size(), 2U);
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 1U);
  EXPECT_EQ(invoker_->stats().pool.warm_starts, 1U);
}

TEST_F(GuestsTest, ReservedMemoryIsNobodyElsesAndComesBack) {
  config_.pool.memory_bytes = 256LL << 20;
  start();
  ASSERT_TRUE(reserve(1));
  EXPECT_FALSE(reserve(2));
  invoker_->release_guest(1);
  EXPECT_TRUE(reserve(3));
  invoker_->release_guest(3);
  stop();
  EXPECT_EQ(invoker_->stats().pool.memory_used_bytes, 0);
  EXPECT_TRUE(world_.diary().empty());
}

TEST_F(GuestsTest, AReleasedPlaceInAWarmContainerLeavesItWarm) {
  config_.pool.memory_bytes = 256LL << 20;
  start();
  run_one();
  ASSERT_TRUE(reserve(1));
  EXPECT_FALSE(reserve(2));
  invoker_->release_guest(1);
  run_one(message("a2"));
  EXPECT_EQ(invoker_->stats().pool.cold_starts, 1U);
}

TEST_F(GuestsTest, WhatHasNotBegunIsTakenOutAndWhatRunsIsNot) {
  std::promise<void> running, finish;
  world_.answer_next("/run", [&](const std::string&, const std::string&) {
    running.set_value();
    finish.get_future().wait();
    return FakeWorld::ok("{}");
  });
  start();
  ASSERT_TRUE(reserve(1));
  EXPECT_TRUE(take_out(1));
  begin(1);
  ASSERT_TRUE(reserve(2));
  begin(2, "a2");
  running.get_future().wait();
  EXPECT_FALSE(take_out(2));
  invoker_->release_guest(2);
  finish.set_value();
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].activation_id, "a2");
  stop();
  EXPECT_EQ(sink_.wait_for(1).size(), 1U);
}

TEST_F(GuestsTest, AContainerThatCannotBeMadeIsNoEndOfAGuest) {
  world_.fail_next({base::ErrorCode::kUnavailable, "no"});
  start();
  ASSERT_TRUE(reserve(1));
  begin(1);
  ASSERT_TRUE(eventually([&] { return delegate_.troubles().size() == 1; }));
  EXPECT_EQ(delegate_.troubles()[0], std::pair(GuestId{1}, GuestTrouble::kCannotBegin));
  invoker_->release_guest(1);
  stop();
  EXPECT_TRUE(sink_.results().empty());
  EXPECT_TRUE(sink_.progress().empty());
}

TEST_F(GuestsTest, WhoseOwnerIsGoneEndsAsAnErrorWhenItCannotBeBegun) {
  world_.fail_next({base::ErrorCode::kUnavailable, "no"});
  start();
  ASSERT_TRUE(reserve(1));
  begin(1);
  ASSERT_TRUE(eventually([&] { return delegate_.troubles().size() == 1; }));
  invoker_->fail_guest(1, "its owner is gone");
  const auto all = sink_.wait_for(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(error_of(all[0]), "its owner is gone");
  EXPECT_EQ(all[0].response.code, StatusCode::kWhiskError);
}

TEST_F(GuestsTest, WhoAsksForLessThanItBringsGetsNothing) {
  start();
  JobDemand small = demand();
  small.memory_bytes = 1 << 20;
  ASSERT_TRUE(reserve(1, small));
  begin(1);
  ASSERT_TRUE(eventually([&] { return delegate_.troubles().size() == 1; }));
  EXPECT_EQ(delegate_.troubles()[0].second, GuestTrouble::kNotWhatWasSaid);
  invoker_->release_guest(1);
  stop();
  EXPECT_TRUE(world_.diary().empty());
}

TEST_F(GuestsTest, AnActionThatIsNotThereIsItsOwnersToTell) {
  start();
  ASSERT_TRUE(reserve(1));
  ActivationMessage other = guest_message("a1", 1);
  other.action_name = "gone";
  invoker_->begin_guest(1, std::move(other), {});
  ASSERT_TRUE(eventually([&] { return delegate_.troubles().size() == 1; }));
  EXPECT_EQ(delegate_.troubles()[0].second, GuestTrouble::kCannotBegin);
  invoker_->release_guest(1);
}

TEST_F(GuestsTest, OneThatStopsTakesNoneAndEndsThoseItHas) {
  start();
  ASSERT_TRUE(reserve(1));
  begin(1);
  ASSERT_TRUE(reserve(2));
  invoker_->release_guest(2);
  stop();
  EXPECT_EQ(sink_.wait_for(1).size(), 1U);
  EXPECT_FALSE(reserve(3));
}

}  // namespace
}  // namespace invoker
