// What operators find of an activation in the log.
#include <gmock/gmock.h>

#include <mutex>

#include "engine_fixture.h"

namespace invoker {
namespace {

using ::testing::AllOf;
using ::testing::Each;

class LineSink final : public base::LogSink {
 public:
  void write(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class LogTest : public InvokerTest {
 protected:
  LogTest() {
    log_ = base::Logger(lines_, clock_);
    config_.logs_markers = true;
  }
  // It may log to its very end.
  ~LogTest() override { invoker_.reset(); }
  static ActivationMessage asked_at_7() {
    ActivationMessage m = message("a1");
    m.transid.id = "tid7";
    m.transid.start_ms = 7;
    return m;
  }
  // In order, without the numbers that follow.
  std::vector<std::string> markers() const {
    std::vector<std::string> names;
    for (const std::string& line : lines_.lines()) {
      const std::size_t at = line.find("[marker:");
      if (at != line.npos) names.push_back(line.substr(at + 8, line.find(':', at + 8) - at - 8));
    }
    return names;
  }
  LineSink lines_;
};

TEST_F(LogTest, EachStepOfAnActivationHasItsMarker) {
  run_one(asked_at_7());
  EXPECT_EQ(markers(), (std::vector<std::string>{
                           "invoker_activation_start", "invoker_containerStart.cold_counter",
                           "invoker_activationInit_start", "invoker_activationInit_finish",
                           "invoker_activationRun_start", "invoker_activationRun_finish",
                           "invoker_collectLogs_start", "invoker_collectLogs_finish"}));
  EXPECT_THAT(lines_.lines(), Each(HasSubstr("[#tid_tid7]")));
}

TEST_F(LogTest, AWarmStartSaysSo) {
  run_one();
  const std::size_t before = markers().size();
  run_one(message("a2"));
  ASSERT_GT(markers().size(), before + 1);
  EXPECT_EQ(markers()[before + 1], "invoker_containerStart.warmed_counter");
}

// The first number counts from the transaction's begin, the second from the step's.
TEST_F(LogTest, AMarkerTellsHowLong) {
  run_one(asked_at_7());
  const std::int64_t now_ms = base::epoch_ms(clock_.wall());
  const std::string line = lines_.lines()[5];
  long long since = 0;
  long long took = -1;
  const std::size_t at = line.find("[marker:invoker_activationRun_finish:");
  ASSERT_NE(at, line.npos) << line;
  ASSERT_EQ(std::sscanf(line.c_str() + at, "[marker:invoker_activationRun_finish:%lld:%lld]",
                        &since, &took),
            2)
      << line;
  EXPECT_LE(since, now_ms - 7);
  EXPECT_GE(since, now_ms - 7 - 10'000);
  EXPECT_GE(took, 0);
  EXPECT_LT(took, 10'000);
}

TEST_F(LogTest, WithoutMarkersAnActivationThatIsWellIsQuiet) {
  config_.logs_markers = false;
  run_one();
  EXPECT_THAT(lines_.lines(), IsEmpty());
}

TEST_F(LogTest, WhatGoesWrongIsToldInTheNameOfTheTransaction) {
  config_.logs_markers = false;
  ActivationMessage m = asked_at_7();
  m.action_name = "nobody";
  run_one(std::move(m));
  ASSERT_EQ(lines_.lines().size(), 1u);
  EXPECT_THAT(lines_.lines()[0], AllOf(HasSubstr("[WARN] [#tid_tid7]"), HasSubstr("guest/nobody"),
                                       HasSubstr("activation a1")));
}

}  // namespace
}  // namespace invoker
