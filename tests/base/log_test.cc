// Log lines: three formats, none of which can be forged.
#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/fake_clock.h"

namespace {

using base::Json;
using base::LogFormat;
using base::LogLevel;

class Lines final : public base::LogSink {
 public:
  void write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LoggerTest : public testing::Test {
 protected:
  base::Logger logger(LogFormat format, LogLevel least = LogLevel::kInfo) {
    return {sink_, clock_, {.format = format, .least = least}};
  }
  std::string only_line() {
    EXPECT_EQ(sink_.lines.size(), 1U);
    return sink_.lines.empty() ? "" : sink_.lines.back();
  }

  Lines sink_;
  testing_support::FakeClock clock_;  // 2023-11-14T22:13:20Z
};

TEST_F(LoggerTest, WritesTheLineThatOpenWhiskWrites) {
  clock_.advance(std::chrono::milliseconds(66));
  logger(LogFormat::kOpenWhisk).for_transaction("abc123").info("Invoker", "it runs");
  EXPECT_EQ(only_line(), "[2023-11-14T22:13:20.066Z] [INFO] [#tid_abc123] [Invoker] it runs\n");
}

TEST_F(LoggerTest, FieldsFollowTheMessage) {
  logger(LogFormat::kOpenWhisk)
      .warn("Pool", "slow",
            {{"waitMs", 12}, {"action", "guest/a b"}, {"ok", true}, {"no", nullptr}});
  EXPECT_EQ(only_line(),
            "[2023-11-14T22:13:20.000Z] [WARN] [#tid_sid_unknown] [Pool] slow waitMs=12 "
            "action=\"guest/a b\" ok=true no=null\n");
}

TEST_F(LoggerTest, AJsonLineIsOneObject) {
  logger(LogFormat::kJson).error("Pool", "two\nlines \"quoted\"", {{"n", 1}, {"level", "mine"}});
  EXPECT_EQ(only_line(),
            R"({"time":"2023-11-14T22:13:20.000Z","level":"ERROR","tid":"sid_unknown",)"
            R"("component":"Pool","message":"two\nlines \"quoted\"",)"
            R"("fields":{"n":1,"level":"mine"}})"
            "\n");
}

TEST_F(LoggerTest, ALogfmtLineIsPairs) {
  logger(LogFormat::kLogfmt)
      .info("Pool", "a b", {{"empty", ""}, {"eq", "x=y"}, {"list", Json(Json::Array{1, "x"})}});
  EXPECT_EQ(only_line(),
            "time=2023-11-14T22:13:20.000Z level=info tid=sid_unknown component=Pool msg=\"a b\" "
            "empty=\"\" eq=\"x=y\" list=\"[1,\\\"x\\\"]\"\n");
}

TEST_F(LoggerTest, WhatIsBelowTheLeastLevelIsDropped) {
  const auto log = logger(LogFormat::kOpenWhisk, LogLevel::kWarn);
  EXPECT_FALSE(log.wants(LogLevel::kInfo));
  log.debug("A", "1");
  log.info("A", "2");
  log.warn("A", "3");
  log.error("A", "4");
  EXPECT_EQ(sink_.lines.size(), 2U);
}

TEST_F(LoggerTest, NothingFromOutsideCanBeginANewLineOrLookLikeAField) {
  for (const auto format : {LogFormat::kOpenWhisk, LogFormat::kJson, LogFormat::kLogfmt}) {
    sink_.lines.clear();
    logger(format)
        .for_transaction("x] [ERROR]\n[2023")
        .info("C\nD", "a\r\nb\u2028c\x1b[2J\xFF", {{"k\n ]=", "v\nw"}});
    const std::string line = only_line();
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\r'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\xFF'), std::string::npos);
  }
  sink_.lines.clear();
  logger(LogFormat::kOpenWhisk).for_transaction("x] [ERROR").info("C", "m");
  EXPECT_EQ(only_line(), "[2023-11-14T22:13:20.000Z] [INFO] [#tid_x___ERROR] [C] m\n");
}

TEST_F(LoggerTest, AHugeMessageIsCut) {
  logger(LogFormat::kOpenWhisk)
      .for_transaction(std::string(1000, 't'))
      .info("C", std::string(1 << 20, 'x'));
  const std::string line = only_line();
  EXPECT_LT(line.size(), 66'000U);
  EXPECT_TRUE(line.ends_with("xxx... (cut)\n"));
}

TEST(LogNames, LevelsAndFormatsAreReadByName) {
  EXPECT_EQ(base::parse_log_level("WARN").value(), LogLevel::kWarn);
  EXPECT_EQ(base::parse_log_format("logfmt").value(), LogFormat::kLogfmt);
  EXPECT_EQ(base::parse_log_level("loud").error().message,
            "\"loud\" is not one of \"debug\", \"info\", \"warn\", \"error\"");
  EXPECT_FALSE(base::parse_log_format("").ok());
}

}  // namespace
