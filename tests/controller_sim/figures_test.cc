#include "controller_sim/figures.h"

#include <gmock/gmock.h>

#include "books_fixture.h"

namespace controller_sim {
namespace {

using namespace std::chrono_literals;

TEST(SamplesTest, PercentilesAreOfTheNearestRank) {
  Samples samples;
  EXPECT_EQ(samples.percentile(0.5), std::nullopt);
  for (int i = 100; i >= 1; --i) samples.add(i);
  EXPECT_EQ(samples.percentile(0.5), 50);
  EXPECT_EQ(samples.percentile(0.99), 99);
  EXPECT_EQ(samples.percentile(1), 100);
  EXPECT_EQ(samples.percentile(0), 1);
}

class FiguresTest : public BooksFixture {};

TEST_F(FiguresTest, TimesAreFromSendingToAcknowledgement) {
  const std::string id = send();
  take(result(id), 20ms);
  take(completion(id), 30ms);
  const PhaseFigures figures = measure(*books_, 0, 1);
  EXPECT_EQ(figures.sent, 1U);
  EXPECT_EQ(figures.completed, 1U);
  EXPECT_DOUBLE_EQ(*figures.first_ack.percentile(0.5), 20);
  EXPECT_DOUBLE_EQ(*figures.completion.percentile(0.5), 50);
  EXPECT_DOUBLE_EQ(*figures.warm.percentile(0.5), 20);
  EXPECT_DOUBLE_EQ(*figures.overhead.percentile(0.5), 15);  // less 5 ms of duration
  EXPECT_TRUE(figures.cold.empty());
  EXPECT_DOUBLE_EQ(figures.per_second, 20);
}

TEST_F(FiguresTest, TheInvokersOwnPartIsLessTheTripsOfThatMoment) {
  const base::Instant begin = now_;
  const std::string id = send();
  take(result(id), 20ms);
  const BrokerTrip trips[] = {{begin - 9ms, begin - 8ms},     // long over
                              {begin - 1ms, begin + 2ms},     // when the call was sent: 3 ms
                              {begin + 10ms, begin + 14ms},   // when its answer was on its way: 4
                              {begin + 19ms, begin + 40ms}};  // sent after the answer
  const PhaseFigures figures = measure(*books_, 0, 1, trips);
  EXPECT_EQ(figures.trips.size(), 4U);
  EXPECT_DOUBLE_EQ(*figures.own.percentile(0.5), 15 - 3 - 4);
  EXPECT_DOUBLE_EQ(*figures.overhead.percentile(0.5), 15);
}

TEST_F(FiguresTest, AnOwnPartOfLessThanNothingIsAFaultOfTheMeasurement) {
  const base::Instant begin = now_;
  take(result(send()), 20ms);
  const BrokerTrip quick[] = {{begin, begin + 1ms}};
  EXPECT_EQ(measure(*books_, 0, 1, quick).fault(), "");
  EXPECT_TRUE(measure(*books_, 0, 1, quick).to_json().find("fault")->is_null());
  const BrokerTrip slow[] = {{begin, begin + 9ms}};
  const PhaseFigures figures = measure(*books_, 0, 1, slow);
  EXPECT_THAT(figures.fault(), testing::HasSubstr("own part comes out at -3.000 ms"));
  RunReport report;
  report.phases.push_back(figures);
  const Breaches none;
  EXPECT_THAT(report_text(report, none), testing::HasSubstr("a fault of the measurement"));
}

TEST_F(FiguresTest, TheReportSaysWhatWasOn) {
  RunReport report;
  report.conditions = {
      .records_stored = false, .logs_mb = 0, .blocking_percent = 30, .kind = "k:1"};
  const Breaches none;
  EXPECT_THAT(
      report_text(report, none),
      testing::HasSubstr("without activation records; logs off; 30% blocking calls; kind k:1"));
  report.conditions = {.records_read = false, .kind = "k:1"};
  EXPECT_THAT(
      report_text(report, none),
      testing::HasSubstr("with activation records, not read; logs up to 10 MB; 100% blocking"));
  const base::Json json = report.to_json(none);
  EXPECT_TRUE(json.find("conditions")->find("recordsStored")->as_bool());
  EXPECT_FALSE(json.find("conditions")->find("recordsRead")->as_bool());
}

TEST_F(FiguresTest, WithoutTripsNothingIsSaidOfTheInvokersOwnPart) {
  take(result(send()), 20ms);
  EXPECT_TRUE(measure(*books_, 0, 1).own.empty());
}

TEST_F(FiguresTest, AnInitTimeMakesItACold) {
  const std::string id = send();
  Ack ack = result(id);
  ack.activation->annotations.append(base::Json::object({{"key", "initTime"}, {"value", 7}}));
  take(ack, 400ms);
  const PhaseFigures figures = measure(*books_, 0, 1);
  EXPECT_TRUE(figures.warm.empty());
  EXPECT_DOUBLE_EQ(*figures.cold.percentile(0.5), 400);
}

TEST_F(FiguresTest, AResultAfterTheCallersMinuteIsCounted) {
  take(result(send()), 61s);
  EXPECT_EQ(measure(*books_, 0, 1).waits_over, 1U);
}

TEST_F(FiguresTest, TheReportNamesBreachesAndItsJsonCanBeRead) {
  RunReport report;
  report.phases.push_back(measure(*books_, 0, 0));
  report.losses.emplace();
  EXPECT_NE(report_text(report, *breaches_).find("no breach"), std::string::npos);
  breaches_->add(BreachKind::kSlotLeak, {}, "as \"told\"");
  EXPECT_NE(report_text(report, *breaches_).find("slot-leak"), std::string::npos);
  const auto json = base::Json::parse(report.to_json(*breaches_).to_string());
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_FALSE(json->find("ok")->as_bool());
  EXPECT_EQ(json->find("breaches")->items()[0].find("kind")->as_string(), "slot-leak");
}

TEST(BreachesTest, EveryKindHasANameOfItsOwn) {
  for (const BreachKind kind : all_breach_kinds()) EXPECT_EQ(breach_kind(name_of(kind)), kind);
  EXPECT_EQ(all_breach_kinds().size(), static_cast<std::size_t>(BreachKind::kCameBack) + 1);
  EXPECT_EQ(breach_kind("nonsense"), std::nullopt);
}

TEST(BreachesTest, ToleratedOnesAreCountedAndDoNotFail) {
  Breaches breaches({BreachKind::kPingGap});
  breaches.add(BreachKind::kPingGap, {}, "");
  EXPECT_FALSE(breaches.failed());
  breaches.add(BreachKind::kSlotLeak, {}, "");
  EXPECT_TRUE(breaches.failed());
  EXPECT_EQ(breaches.count(), 2U);
  EXPECT_EQ(breaches.take_news().size(), 2U);
  EXPECT_TRUE(breaches.take_news().empty());
}

TEST(BreachesTest, OnlyTheFirstOfAKindAreKept) {
  Breaches breaches;
  for (std::size_t i = 0; i < Breaches::kKeptOfAKind + 5; ++i) {
    breaches.add(BreachKind::kUnknownId, {}, "");
  }
  EXPECT_EQ(breaches.kept().size(), Breaches::kKeptOfAKind);
  EXPECT_EQ(breaches.count(BreachKind::kUnknownId), Breaches::kKeptOfAKind + 5);
}

}  // namespace
}  // namespace controller_sim
