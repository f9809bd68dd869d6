#include "invoker/make_activation.h"

#include <gtest/gtest.h>

#include "recorded.h"

namespace invoker {
namespace {

using base::Json;

// The value of annotation `key`, as text; "-" where there is none.
std::string annotation(const Activation& activation, std::string_view key) {
  for (const Json& entry : activation.annotations.items())
    if (entry.find("key")->as_string() == key) return entry.find("value")->to_string();
  return "-";
}

ActivationMessage message_at(std::int64_t start_ms) {
  ActivationMessage message = some_message();
  message.transid.start_ms = start_ms;
  return message;
}

Activation make(const Times& times) {
  return make_activation(message_at(1000), some_action(), {}, times);
}

TEST(MakeActivation, AWarmRunLastsAsLongAsItsCall) {
  const Activation activation = make({std::nullopt, CallTime{1100, 1150}});
  EXPECT_EQ(activation.start_ms, 1100);
  EXPECT_EQ(activation.end_ms, 1150);
  EXPECT_EQ(activation.duration_ms, 50);
  EXPECT_EQ(annotation(activation, "waitTime"), "100");
  EXPECT_EQ(annotation(activation, "initTime"), "-");
  EXPECT_EQ(annotation(activation, "timeout"), "false");
}

TEST(MakeActivation, AnInitIsMovedUpToTheRun) {
  const Activation activation = make({CallTime{1100, 1130}, CallTime{1200, 1250}});
  EXPECT_EQ(activation.start_ms, 1170);
  EXPECT_EQ(activation.end_ms, 1250);
  EXPECT_EQ(activation.duration_ms, 80);
  EXPECT_EQ(annotation(activation, "waitTime"), "100");
  EXPECT_EQ(annotation(activation, "initTime"), "30");
}

TEST(MakeActivation, AFailedInitIsAllThereWas) {
  const Activation activation = make({CallTime{1100, 1130, true}, std::nullopt});
  EXPECT_EQ(activation.start_ms, 1100);
  EXPECT_EQ(activation.end_ms, 1130);
  EXPECT_EQ(activation.duration_ms, 30);
  EXPECT_EQ(annotation(activation, "initTime"), "30");
  EXPECT_EQ(annotation(activation, "timeout"), "true");
}

TEST(MakeActivation, TheTimeoutIsThatOfTheLastCall) {
  EXPECT_EQ(annotation(make({CallTime{0, 1, true}, CallTime{1, 2, false}}), "timeout"), "false");
  EXPECT_EQ(annotation(make({CallTime{0, 1, false}, CallTime{1, 2, true}}), "timeout"), "true");
}

TEST(MakeActivation, TakesTimeoutsFromTheCall) {
  CallOutcome outcome;
  outcome.start_ms = 5;
  outcome.end_ms = 104;
  outcome.error = CallError::kTimeout;
  const CallTime time = call_time(outcome, {.timeout = std::chrono::milliseconds(100)});
  EXPECT_EQ(time.duration_ms(), 99);
  EXPECT_TRUE(time.timed_out);
}

TEST(MakeActivation, AddsExtraAnnotations) {
  const Activation activation =
      make_activation(some_message(), some_action(), {}, {std::nullopt, CallTime{}},
                      Json::Array{Json::object({{"key", "volumes"}, {"value", Json::array()}})});
  EXPECT_EQ(annotation(activation, "volumes"), "[]");
  EXPECT_EQ(annotation(activation, "kind"), "\"python:3\"");
}

TEST(MakeActivation, TheRecordIsTheCallersAndThePathTheActions) {
  ActivationMessage message = some_message();
  message.user.namespace_name = "caller";
  message.user.subject = "who";
  Action action = some_action();
  action.path = "owner/pkg";
  action.limits.instances = 3;
  const Activation activation = make_activation(message, action, {}, {std::nullopt, CallTime{}});
  EXPECT_EQ(activation.namespace_name, "caller");
  EXPECT_EQ(activation.subject, "who");
  EXPECT_EQ(annotation(activation, "path"), "\"owner/pkg/echo\"");
  EXPECT_EQ(annotation(activation, "limits"),
            R"({"timeout":60000,"memory":256,"logs":10,"concurrency":1,"instances":3})");
}

TEST(MakeActivation, WithoutAnActionOnlyTheMessageSpeaks) {
  ActivationMessage message = some_message();
  message.action_version.reset();
  message.cause = "5c16396b672941aba8590f8a53e6b0a0";
  message.action_binding = "guest/bind";
  const Activation activation = fallback_activation(message, {}, 42);
  EXPECT_EQ(activation.version, "0.0.1");
  EXPECT_EQ(activation.start_ms, 42);
  EXPECT_EQ(activation.end_ms, 42);
  EXPECT_EQ(activation.annotations.items().size(), 3U);
  EXPECT_EQ(annotation(activation, "kind"), "\"unknown\"");
  EXPECT_EQ(annotation(activation, "path"), "\"guest/echo\"");
  EXPECT_EQ(annotation(activation, "causedBy"), "\"sequence\"");
}

TEST(Activation, CodesHaveNames) {
  EXPECT_EQ(name_of(StatusCode::kSuccess), "success");
  EXPECT_EQ(name_of(StatusCode::kApplicationError), "application error");
  EXPECT_EQ(name_of(StatusCode::kDeveloperError), "action developer error");
  EXPECT_EQ(name_of(StatusCode::kWhiskError), "whisk internal error");
}

TEST(Action, AnnotationsAreFoundByKey) {
  Action action = some_action();
  action.annotations = Json::parse(R"([{"key":"a","value":1},{"value":2},{"key":3},7])").value();
  ASSERT_NE(action.annotation("a"), nullptr);
  EXPECT_EQ(action.annotation("a")->to_string(), "1");
  EXPECT_EQ(action.annotation("b"), nullptr);
  action.annotations = nullptr;
  EXPECT_EQ(action.annotation("a"), nullptr);
}

}  // namespace
}  // namespace invoker
