// Records and events: what must be there passes, and every breach is provoked once.
#include "controller_sim/audit.h"

#include "books_fixture.h"
#include "controller_sim/ping_watch.h"

namespace controller_sim {
namespace {

using base::Json;
using enum BreachKind;
using namespace std::chrono_literals;

class AuditTest : public BooksFixture {
 protected:
  Audit audit(AuditConfig config = {.events = true}) { return {config, *books_, *breaches_}; }
  std::string answered() {
    const std::string id = send();
    answer(id);
    return id;
  }
};

TEST_F(AuditTest, ARecordAndAnEventOfEachBreakNothing) {
  const std::string id = answered();
  Audit audit = this->audit();
  EXPECT_EQ(audit.records_to_look_for(), std::vector{id});
  EXPECT_FALSE(audit.events_complete());
  audit.event(event(id));
  audit.record(id, record(id));
  audit.finish();
  EXPECT_TRUE(audit.events_complete());
  EXPECT_TRUE(audit.records_to_look_for().empty());
  expect_breaches({});
}

TEST_F(AuditTest, AMissingRecordIsNamed) {
  const std::string id = answered();
  Audit audit = this->audit({});
  audit.finish();
  expect_breaches({kRecordMissing});
  EXPECT_EQ(breaches_->kept()[0].id, id);
}

TEST_F(AuditTest, WhatWasNeverCompletedNeedsNoRecord) {
  send();
  Audit audit = this->audit();
  audit.finish();
  expect_breaches({});
}

TEST_F(AuditTest, EveryMemberOfARecordIsCompared) {
  using Change = void (*)(Json&);
  const std::vector<Change> changes = {
      [](Json& r) { r.set("entityType", "action"); },
      [](Json& r) { r.erase("entityType"); },
      [](Json& r) { r.set("activationId", "2a142b8a53a54d62942b8a53a56d6269"); },
      [](Json& r) { r.set("subject", "other"); },
      [](Json& r) { r.set("start", 1999); },
      [](Json& r) { r.set("duration", 6); },
      [](Json& r) { r.find("response")->set("statusCode", 1); },
      [](Json& r) { r.find("response")->find("result")->set("n", 5); },
      [](Json& r) { r.erase("logs"); },
      [](Json& r) { r.set("annotations", Json::array()); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    restart();
    const std::string id = answered();
    Json changed = record(id);
    changes[i](changed);
    Audit audit = this->audit();
    audit.record(id, changed);
    expect_breaches({kRecordWrong});
  }
}

TEST_F(AuditTest, LinesOfLogAreCounted) {
  config_.actions[0].behaviour = parse_behaviour("log:2").value();
  for (const std::size_t lines : {2U, 1U}) {
    restart();
    const std::string id = answered();
    Json with_logs = record(id);
    with_logs.set("logs",
                  Json::Array(lines, Json("2026-11-21T05:15:14.676527262Z stdout: line 0")));
    Audit audit = this->audit();
    audit.record(id, with_logs);
    if (lines == 2) {
      expect_breaches({});
    } else {
      expect_breaches({kRecordWrong});
    }
  }
}

TEST_F(AuditTest, LogsWhereTheirLimitIsZeroAreNamed) {
  config_.actions[0].logs_mb = 0;
  restart();
  const std::string id = send();
  take(combined(id));
  Json with_logs = record(id);
  with_logs.set("logs", Json::Array{Json("a line")});
  Audit audit = this->audit();
  audit.record(id, with_logs);
  expect_breaches({kRecordWrong});
}

TEST_F(AuditTest, ARecordThatMayNotBeStoredIsNamed) {
  const std::string id = answered();
  Audit audit = this->audit({.records_wanted = false});
  audit.finish();
  expect_breaches({});
  audit.record(id, record(id));
  expect_breaches({kRecordUnwanted});
}

TEST_F(AuditTest, EachTenthRecordIsLookedForWhenAskedSo) {
  for (int i = 0; i < 3; ++i) answered();
  for (int i = 0; i < 8; ++i) send();
  EXPECT_EQ(audit({.every = 10}).records_to_look_for().size(), 1U);
  EXPECT_EQ(audit({.every = 1}).records_to_look_for().size(), 3U);
  EXPECT_TRUE(audit({.records = false}).records_to_look_for().empty());
}

TEST_F(AuditTest, AMissingEventIsNamed) {
  const std::string id = answered();
  Audit audit = this->audit();
  audit.record(id, record(id));
  audit.finish();
  expect_breaches({kEventMissing});
}

TEST_F(AuditTest, ASecondEventIsNamed) {
  const std::string id = answered();
  Audit audit = this->audit();
  audit.event(event(id));
  audit.event(event(id));
  expect_breaches({kSecondEvent});
}

TEST_F(AuditTest, EveryMemberOfAnEventIsCompared) {
  using Change = void (*)(Event&);
  const std::vector<Change> changes = {
      [](Event& e) { e.source = "invoker1"; },  [](Event& e) { e.namespace_name = "other"; },
      [](Event& e) { e.name = "guest/other"; }, [](Event& e) { e.status = 1; },
      [](Event& e) { e.memory_mb = 1; },        [](Event& e) { e.kind = "other"; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    restart();
    const std::string id = answered();
    Event changed = event(id);
    changes[i](changed);
    Audit audit = this->audit();
    audit.event(changed);
    expect_breaches({kEventWrong});
  }
}

TEST_F(AuditTest, OtherControllersEventsAreTheirs) {
  Audit audit = this->audit();
  Event foreign = event(answered());
  foreign.activation_id = random_activation_id(random_);
  audit.event(foreign);
  expect_breaches({});
  EXPECT_EQ(audit.events_seen(), 0U);
}

class PingWatchTest : public testing::Test {
 protected:
  void ping(base::milliseconds after, bool enabled = true, const std::string& name = "0") {
    now_ += after;
    Ping ping;
    ping.instance.json = Json::object({{"instance", 0}, {"uniqueName", name}});
    ping.enabled = enabled;
    watch_.ping(ping, now_);
  }

  Breaches breaches_;
  PingWatch watch_{3000ms, breaches_};
  base::Instant now_{1000s};
};

TEST_F(PingWatchTest, APingASecondBreaksNothing) {
  for (int i = 0; i < 5; ++i) ping(1s);
  watch_.tick(now_ + 2900ms);
  EXPECT_EQ(breaches_.count(), 0U);
  EXPECT_EQ(watch_.longest_gap(), 1s);
}

TEST_F(PingWatchTest, AGapIsNamedOnceWhileItLasts) {
  ping(1s);
  watch_.tick(now_ + 3001ms);
  watch_.tick(now_ + 4000ms);
  EXPECT_EQ(breaches_.count(kPingGap), 1U);
  ping(5s);
  EXPECT_EQ(breaches_.count(kPingGap), 1U);
  ping(5s);
  EXPECT_EQ(breaches_.count(kPingGap), 2U);
}

TEST_F(PingWatchTest, WhoSaysThatItIsDisabledMayBeSilent) {
  ping(1s);
  ping(1s, false);
  watch_.tick(now_ + 60s);
  ping(60s);
  EXPECT_EQ(breaches_.count(), 0U);
}

TEST_F(PingWatchTest, AnInstanceThatChangesIsNamed) {
  ping(1s);
  ping(1s, true, "1");
  EXPECT_EQ(breaches_.count(kPingChanged), 1U);
}

}  // namespace
}  // namespace controller_sim
