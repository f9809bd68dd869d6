#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "frames.h"
#include "invoker/log_collection.h"
#include "invoker/log_counter.h"
#include "log_collector.h"
#include "log_line.h"
#include "log_source.h"

namespace invoker_docker {
namespace {

using base::Instant;
using std::chrono::milliseconds;

constexpr const char* kSentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX";

std::string json_line(const std::string& text, const std::string& stream = "stdout") {
  return R"({"log":")" + text + R"(\n","stream":")" + stream +
         R"(","time":"2024-03-27T10:00:00.166123456Z"})";
}

LogEntry entry_of(const std::string& text) {
  return {{base::WallTime{}, false, text}, static_cast<std::int64_t>(text.size())};
}

TEST(DockerLogLine, TimesAreReadToTheNanosecond) {
  const auto text = [](const char* time) {
    const auto parsed = parse_time(time);
    return parsed ? invoker::rfc3339(*parsed) : "none";
  };
  EXPECT_EQ(text("2024-03-27T10:00:00.166123456Z"), "2024-03-27T10:00:00.166123456Z");
  EXPECT_EQ(text("2024-03-27T10:00:00.12Z"), "2024-03-27T10:00:00.12Z");
  EXPECT_EQ(text("2024-03-27T10:00:00Z"), "2024-03-27T10:00:00Z");
  EXPECT_EQ(text("2024-02-29T23:30:00+02:00"), "2024-02-29T21:30:00Z");
  EXPECT_EQ(text("2024-02-29T23:30:00-00:45"), "2024-03-01T00:15:00Z");
  for (const char* bad :
       {"", "2024-03-27", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-03-27T25:00:00Z",
        "2024-03-27T10:00:00.Z", "2024-03-27T10:00:00", "9999-03-27T10:00:00Z",
        "2024-03-27T10:00:00Zx", "-024-03-27T10:00:00Z", "2024-03-27T10:00:00.1234567891Z"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
}

TEST(DockerLogLine, AJsonLineCountsItsRawBytes) {
  const std::string raw = json_line("a\\u003cb\\tc", "stderr");
  const auto entry = parse_json_line(raw);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->line.text, "a<b\tc");
  EXPECT_TRUE(entry->line.is_stderr);
  EXPECT_EQ(entry->json_bytes, static_cast<std::int64_t>(raw.size()) + 1);
}

TEST(DockerLogLine, WhatIsNoLogLineIsNone) {
  for (const char* line : {"", "text", "{}", R"({"log":1,"stream":"stdout","time":"x"})",
                           R"({"log":"a","stream":"stdout","time":"yesterday"})",
                           R"({"log":"a","time":"2024-03-27T10:00:00Z"})"}) {
    EXPECT_FALSE(parse_json_line(line).has_value()) << line;
  }
}

TEST(DockerFrames, ComeWholeHoweverTheirBytesCome) {
  const std::string stream(
      "\x01\0\0\0\0\0\0\x03"
      "one"
      "\x02\0\0\0\0\0\0\x02"
      "no",
      21);
  Frames frames;
  std::vector<std::string> texts;
  for (const char byte : stream) {
    frames.add({&byte, 1});
    while (const auto frame = frames.take())
      texts.push_back((frame->is_stderr ? "e" : "o") + frame->bytes);
  }
  EXPECT_THAT(texts, ::testing::ElementsAre("oone", "eno"));
  EXPECT_FALSE(frames.broken());
}

TEST(DockerFrames, AHeadThatIsNoneBreaksTheStream) {
  for (const std::string& head : {std::string("HTTP/1.1"), std::string("\x03\0\0\0\0\0\0\x01", 8),
                                  std::string("\x01\0\0\0\x7f\0\0\0", 8)}) {
    Frames frames;
    frames.add(head);
    EXPECT_FALSE(frames.take().has_value());
    EXPECT_TRUE(frames.broken());
  }
}

TEST(DockerFrames, AFrameCountsAsTheJsonFileWouldHoldIt) {
  const auto entry = parse_frame({true, "2024-03-27T10:00:00.166123456Z a<b\n"});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->line.text, "a<b");
  EXPECT_EQ(entry->json_bytes,
            static_cast<std::int64_t>(json_line("a\\u003cb", "stderr").size()) + 1);
  EXPECT_FALSE(parse_frame({false, "no time"}).has_value());
  EXPECT_FALSE(parse_frame({false, ""}).has_value());
}

