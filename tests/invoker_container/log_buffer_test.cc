#include "logs/log_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "logs/collect.h"

namespace invoker_container {
namespace {

constexpr base::WallTime kNow{std::chrono::seconds{1'711'533'660}};
const std::string kSentinelLine = std::string(invoker::kLogSentinel) + "\n";

const base::SystemClock& clock() {
  static const base::SystemClock system;
  return system;
}

TEST(LogBuffer, LinesAreWholeHoweverTheyAreCut) {
  LogBuffer buffer(1 << 20);
  for (const char* part : {"on", "e\ntw", "o", "\n\nthree"}) buffer.add(part, false, kNow);
  buffer.add("error\n", true, kNow);
  for (const char* text : {"one", "two", ""}) EXPECT_EQ(buffer.take_now(kNow)->line.text, text);
  EXPECT_TRUE(buffer.take_now(kNow)->line.is_stderr);
  const auto last = buffer.take_now(kNow);
  EXPECT_EQ(last->line.text, "three");
  EXPECT_EQ(last->end, invoker::LogLineEnd::kCut);
  EXPECT_FALSE(buffer.take_now(kNow));
}

TEST(LogBuffer, LongLinesAreCutIntoPieces) {
  LogBuffer buffer(1 << 20);
  buffer.add(std::string(invoker::kLogPieceBytes + 5, 'x') + "\n", false, kNow);
  EXPECT_EQ(buffer.take_now(kNow)->line.text.size(), invoker::kLogPieceBytes);
  EXPECT_EQ(buffer.take_now(kNow)->line.text.size(), 5U);
}

TEST(LogBuffer, AFloodIsDroppedButItsSentinelsAreSeen) {
  LogBuffer buffer(10'000);
  for (int i = 0; i < 100'000; ++i) buffer.add("a line of the flood\n", false, kNow);
  buffer.add(kSentinelLine, false, kNow);
  bool lost = false;
  bool sentinel = false;
  while (auto entry = buffer.take_now(kNow)) {
    lost = lost || entry->lost_before;
    sentinel = sentinel || entry->sentinel;
  }
  EXPECT_TRUE(lost);
  EXPECT_TRUE(sentinel);
}

TEST(LogBuffer, AClosedBufferDoesNotMakeItsReaderWait) {
  LogBuffer buffer(10'000);
  buffer.add("rest", false, kNow);
  buffer.close(false, kNow);
  buffer.close(true, kNow);
  const auto deadline = clock().now() + std::chrono::hours(1);
  EXPECT_EQ(buffer.take(deadline)->line.text, "rest");
  EXPECT_FALSE(buffer.take(deadline));
}

TEST(Collect, EndsAtTheSecondSentinelWhereverItStandsInItsLine) {
  LogBuffer buffer(1 << 20);
  buffer.add("one\npartial " + kSentinelLine + "next\n", false, kNow);
  buffer.add("two\n" + kSentinelLine, true, kNow);
  const auto logs = collect(buffer, {}, clock());
  ASSERT_EQ(logs.lines.size(), 3U);
  EXPECT_FALSE(logs.failed || logs.truncated);
  EXPECT_FALSE(buffer.take_now(kNow));
}

TEST(Collect, FailsWhenTheOutputEndsWithoutSentinels) {
  LogBuffer buffer(1 << 20);
  buffer.add("one\n", false, kNow);
  buffer.close(false, kNow);
  buffer.close(true, kNow);
  const auto logs = collect(buffer, {}, clock());
  EXPECT_TRUE(logs.failed);
  EXPECT_EQ(logs.lines.size(), 1U);
}

TEST(Collect, LostLinesCountAsTruncated) {
  LogBuffer buffer(1'000);
  for (int i = 0; i < 1'000; ++i) buffer.add("line\n", false, kNow);
  buffer.add(kSentinelLine + kSentinelLine, false, kNow);
  const auto logs = collect(buffer, {}, clock());
  EXPECT_TRUE(logs.truncated);
}

TEST(Collect, ALimitOfZeroThrowsEverythingAway) {
  LogBuffer buffer(1 << 20);
  buffer.add("one\ntwo", false, kNow);
  const auto logs = collect(buffer, {.limit_bytes = 0}, clock());
  EXPECT_TRUE(logs.lines.empty());
  EXPECT_FALSE(logs.truncated || logs.failed);
  EXPECT_FALSE(buffer.take_now(kNow));
}

}  // namespace
}  // namespace invoker_container
