#include "invoker/log_counter.h"

#include <gtest/gtest.h>

namespace invoker {
namespace {

const base::WallTime kTime{std::chrono::nanoseconds(1'711'533'600'120'000'000)};

// The line as Docker writes it.
std::int64_t bytes_of(std::string_view escaped, std::string_view end = "\\n") {
  const std::string line = "{\"log\":\"" + std::string(escaped) + std::string(end) +
                           "\",\"stream\":\"stderr\",\"time\":\"2024-03-27T10:00:00.12Z\"}\n";
  return static_cast<std::int64_t>(line.size());
}

TEST(LogCounter, CountsTheLineOfTheJsonFile) {
  EXPECT_EQ(json_file_bytes("hi", kTime), bytes_of("hi"));
  EXPECT_EQ(json_file_bytes("", kTime), bytes_of(""));
  EXPECT_EQ(json_file_bytes("hi", kTime, LogLineEnd::kCut), bytes_of("hi", ""));
}

TEST(LogCounter, CountsEscapesAsDockerWritesThem) {
  const std::pair<std::string, std::string> cases[] = {
      {"\"", "\\\""},
      {"\\", "\\\\"},
      {"\r", "\\r"},
      {"\t", "\\u0009"},
      {std::string(1, '\0'), "\\u0000"},
      {"\x1B", "\\u001b"},
      {"\x7F", "\x7F"},
      {"<", "\\u003c"},
      {">", "\\u003e"},
      {"&", "\\u0026"},
      {"\xC3\xA9", "\xC3\xA9"},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"\xE2\x80\xA8", "\\u2028"},
      {"\xE2\x80\xA9", "\\u2029"},
      {"\xE2\x80\xAA", "\xE2\x80\xAA"},
      {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},
      {"\xFF", "\\ufffd"},
      {"a\xFF\xEF\xBF\xBD\xC3", "a\\ufffd\xEF\xBF\xBD\\ufffd"},
  };
  for (const auto& [text, escaped] : cases)
    EXPECT_EQ(json_file_bytes(text, kTime), bytes_of(escaped)) << escaped;
}

TEST(LogCounter, ALineThatReachesTheLimitFitsAndOneMoreByteDoesNot) {
  LogCounter exact(2 * bytes_of("hi"));
  EXPECT_TRUE(exact.add("hi", kTime));
  EXPECT_TRUE(exact.add("hi", kTime));
  EXPECT_FALSE(exact.truncated());
  LogCounter short_of(2 * bytes_of("hi") - 1);
  EXPECT_TRUE(short_of.add("hi", kTime));
  EXPECT_FALSE(short_of.add("hi", kTime));
  EXPECT_TRUE(short_of.truncated());
  EXPECT_EQ(short_of.bytes(), bytes_of("hi"));
}

TEST(LogCounter, NothingFitsAfterTheFirstThatDidNot) {
  LogCounter counter(bytes_of("hi"));
  EXPECT_FALSE(counter.add("longer", kTime));
  EXPECT_FALSE(counter.add("", kTime));
}

// Recorded: of 30 000 lines of 60 letters a log limit of 1 MB left a record of 817 912 characters,
// 102 for each line and some 790 for the rest of it.
TEST(LogCounter, AgreesWithTheRealSystemOnHowManyLinesFit) {
  LogCounter counter(1 << 20);
  int lines = 0;
  base::WallTime time{std::chrono::nanoseconds(1'795'238'319'151'579'052)};
  while (counter.add(std::string(60, 'x'), time)) {
    ++lines;
    time += std::chrono::nanoseconds(2'113);
  }
  EXPECT_NEAR(lines * 102 + 790, 817'912, 3 * 102);
}

TEST(LogSentinel, MayStandAnywhereInTheLine) {
  EXPECT_TRUE(is_log_sentinel("XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"));
  EXPECT_TRUE(is_log_sentinel("text XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX more"));
  EXPECT_FALSE(is_log_sentinel("XXX_THE_END_OF_A_WHISK_ACTIVATION_XX"));
}

}  // namespace
}  // namespace invoker