TEST(DockerLogCollector, EndsAtTheSecondSentinelAndDropsTheirLines) {
  LogCollector collector({.limit_bytes = 1 << 20});
  EXPECT_TRUE(collector.add(entry_of("one")));
  EXPECT_TRUE(collector.add(entry_of(std::string("text ") + kSentinel)));
  EXPECT_TRUE(collector.add(entry_of("two")));
  EXPECT_FALSE(collector.add(entry_of(kSentinel)));
  EXPECT_FALSE(collector.add(entry_of("of the next one")));
  const auto logs = std::move(collector).finish();
  EXPECT_EQ(logs.lines.size(), 2U);
  EXPECT_FALSE(logs.failed || logs.truncated);
}

TEST(DockerLogCollector, WithoutItsSentinelsItFailed) {
  LogCollector collector({.limit_bytes = 1 << 20});
  EXPECT_TRUE(collector.add(entry_of(kSentinel)));
  EXPECT_TRUE(std::move(collector).finish().failed);
  LogCollector patient({.wait_for_sentinels = false});
  EXPECT_FALSE(std::move(patient).finish().failed);
}

TEST(DockerLogCollector, TheLimitCutsAndSentinelsCountToo) {
  LogCollector collector({.limit_bytes = 41});
  EXPECT_TRUE(collector.add(entry_of(kSentinel)));  // 37
  EXPECT_TRUE(collector.add(entry_of("four")));
  EXPECT_FALSE(collector.add(entry_of("x")));
  const auto logs = std::move(collector).finish();
  EXPECT_TRUE(logs.truncated);
  EXPECT_FALSE(logs.failed);
  EXPECT_EQ(logs.lines.size(), 1U);
}

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest() : path_(::testing::TempDir() + "/log-" + std::to_string(getpid()) + ".log") {
    std::ofstream(path_).flush();
  }
  ~LogFileTest() override {
    for (const std::string& path : {path_, path_ + ".1"}) std::filesystem::remove(path);
  }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }
  std::unique_ptr<LogSource> open() const {
    auto source = open_log_file(path_);
    EXPECT_TRUE(source.ok());
    return std::move(*source);
  }
  static LogReading reading(bool follow, bool over = false) {
    return {std::chrono::steady_clock::now() + std::chrono::seconds(20), follow,
            [over] { return over; }};
  }
  // What is read until `count` lines have come.
  static std::vector<std::string> lines(LogSource& source, std::size_t count, bool follow = true) {
    std::vector<std::string> texts;
    EXPECT_TRUE(source
                    .read(reading(follow),
                          [&](const LogEntry& entry) {
                            texts.push_back(entry.line.text);
                            return texts.size() < count;
                          })
                    .ok());
    return texts;
  }

  const std::string path_;
};

TEST_F(LogFileTest, EachReadingGoesOnWhereTheLastOneEnded) {
  const auto source = open();
  write(json_line("one") + "\n" + json_line("two") + "\n" + json_line("three") + "\n");
  EXPECT_THAT(lines(*source, 2), ::testing::ElementsAre("one", "two"));
  EXPECT_THAT(lines(*source, 9, false), ::testing::ElementsAre("three"));
}

TEST_F(LogFileTest, LinesThatComeLaterAreWaitedFor) {
  const auto source = open();
  const std::string text = json_line("late") + "\n";
  std::jthread writer([&] {
    write(text.substr(0, 20));
    write(text.substr(20));
  });
  EXPECT_THAT(lines(*source, 1), ::testing::ElementsAre("late"));
}

TEST_F(LogFileTest, ARotatedFileIsFollowed) {
  const auto source = open();
  write(json_line("old") + "\n");
  EXPECT_THAT(lines(*source, 1), ::testing::ElementsAre("old"));
  write(json_line("last") + "\n");
  std::filesystem::rename(path_, path_ + ".1");
  write(json_line("new") + "\n");
  EXPECT_THAT(lines(*source, 2), ::testing::ElementsAre("last", "new"));
}

TEST_F(LogFileTest, TheEndOfAnEndedContainerIsTheEnd) {
  const auto source = open();
  write(json_line("one") + "\n");
  int count = 0;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(source->read(reading(true, true), [&](const LogEntry&) { return ++count > 0; }).ok());
  EXPECT_EQ(count, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(LogFileTest, WhatIsSkippedIsNotRead) {
  const auto source = open();
  write(json_line("before") + "\n");
  source->skip();
  write(json_line("after") + "\n");
  EXPECT_THAT(lines(*source, 1), ::testing::ElementsAre("after"));
}

TEST_F(LogFileTest, GarbageIsDataLoss) {
  const auto source = open();
  write("this is no log\n");
  const auto status = source->read(reading(false), [](const LogEntry&) { return true; });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, base::ErrorCode::kDataLoss);
}

TEST_F(LogFileTest, ALineWithoutEndIsDataLoss) {
  const auto source = open();
  write(std::string(600'000, 'x'));
  const auto status = source->read(reading(false), [](const LogEntry&) { return true; });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, base::ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace invoker_docker
