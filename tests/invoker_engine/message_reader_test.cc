// What comes in a topic, through the reader, the invoker and the acknowledger.
#include "invoker/message_reader.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "testing/fake_container.h"
#include "testing/fake_outside.h"
#include "testing/fake_producer.h"
#include "testing/fake_timer.h"

namespace invoker {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LineSink final : public base::LogSink {
 public:
  void write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class MessageReaderTest : public ::testing::Test {
 protected:
  MessageReaderTest() {
    Action action;
    action.path = "guest";
    action.name = "hello";
    action.version = "0.0.1";
    action.revision = "1-a";
    action.exec.kind = "python:3";
    actions_.put(action);
  }
  ~MessageReaderTest() override { invoker_.stop(clock_.now() + std::chrono::seconds(10)); }

  void processed() {
    const std::lock_guard lock(mutex_);
    ++processed_;
    changed_.notify_all();
  }
  void wait_for_processed(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return processed_ >= count; }));
  }
  static std::string message(const std::string& namespace_name,
                             const std::string& id = "0123456789abcdef0123456789abcdef") {
    return R"({"transid":["t",1],"action":{"path":"guest","name":"hello"},"revision":"1-a",
      "user":{"subject":"guest","namespace":{"name":")" +
           namespace_name + R"(","uuid":"u"},"authkey":{},"rights":[],"limits":{}},
      "activationId":")" +
           id + R"(","rootControllerIndex":{"asString":"0"},
      "blocking":true,"initArgs":[],"lockedArgs":{}})";
  }

  base::SystemClock clock_;
  LineSink lines_;
  base::Logger log_{lines_, clock_};
  testing_support::FakeWorld world_;
  testing_support::FakeContainerFactory containers_{world_};
  testing_support::FakeActions actions_;
  testing_support::FakeStager stager_;
  testing_support::FakeProducer producer_;
  testing_support::FakeTimer timer_;
  std::mutex mutex_;  // guards processed_ and kept_
  std::condition_variable changed_;
  int processed_ = 0;
  std::vector<std::string> kept_;
  Acknowledger acknowledger_{{},
                             {producer_, timer_, clock_, log_,
                              [this](const auto&, const Activation& activation) {
                                const std::lock_guard lock(mutex_);
                                kept_.push_back(activation.activation_id);
                              },
                              [this](const auto&) { processed(); }}};
  Invoker invoker_{{}, {actions_, containers_, stager_, acknowledger_, clock_, log_}};
  MessageReader reader_{{invoker_, acknowledger_,
                         [](std::string_view name) { return name == "blocked"; },
                         [this] { processed(); }, clock_, log_}};
};

TEST_F(MessageReaderTest, AnActivationIsRunAcknowledgedAndKept) {
  reader_.read(message("guest"));
  wait_for_processed(1);
  EXPECT_THAT(kept_, ElementsAre("0123456789abcdef0123456789abcdef"));
  ASSERT_EQ(producer_.sent().size(), 2u);
  EXPECT_NE(Json::parse(producer_.sent()[0].text)->find("response"), nullptr);
  EXPECT_NE(Json::parse(producer_.sent()[1].text)->find("instance"), nullptr);
}

TEST_F(MessageReaderTest, AnActivationThatComesTwiceRunsOnce) {
  const std::string other(32, 'a');
  reader_.read(message("guest"));
  reader_.read(message("guest"));
  reader_.read(message("guest", other));
  wait_for_processed(3);
  EXPECT_EQ(reader_.repeated(), 1u);
  EXPECT_THAT(kept_, ::testing::UnorderedElementsAre("0123456789abcdef0123456789abcdef", other));
  const auto diary = world_.diary();
  EXPECT_EQ(std::ranges::count(diary, "post /run"), 2);
}

TEST_F(MessageReaderTest, IdsOfLongAgoAreForgotten) {
  for (std::size_t i = 0; i <= MessageReader::kRememberedMax; ++i) {
    std::string id = std::to_string(i);
    reader_.read(message("blocked", std::string(32 - id.size(), '0') + id));
  }
  EXPECT_EQ(reader_.repeated(), 0u);
  reader_.read(message("blocked", std::string(32, '0')));
  EXPECT_EQ(reader_.repeated(), 0u);
  reader_.read(message("blocked", std::string(32, '0')));
  EXPECT_EQ(reader_.repeated(), 1u);
}

TEST_F(MessageReaderTest, ABlockedNamespaceIsRefusedBeforeAnythingIsFetched) {
  actions_.fail_next({base::ErrorCode::kInternal, "must not be asked"});
  reader_.read(message("blocked"));
  wait_for_processed(1);
  EXPECT_THAT(kept_, IsEmpty());
  EXPECT_THAT(world_.diary(), IsEmpty());
  ASSERT_EQ(producer_.sent().size(), 1u);
  const Json ack = Json::parse(producer_.sent()[0].text).value();
  EXPECT_EQ(ack.find("response")->as_string(), "0123456789abcdef0123456789abcdef");
  EXPECT_FALSE(ack.find("isSystemError")->as_bool());
}

TEST_F(MessageReaderTest, WhatCannotBeReadIsLoggedDroppedAndGivesItsPlaceBack) {
  std::ifstream file(RECORDED_MESSAGES);
  std::stringstream text;
  text << file.rdbuf();
  const Json recorded = Json::parse(text.str()).value();
  std::vector<std::string> bad = {
      "this is not json {",     "", "[]", "7", "\xff\xfe", std::string("{\"a\":\0}", 7),
      std::string(100'000, '[')};
  for (const Json& refused : recorded.find("refused")->items()) {
    bad.push_back(refused.find("text")->as_string());
  }
  ASSERT_GT(bad.size(), 8u);
  for (const std::string& bytes : bad) reader_.read(bytes);
  wait_for_processed(static_cast<int>(bad.size()));
  EXPECT_EQ(reader_.unreadable(), bad.size());
  EXPECT_EQ(lines_.lines.size(), bad.size());
  EXPECT_THAT(producer_.sent(), IsEmpty());
  EXPECT_EQ(invoker_.stats().accepted, 0u);
}

TEST_F(MessageReaderTest, OrdersOfTheOtherSchedulerAreNamedOnce) {
  const std::string order = R"({"transid":["t",1],"invocationNamespace":"guest","action":{},
    "revision":"1","whiskActionMetaData":{},"rootSchedulerIndex":{"asString":"0"}})";
  for (int i = 0; i < 3; ++i) reader_.read(order);
  wait_for_processed(3);
  ASSERT_EQ(lines_.lines.size(), 1u);
  EXPECT_THAT(lines_.lines[0], HasSubstr("FPC"));
}

}  // namespace
}  // namespace invoker
