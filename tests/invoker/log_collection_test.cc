#include "invoker/log_collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invoker/log_counter.h"

namespace invoker {
namespace {

using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::IsEmpty;

const base::WallTime kTime{nanoseconds(1'711'533'600'120'000'000)};
const base::WallTime kNow{nanoseconds(1'711'533'601'000'000'001)};

const std::string kDeveloperNote =
    "2024-03-27T10:00:01.000000001Z stderr: The action did not initialize or run as expected. Log "
    "data might be missing.";
const std::string kLostNote =
    "2024-03-27T10:00:01.000000001Z stderr: There was an issue while collecting your logs. Data "
    "might be missing.";
const std::string kTruncatedNote =
    "2024-03-27T10:00:01.000000001Z stderr: Logs were truncated because the total bytes size "
    "exceeds the limit of 1048576 bytes.";
const std::string kHi = "2024-03-27T10:00:00.12Z        stdout: hi";

CollectedLogs hi() { return {{{kTime, false, "hi"}}, false, false}; }

RecordedLogs record(const CollectedLogs& logs, StatusCode code = StatusCode::kSuccess) {
  return record_logs(logs, code, 1 << 20, kNow);
}

TEST(LogLines, ArePaddedToThirtyColumns) {
  EXPECT_EQ(format_log_line({kTime, false, "hi"}), kHi);
  EXPECT_EQ(format_log_line({kTime + nanoseconds(46'123'456), true, ""}),
            "2024-03-27T10:00:00.166123456Z stderr: ");
}

TEST(LogLines, HaveTimesWithoutTrailingZeros) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "1970-01-01T00:00:00Z"},
      {1, "1970-01-01T00:00:00.000000001Z"},
      {1'795'238'118'875'563'400, "2026-11-21T05:15:18.8755634Z"},
      {951'827'696'100'000'000, "2000-02-29T12:34:56.1Z"}};
  for (const auto& [ns, text] : cases) EXPECT_EQ(rfc3339(base::WallTime(nanoseconds(ns))), text);
}

TEST(LogLines, AreText) {
  EXPECT_EQ(format_log_line({kTime, false, "a\xFF"}).substr(39), "a\xEF\xBF\xBD");
}

TEST(LogCollection, KeepsWhatWasWritten) {
  const RecordedLogs logs = record(hi());
  EXPECT_THAT(logs.lines, ElementsAre(kHi));
  EXPECT_TRUE(logs.complete);
}

TEST(LogCollection, NothingWrittenIsComplete) {
  EXPECT_THAT(record({}).lines, IsEmpty());
  EXPECT_TRUE(record({}).complete);
}

TEST(LogCollection, DropsTheWholeLineOfASentinel) {
  CollectedLogs logs = hi();
  logs.lines.push_back({kTime, false, "tail" + std::string(kLogSentinel)});
  EXPECT_THAT(record(logs).lines, ElementsAre(kHi));
}

TEST(LogCollection, ReachingTheLimitIsToldAndCostsTheContainer) {
  CollectedLogs logs = hi();
  logs.truncated = true;
  EXPECT_THAT(record(logs).lines, ElementsAre(kHi, kTruncatedNote));
  EXPECT_FALSE(record(logs).complete);
}

TEST(LogCollection, LostLogsAreToldAndCostTheContainer) {
  CollectedLogs logs = hi();
  logs.failed = true;
  EXPECT_THAT(record(logs).lines, ElementsAre(kHi, kLostNote));
  EXPECT_FALSE(record(logs).complete);
}

TEST(LogCollection, ADeveloperErrorIsTold) {
  const RecordedLogs logs = record(hi(), StatusCode::kDeveloperError);
  EXPECT_THAT(logs.lines, ElementsAre(kHi, kDeveloperNote));
  EXPECT_TRUE(logs.complete);
  EXPECT_THAT(record(hi(), StatusCode::kApplicationError).lines, ElementsAre(kHi));
  EXPECT_THAT(record(hi(), StatusCode::kWhiskError).lines, ElementsAre(kHi));
}

TEST(LogCollection, ALossBeforeTheNoteOnADeveloperErrorIsSeen) {
  CollectedLogs logs = hi();
  logs.truncated = true;
  const RecordedLogs recorded = record(logs, StatusCode::kDeveloperError);
  EXPECT_THAT(recorded.lines, ElementsAre(kHi, kTruncatedNote, kDeveloperNote));
  EXPECT_FALSE(recorded.complete);
}

TEST(LogCollection, AnActionThatSaysTheWordsItselfLosesItsContainerToo) {
  CollectedLogs logs{{{kTime, false,
                       "There was an issue while collecting your logs. Data might be "
                       "missing."}},
                     false,
                     false};
  EXPECT_FALSE(record(logs).complete);
  logs.lines.push_back({kTime, false, "more"});
  EXPECT_TRUE(record(logs).complete);
}

TEST(LogCollection, AFailedStoreLeavesOneSentenceWithoutTime) {
  EXPECT_THAT(lost_logs().lines,
              ElementsAre("There was an issue while collecting your logs. Data might be missing."));
  EXPECT_FALSE(lost_logs().complete);
}

TEST(LogRequests, WaitForSentinelsUnlessTheyMayNeverCome) {
  EXPECT_TRUE(log_request(StatusCode::kSuccess, 7).wait_for_sentinels);
  EXPECT_TRUE(log_request(StatusCode::kApplicationError, 7).wait_for_sentinels);
  EXPECT_TRUE(log_request(StatusCode::kWhiskError, 7).wait_for_sentinels);
  EXPECT_FALSE(log_request(StatusCode::kDeveloperError, 7).wait_for_sentinels);
  EXPECT_EQ(log_request(StatusCode::kSuccess, 7).limit_bytes, 7);
}

}  // namespace
}  // namespace invoker
