// Whole runs over a real broker and a real database, against a stand-in that keeps the contract or
// breaks it in one way.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "controller_sim/run.h"
#include "stand_in.h"
#include "testing/services.h"

namespace controller_sim {
namespace {

using namespace std::chrono_literals;
using enum BreachKind;

class EndToEnd : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    // librdkafka starts its threads with thrd_create, of which this ThreadSanitizer is not told; it
    // crashes in them.
    GTEST_SKIP() << "librdkafka's threads cannot run under ThreadSanitizer";
#endif
    NEEDS_SERVICE("kafka");
    NEEDS_SERVICE("couchdb");
    Random random(std::random_device{}());
    const std::string own = random_text(random, 8);
    SetUpOptions& set_up = options_.set_up;
    set_up.kafka.hosts = testing_services::address_of("kafka");
    set_up.topic_prefix = set_up.event_prefix = "sim-" + own + "-";
    set_up.store.url = "http://" + testing_services::said_by("couchdb", "credentials") + "@" +
                       testing_services::address_of("couchdb");
    set_up.store.actions = "sim_whisks";
    set_up.store.activations = "sim_activations";
    set_up.create_databases = true;
    set_up.controller = own;
    set_up.caller.namespace_name = own;
    set_up.caller.namespace_uuid = random_uuid(random);
    set_up.healthy_within = 20s;
    options_.load.seed = random();
    options_.load.requests = 6;
    options_.checks.grace = 5s;
    options_.checks.ping_gap = 5s;
    behave({"echo"});
    stand_in_.kafka = set_up.kafka.hosts;
    stand_in_.database = set_up.store.url + "/" + set_up.store.activations;
    stand_in_.prefix = set_up.topic_prefix;
    marks_ = testing::TempDir() + own + "-marks";
    stand_in_.marks_file = marks_;
    options_.checks.marks_file = options_.checks.marks_path = marks_;
  }
  void TearDown() override { std::filesystem::remove(marks_); }

