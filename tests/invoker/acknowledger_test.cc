#include "invoker/acknowledger.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "invoker/make_activation.h"
#include "recorded.h"
#include "testing/fake_clock.h"
#include "testing/fake_producer.h"
#include "testing/fake_timer.h"

namespace invoker {
namespace {

using base::Json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AcknowledgerTest : public ::testing::Test {
 protected:
  AcknowledgerTest() { make({}); }

  void make(AcknowledgerConfig config) {
    config.instance.unique_name = "0";
    config.instance.user_memory_bytes = 2147483648;
    acknowledger_.emplace(std::move(config),
                          AcknowledgerOutside{producer_, timer_, clock_, log_,
                                              [this](const auto&, const Activation& activation) {
                                                kept_.push_back(activation);
                                              },
                                              [this](const ActivationMessage&) { ++processed_; }});
  }

  static ActivationMessage message(bool blocking) {
    ActivationMessage message = some_message();
    message.blocking = blocking;
    return message;
  }
  static Activation activation(const ActivationMessage& message) {
    return make_activation(message, some_action(), {StatusCode::kSuccess, Json::object(), 2},
                           {std::nullopt, CallTime{1000, 1010, false}});
  }
  void run(const ActivationMessage& message) {
    acknowledger_->result_ready(message, activation(message));
    acknowledger_->completed(message, activation(message), Progress::kResultTold);
  }
  // The keys that tell a controller what kind of acknowledgement each is.
  std::vector<std::string> kinds() const {
    std::vector<std::string> kinds;
    for (const auto& sent : producer_.sent()) {
      const Json json = Json::parse(sent.text).value();
      const Json* response = json.find("response");
      std::string kind = json.find("instance") == nullptr ? "result"
                         : response == nullptr            ? "completion"
                                                          : "combined";
      if (response != nullptr && response->is_string()) kind += ", shrunk";
      kinds.push_back(kind);
    }
    return kinds;
  }
  void advance(milliseconds time) {
    clock_.advance(time);
    timer_.strike(clock_.now());
  }

  testing_support::FakeClock clock_;
  testing_support::FakeTimer timer_;
  testing_support::FakeProducer producer_;
  base::DiscardSink nowhere_;
  base::Logger log_{nowhere_, clock_};
  std::vector<Activation> kept_;
  int processed_ = 0;
  std::optional<Acknowledger> acknowledger_;
};

const base::Error kAway{base::ErrorCode::kUnavailable, "the broker is away"};
const base::Error kTooLarge{base::ErrorCode::kInvalidArgument, "too large"};

TEST_F(AcknowledgerTest, WhatTheRealSystemSaidIsSaidAgain) {
  int acknowledgements = 0;
  const Json records = recorded("records.json");
  const Json acks = recorded("acks.json");
  for (std::size_t i = 0; i < records.items().size(); ++i) {
    const Json& entry = records.items()[i];
    const Json& said = acks.items()[i];
    const Json& record = *entry.find("record");
    const ActivationMessage message = message_of(*entry.find("message"));
    ASSERT_EQ(said.find("activationId")->as_string(), message.activation_id);
    if (said.find("acks")->items().empty()) continue;  // its topic did not exist
    AcknowledgerConfig config;
    config.event_topic = "events";
    make(config);
    const std::size_t before = producer_.sent().size();

    const Activation activation = made_again(record, message);
    const auto limits = with_annotations_by_key(record);
    const Json* known = limits.find("annotations")->find("limits");
    const bool has_logs = known != nullptr && *known->find("logs")->as_int64() > 0;
    if (!was_run(record)) {
      acknowledger_->completed(message, activation, Progress::kNotRun);
    } else {
      if (has_logs) acknowledger_->result_ready(message, activation);
      acknowledger_->completed(message, activation,
                               has_logs ? Progress::kResultTold : Progress::kRunOnly);
    }

    std::vector<Json> sent;
    const auto messages = producer_.sent();
    for (std::size_t at = before; at < messages.size(); ++at) {
      Json json = Json::parse(messages[at].text).value();
      if (messages[at].topic == "events") {
        Json event = *said.find("event");
        event.set("timestamp", *json.find("timestamp"));  // when it was sent
        EXPECT_EQ(json, event) << entry.find("case")->as_string();
        continue;
      }
      EXPECT_EQ(messages[at].topic, "completed" + message.root_controller);
      const Json* response = json.find("response");
      if (response != nullptr && response->is_object()) {
        json.set("response", with_annotations_by_key(*response));
      }
      sent.push_back(std::move(json));
    }
    std::vector<Json> expected;
    for (Json ack : said.find("acks")->items()) {
      const Json* response = ack.find("response");
      if (response != nullptr && response->is_object()) {
        ack.set("response", with_annotations_by_key(*response));
      }
      expected.push_back(std::move(ack));
    }
    // The real one let a completion overtake its result in two of the cases.
    EXPECT_THAT(sent, ::testing::UnorderedElementsAreArray(expected))
        << entry.find("case")->as_string();
    acknowledgements += static_cast<int>(sent.size());
  }
  EXPECT_EQ(acknowledgements, 80);
}

struct Row {
  bool blocking;
  Progress progress;
  std::vector<std::string> kinds;
};

TEST_F(AcknowledgerTest, EveryEndHasItsAcknowledgement) {
  for (const Row& row : std::vector<Row>{
           {true, Progress::kResultTold, {"result", "completion"}},
           {true, Progress::kRunOnly, {"combined"}},
           {true, Progress::kNotRun, {"combined"}},
           {false, Progress::kResultTold, {"completion"}},
           {false, Progress::kRunOnly, {"completion"}},
           {false, Progress::kNotRun, {"combined, shrunk"}},
       }) {
    const std::size_t before = producer_.sent().size();
    const auto sent = message(row.blocking);
    if (row.progress == Progress::kResultTold) acknowledger_->result_ready(sent, activation(sent));
    acknowledger_->completed(sent, activation(sent), row.progress);
    auto all = kinds();
    EXPECT_EQ(
        std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()),
        row.kinds);
  }
  EXPECT_EQ(kept_.size(), 6u);
  EXPECT_EQ(processed_, 6);
}

// The controller has charged the owner: anybody else's name there would damage its books.
TEST_F(AcknowledgerTest, WhatIsRunForAnotherInvokerIsToldInItsName) {
  AcknowledgerConfig config;
  config.event_topic = "events";
  config.instance.id = 1;
  make(config);
  const Json owner = *Json::parse(R"({"instance":7,"userMemory":"1 B","tags":[]})");
  for (const Progress progress : {Progress::kResultTold, Progress::kRunOnly, Progress::kNotRun}) {
    const std::size_t before = producer_.sent().size();
    auto sent = message(true);
    sent.owner = std::make_shared<ActivationOwner>(ActivationOwner{"invoker7", owner, 3});
    const auto record = activation(sent);
    if (progress == Progress::kResultTold) acknowledger_->result_ready(sent, record);
    acknowledger_->completed(sent, record, progress);
    const auto all = producer_.sent();
    for (std::size_t i = before; i < all.size(); ++i) {
      const auto& told = all[i];
      const Json json = *Json::parse(told.text);
      if (told.topic == "events") {
        EXPECT_EQ(json.find("source")->as_string(), "invoker7");
      } else {
        EXPECT_EQ(*json.find("transid"), sent.transid.json);
        const Json* instance = json.find("instance");
        EXPECT_TRUE(instance == nullptr || *instance == owner);
      }
    }
  }
  const auto last = *Json::parse(producer_.sent().back().text);
  ASSERT_NE(last.find("instance"), nullptr);
}

TEST_F(AcknowledgerTest, TheCompletionWaitsForTheFateOfTheResult) {
  producer_.hold();
  run(message(true));
  EXPECT_EQ(producer_.waiting(), 1u);
  EXPECT_EQ(processed_, 1) << "the record and the place do not wait";
  EXPECT_FALSE(acknowledger_->flush(clock_.now()).ok());
  producer_.settle();
  EXPECT_THAT(kinds(), ElementsAre("result"));
  producer_.settle();
  EXPECT_THAT(kinds(), ElementsAre("result", "completion"));
  EXPECT_TRUE(acknowledger_->flush(clock_.now()).ok());
}

TEST_F(AcknowledgerTest, WhatIsTooLargeIsSentShrunk) {
  producer_.fail_next(kTooLarge);
  run(message(true));
  EXPECT_THAT(kinds(), ElementsAre("result, shrunk", "completion"));
  producer_.fail_next(kTooLarge);
  const auto sent = message(true);
  acknowledger_->completed(sent, activation(sent), Progress::kNotRun);
  EXPECT_EQ(kinds().back(), "combined, shrunk");
  EXPECT_EQ(acknowledger_->stats().shrunk, 2u);
}

TEST_F(AcknowledgerTest, WhatIsTooLargeEvenShrunkIsGivenUpOnce) {
  producer_.fail_next(kTooLarge);
  producer_.fail_next(kTooLarge);
  run(message(true));
  EXPECT_THAT(kinds(), ElementsAre("completion"));
  EXPECT_EQ(acknowledger_->stats().lost, 1u);
}

TEST_F(AcknowledgerTest, WhatDoesNotArriveIsSentAgainEverLaterAndInOrder) {
  for (int i = 0; i < 3; ++i) producer_.fail_next(kAway);
  run(message(true));
  for (const int wait_ms : {100, 200, 400}) {
    EXPECT_THAT(kinds(), IsEmpty());
    advance(milliseconds(wait_ms - 1));
    EXPECT_THAT(kinds(), IsEmpty());
    advance(milliseconds(1));
  }
  EXPECT_THAT(kinds(), ElementsAre("result", "completion"));
  EXPECT_EQ(acknowledger_->stats().repeated, 3u);
  EXPECT_EQ(acknowledger_->stats().lost, 0u);
}

// What is to be sent again waits by the clock that nobody sets.
TEST_F(AcknowledgerTest, AClockThatIsSetNeitherEndsNorDelaysWhatIsSentAgain) {
  for (const std::chrono::hours by : {std::chrono::hours(48), std::chrono::hours(-72)}) {
    producer_.fail_next(kAway);
    run(message(false));
    const std::size_t before = kinds().size();
    clock_.jump(by);
    advance(milliseconds(100));
    EXPECT_EQ(kinds().size(), before + 1);
  }
  EXPECT_EQ(acknowledger_->stats().lost, 0u);
}

TEST_F(AcknowledgerTest, ItIsSentAgainUntilTheControllerHasGivenUp) {
  for (int i = 0; i < 1000; ++i) producer_.fail_next(kAway);
  const auto sent = message(false);
  acknowledger_->completed(sent, activation(sent), Progress::kRunOnly);
  for (int second = 0; second < 179; ++second) advance(milliseconds(1000));
  EXPECT_EQ(acknowledger_->stats().under_way, 1u);
  for (int second = 0; second < 7; ++second) advance(milliseconds(1000));
  EXPECT_EQ(acknowledger_->stats().under_way, 0u);
  EXPECT_EQ(acknowledger_->stats().lost, 1u);
  EXPECT_EQ(timer_.count(), 0u);
}

TEST_F(AcknowledgerTest, ABlockedNamespaceHearsTheIdAloneAndNothingIsKept) {
  const auto sent = message(true);
  acknowledger_->refuse(sent, activation(sent));
  EXPECT_THAT(kinds(), ElementsAre("combined, shrunk"));
  EXPECT_THAT(kept_, IsEmpty());
  EXPECT_EQ(processed_, 1);
}

TEST_F(AcknowledgerTest, ThePrefixStandsBeforeTheTopic) {
  AcknowledgerConfig config;
  config.topic_prefix = "east-";
  make(config);
  auto sent = message(false);
  sent.root_controller = "7";
  acknowledger_->completed(sent, activation(sent), Progress::kNotRun);
  EXPECT_EQ(producer_.sent().front().topic, "east-completed7");
}

TEST_F(AcknowledgerTest, TheEventComesBeforeTheAcknowledgementThatFreesThePlace) {
  AcknowledgerConfig config;
  config.event_topic = "events";
  make(config);
  run(message(true));
  std::vector<std::string> topics;
  for (const auto& one : producer_.sent()) topics.push_back(one.topic);
  EXPECT_THAT(topics, ElementsAre("completed0", "events", "completed0"));
}

TEST(ActivationEvent, TellsTheStatusThatTheActionChose) {
  const auto code_of = [](const char* result) -> std::string {
    Activation activation = make_activation(some_message(), some_action(),
                                            {StatusCode::kSuccess, Json::parse(result).value(), 2},
                                            {std::nullopt, CallTime{1000, 1010, false}});
    const auto event = activation_event(some_message(), activation, "invoker0", {});
    const Json body = *Json::parse(event.value()).value().find("body");
    const Json* code = body.find("userDefinedStatusCode");
    return code == nullptr ? "none" : code->to_string();
  };
  EXPECT_EQ(code_of(R"({"statusCode":204})"), "204");
  EXPECT_EQ(code_of(R"({"statusCode":204,"error":{"statusCode":418}})"), "418");
  EXPECT_EQ(code_of(R"({"statusCode":"no"})"), "400");
  EXPECT_EQ(code_of(R"({"statusCode":1.5})"), "400");
  EXPECT_EQ(code_of(R"({})"), "none");
  EXPECT_EQ(code_of(R"([1])"), "none");
}

TEST(ActivationEvent, IsNotMadeWithoutPathAndKind) {
  Activation activation;
  EXPECT_FALSE(activation_event(some_message(), activation, "invoker0", {}).has_value());
}

TEST(Instance, SaysInAPingWhatTheRealOneSays) {
  InvokerInstance instance;
  instance.user_memory_bytes = 2147483648;
  instance.unique_name = "0";
  EXPECT_EQ(Json::parse(ping_message(instance, true)).value(),
            Json::parse(R"({"isEnabled":true,"name":{"dedicatedNamespaces":[],"instance":0,
              "instanceType":"invoker","tags":[],"uniqueName":"0","userMemory":"2147483648 B"}})")
                .value());
  instance.displayed_name = "node-a";
  EXPECT_EQ(instance.display(), "invoker0/0/node-a");
}

}  // namespace
}  // namespace invoker
