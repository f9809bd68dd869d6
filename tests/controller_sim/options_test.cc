#include "controller_sim/options.h"

#include <gtest/gtest.h>

namespace controller_sim {
namespace {

using namespace std::chrono_literals;

struct Read {
  std::optional<Options> options;
  int exit_code = -1;
};

Read read(std::vector<std::string> words) {
  words.insert(words.begin(), {"sim", "--kafka", "k:9092", "--db", "http://db"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  Read outcome;
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  outcome.options = read_options(static_cast<int>(argv.size()), argv.data(), outcome.exit_code);
  testing::internal::GetCapturedStderr();
  testing::internal::GetCapturedStdout();
  return outcome;
}

TEST(OptionsTest, WithoutAnyANoopIsCalledAHundredTimes) {
  const auto options = read({}).options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->load.requests, 100U);
  ASSERT_EQ(options->actions.behaviours.size(), 1U);
  EXPECT_EQ(options->actions.behaviours[0].deed, Deed::kNoop);
  EXPECT_TRUE(options->checks.audit.records);
  EXPECT_TRUE(options->checks.audit.records_wanted);
}

TEST(OptionsTest, EachIsTakenOver) {
  const auto options = read({"--action",
                             "echo",
                             "sleep:5",
                             "--copies",
                             "3",
                             "--memory",
                             "512",
                             "--fit",
                             "0.5",
                             "--timeout",
                             "2 s",
                             "--logs",
                             "0",
                             "--requests",
                             "0",
                             "--duration",
                             "3s",
                             "--rate",
                             "20",
                             "--no-records",
                             "--events",
                             "--tolerate",
                             "ping-gap,slot-leak",
                             "--limits",
                             R"({"storeActivations":false})",
                             "--auth",
                             "u:k",
                             "--kafka-option",
                             "a=b=c",
                             "--forced-after",
                             "500ms"})
                           .options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->actions.behaviours[1].amount, 5);
  EXPECT_EQ(options->actions.memory_mb, 512);
  EXPECT_EQ(options->actions.timeout, 2s);
  EXPECT_EQ(options->load.duration, 3s);
  EXPECT_FALSE(options->checks.audit.records);
  EXPECT_FALSE(options->checks.audit.records_wanted);
  EXPECT_TRUE(options->checks.tolerated.contains(BreachKind::kSlotLeak));
  EXPECT_EQ(options->set_up.caller.namespace_uuid, "u");
  EXPECT_EQ(options->set_up.kafka.options.at("a"), "b=c");
  EXPECT_EQ(options->checks.forced_after, 500ms);
}

TEST(OptionsTest, KillTestsTolerateWhatADeathMustBring) {
  const auto options = read({"--at-most-once", "--marks-file", "/tmp/m"}).options;
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->checks.tolerated.contains(BreachKind::kAckMissing));
  EXPECT_FALSE(options->checks.tolerated.contains(BreachKind::kRanTwice));
  EXPECT_EQ(options->checks.marks_path, "/tmp/m");
}

TEST(OptionsTest, WhatMakesNoSenseIsRefusedWithTwo) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--action", "slep"},
           {"--tolerate", "everything"},
           {"--requests", "0"},
           {"--memory", "much"},
           {"--limits", "[]"},
           {"--auth", "nocolon"},
           {"--kafka-option", "novalue"},
           {"--marks-file", "/m", "--marks-listen", "127.0.0.1:0"},
           {"--unknown"}}) {
    const Read outcome = read(words);
    EXPECT_FALSE(outcome.options) << words[0];
    EXPECT_EQ(outcome.exit_code, 2) << words[0];
  }
}

TEST(OptionsTest, HelpEndsWithZero) { EXPECT_EQ(read({"--help"}).exit_code, 0); }

}  // namespace
}  // namespace controller_sim