  std::size_t lines_of_marks() const {
    std::size_t lines = 0;
    std::ifstream file(marks_);
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  void behave(const std::vector<std::string>& deeds) {
    options_.actions.behaviours.clear();
    for (const std::string& deed : deeds) {
      options_.actions.behaviours.push_back(parse_behaviour(deed).value());
    }
  }

  RunReport run_it() {
    breaches_ = Breaches(options_.checks.tolerated);
    const auto report = run(options_, breaches_, signals_, [this](const std::string& line) {
      if (line.starts_with("death noted")) ++deaths_noted_;
    });
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : RunReport();
  }

  std::string told() const {
    std::string text;
    for (const Breach& breach : breaches_.kept()) {
      text += std::string(name_of(breach.kind)) + " " + breach.id + ": " + breach.text + "\n";
    }
    return text;
  }

  Options options_;
  StandInConfig stand_in_;
  Breaches breaches_;
  Signals signals_;
  std::atomic<int> deaths_noted_{0};
  std::string marks_;
};

TEST_F(EndToEnd, AnInvokerThatKeepsTheContractPasses) {
  behave({"echo", "noop", "fail", "throw", "result:1000", "init"});
  options_.checks.strict = true;
  options_.checks.audit.events = true;
  options_.load.requests = 60;
  options_.load.warm_up = 5;
  options_.load.outstanding = 4;
  options_.load.blocking_percent = 50;
  options_.load.transid_variants = true;
  const StandIn stand_in(stand_in_);
  const RunReport report = run_it();
  EXPECT_EQ(told(), "");
  EXPECT_TRUE(report.healthy_after_ms);
  ASSERT_EQ(report.phases.size(), 1U);
  EXPECT_EQ(report.phases[0].completed, 60U);
  EXPECT_GT(report.phases[0].per_second, 0);
  EXPECT_FALSE(report.floor.empty());
  EXPECT_EQ(report.records_seen, 65U);
  EXPECT_EQ(report.events_seen, 65U);
}

TEST_F(EndToEnd, AtAGivenRateTheBrokerIsMeasuredUnderTheSameLoad) {
  behave({"noop"});
  options_.load.requests = 100;
  options_.load.rate = 200;
  const StandIn stand_in(stand_in_);
  const RunReport report = run_it();
  EXPECT_EQ(told(), "");
  ASSERT_EQ(report.phases.size(), 1U);
  const PhaseFigures& phase = report.phases[0];
  EXPECT_EQ(phase.completed, 100U);
  EXPECT_LE(phase.per_second, 210);
  EXPECT_GE(phase.trips.size(), 5U);
  EXPECT_EQ(phase.own.size(), phase.warm.size());
}

TEST_F(EndToEnd, OneActionIsComparedWithMany) {
  behave({"noop"});
  options_.actions.copies = 16;
  options_.actions.fit = 0.5;
  options_.load.compare = true;
  options_.load.requests = 32;
  options_.load.outstanding = 4;
  const StandIn stand_in(stand_in_);
  const RunReport report = run_it();
  EXPECT_EQ(told(), "");
  ASSERT_EQ(report.phases.size(), 2U);
  EXPECT_EQ(report.phases[0].name, "1 action");
  EXPECT_EQ(report.phases[1].name, "16 actions, 50% of the memory");
  EXPECT_EQ(report.phases[1].memory_mb, 256);  // 16 of them need 4 GB; there are 2
}

TEST_F(EndToEnd, AnOpenLoopSendsAtItsRate) {
  options_.load.rate = 200;
  options_.load.requests = 0;
  options_.load.duration = 500ms;
  const StandIn stand_in(stand_in_);
  const RunReport report = run_it();
  EXPECT_EQ(told(), "");
  EXPECT_NEAR(static_cast<double>(report.phases.at(0).sent), 100, 40);
}

TEST_F(EndToEnd, NobodyThereIsSaid) {
  options_.set_up.healthy_within = 300ms;
  const RunReport report = run_it();
  EXPECT_EQ(breaches_.count(kNeverHealthy), 1U);
  EXPECT_FALSE(report.healthy_after_ms);
}

TEST_F(EndToEnd, WhatOnlyFailsItsTestNeverGetsWork) {
  options_.set_up.healthy_within = 1s;
  stand_in_.fault = Fault::kNeverHealthy;
  const StandIn stand_in(stand_in_);
  EXPECT_TRUE(run_it().phases.empty());
  EXPECT_EQ(breaches_.count(kNeverHealthy), 1U);
}

TEST_F(EndToEnd, ARunThatIsStoppedEndsWithASummary) {
  options_.load.requests = 1'000'000;
  options_.checks.audit.records = false;
  const StandIn stand_in(stand_in_);
  auto running = std::async(std::launch::async, [this] { return run_it(); });
  while (lines_of_marks() < 5 && running.wait_for(1ms) != std::future_status::ready) {
  }
  signals_.stop = true;
  const RunReport report = running.get();
  EXPECT_EQ(told(), "");  // what was under way is waited for
  ASSERT_EQ(report.phases.size(), 1U);
  EXPECT_LT(report.phases[0].sent, 1'000'000U);
}

TEST_F(EndToEnd, ABrokerThatIsNotThereIsAnError) {
  options_.set_up.kafka.hosts = "127.0.0.1:1";
  options_.set_up.kafka.patience = 500ms;
  const auto report = run(options_, breaches_, signals_, [](const std::string&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, base::ErrorCode::kUnavailable);
}

TEST_F(EndToEnd, ADatabaseThatIsNotThereIsAnError) {
  options_.set_up.store.url = "http://127.0.0.1:1";
  const auto report = run(options_, breaches_, signals_, [](const std::string&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, base::ErrorCode::kUnavailable);
}

// The program itself, as operators and the invoker's own tests start it.
class Program : public EndToEnd {
 protected:
  // Its exit code; its report is in `json_`.
  int start(const std::string& more) {
    const SetUpOptions& set_up = options_.set_up;
    const std::string path = testing::TempDir() + set_up.controller + ".json";
    const std::string line =
        LARDER_CONTROLLER_SIM " --kafka " + set_up.kafka.hosts + " --db " + set_up.store.url +
        " --db-actions sim_whisks --db-activations sim_activations --create-databases" +
        " --topic-prefix " + set_up.topic_prefix + " --event-prefix " + set_up.event_prefix +
        " --controller " + set_up.controller + " --namespace " + set_up.caller.namespace_name +
        " --marks-file " + marks_ + " --grace 1s --json " + path + " " + more + " >/dev/null 2>&1";
    const int status = std::system(line.c_str());
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    json_ =
        base::Json::parse(text.str()).ok() ? base::Json::parse(text.str()).value() : base::Json();
    std::filesystem::remove(path);
    return WEXITSTATUS(status);
  }

  base::Json json_;
};

TEST_F(Program, EndsWithZeroWhenThereWasNoBreach) {
  const StandIn stand_in(stand_in_);
  EXPECT_EQ(start("--action echo log:3 --requests 10 --outstanding 2 --tolerate record-wrong"), 0);
  ASSERT_TRUE(json_.is_object());
  EXPECT_TRUE(json_.find("ok")->as_bool());
  EXPECT_EQ(json_.find("phases")->items()[0].find("completed")->as_int64(), 10);
  EXPECT_TRUE(json_.find("healthyAfterMs")->is_number());
}

TEST_F(Program, EndsWithOneWhenThereWasABreachAndNamesIt) {
  stand_in_.fault = Fault::kOtherResult;
  const StandIn stand_in(stand_in_);
  EXPECT_EQ(start("--action echo --requests 4"), 1);
  ASSERT_TRUE(json_.is_object());
  EXPECT_FALSE(json_.find("ok")->as_bool());
  const base::Json& breach = json_.find("breaches")->items().at(0);
  EXPECT_EQ(breach.find("kind")->as_string(), "result-wrong");
  EXPECT_TRUE(is_activation_id(breach.find("examples")->items().at(0).find("id")->as_string()));
}

TEST_F(Program, EndsWithTwoWhenItCannotRun) {
  EXPECT_EQ(start("--action nonsense"), 2);
  EXPECT_EQ(start("--kind swift:5 --health-kind swift:5"), 2);
}

// Every way to break the contract, and the breach by its name.
struct Broken {
  Fault fault;
  BreachKind breach;
  int blocking_percent = 100;
};

class BrokenContract : public EndToEnd, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenContract, IsNamed) {
  options_.checks.strict = true;
  options_.checks.audit.events = true;
  options_.checks.forced_after = 1s;
  options_.checks.ping_gap = 1s;
  options_.checks.grace = 1s;
  options_.load.blocking_percent = GetParam().blocking_percent;
  options_.load.requests = 4;
  if (GetParam().fault == Fault::kPingPause) {
    options_.load.rate = 2;
    options_.load.requests = 8;
  }
  if (GetParam().fault == Fault::kPingChange) options_.load.rate = 10;
  stand_in_.fault = GetParam().fault;
  const StandIn stand_in(stand_in_);
  run_it();
  EXPECT_GE(breaches_.count(GetParam().breach), 1U) << name_of(GetParam().breach) << "\n" << told();
  EXPECT_TRUE(breaches_.failed());
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenContract,
    testing::Values(
        Broken{Fault::kNoCompletion, kAckMissing},
        Broken{Fault::kCompletionTwice, kSecondCompletion},
        Broken{Fault::kResultTwice, kSecondResult},
        Broken{Fault::kCompletionFirst, kCompletionBeforeResult},
        Broken{Fault::kOtherTransid, kTransidChanged},
        Broken{Fault::kOtherInstance, kInstanceWrong}, Broken{Fault::kOtherInstance, kSlotLeak},
        Broken{Fault::kForeignAck, kUnknownId}, Broken{Fault::kOtherResult, kResultWrong},
        Broken{Fault::kFalseSystemError, kSystemErrorWrong},
        Broken{Fault::kUnreadableAck, kUnreadable},
        Broken{Fault::kResultUnasked, kResultUnexpected, 0},
        Broken{Fault::kAllAtOnce, kAckShapeWrong}, Broken{Fault::kTooLate, kAckLate},
        Broken{Fault::kNoRecord, kRecordMissing}, Broken{Fault::kOtherRecord, kRecordWrong},
        Broken{Fault::kNoEvent, kEventMissing}, Broken{Fault::kEventTwice, kSecondEvent},
        Broken{Fault::kOtherEvent, kEventWrong}, Broken{Fault::kPingPause, kPingGap},
        Broken{Fault::kPingChange, kPingChanged}),
    [](const auto& each) {
      std::string name(name_of(each.param.breach));
      std::erase(name, '-');
      return name;
    });

// Invokers that die.
class KillTest : public EndToEnd {
 protected:
  void SetUp() override {
    EndToEnd::SetUp();
    if (IsSkipped()) return;
    options_.checks.at_most_once = true;
    options_.checks.tolerated = {kAckMissing, kAckLate, kPingGap};
    options_.checks.forced_after = 3s;
    options_.checks.grace = 1500ms;
    options_.load.rate = 200;
    options_.load.requests = 100;
    stand_in_.work = 10ms;  // slower than they come, so that some wait
  }
  // Kills the stand-in when it has run so many, and starts it again as `next` says.
  RunReport run_with_a_death(std::size_t after, const StandInConfig& next) {
    auto stand_in = std::make_unique<StandIn>(stand_in_);
    auto running = std::async(std::launch::async, [this] { return run_it(); });
    while (lines_of_marks() < after && running.wait_for(1ms) != std::future_status::ready) {
    }
    stand_in.reset();
    ++signals_.deaths;
    while (deaths_noted_ == 0 && running.wait_for(1ms) != std::future_status::ready) {
    }
    stand_in = std::make_unique<StandIn>(next);
    return running.get();
  }
};

TEST_F(KillTest, TheLostAreExactlyThoseCommittedAndUnfinished) {
  const RunReport report = run_with_a_death(40, stand_in_);
  EXPECT_FALSE(breaches_.failed()) << told();
  ASSERT_TRUE(report.losses);
  EXPECT_TRUE(report.losses->exact);
  EXPECT_EQ(report.losses->lost, report.losses->lost_expected);
  EXPECT_EQ(report.losses->sent, 100U);
  EXPECT_EQ(report.losses->ran_twice, 0U);
  EXPECT_LE(report.losses->lost, 8U);  // a batch
}

TEST_F(KillTest, OneThatDoesNotCommitRunsSomeTwice) {
  stand_in_.commit = Commit::kNever;
  run_with_a_death(20, stand_in_);
  EXPECT_GE(breaches_.count(kRanTwice), 1U) << told();
  EXPECT_TRUE(breaches_.failed());
}

TEST_F(KillTest, OneThatSkipsWhatWaitsLosesMoreThanItMay) {
  StandInConfig next = stand_in_;
  next.skip_waiting = true;
  const RunReport report = run_with_a_death(10, next);
  EXPECT_GE(breaches_.count(kLostUncommitted), 1U) << told();
  EXPECT_FALSE(report.losses->exact);
}

}  // namespace
}  // namespace controller_sim
