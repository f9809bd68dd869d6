// Invoking actions.
#include <thread>

#include "rest_world.h"

namespace {

using invoker::StatusCode;

class RestInvoke : public RestTest {
 protected:
  RestInvoke() { put_hello(); }
  Received post(const std::string& query, const std::string& body = "") {
    return call("POST", kActions + "hello" + query, body);
  }
};

TEST_F(RestInvoke, WithoutWaitingTheIdIsTheAnswer) {
  for (const std::string query : {"", "?", "?blocking=false&result=true"}) {
    const auto answer = post(query, "{}");
    EXPECT_EQ(answer.status(), 202);
    const std::string id = invoke.messages().back().activation_id;
    EXPECT_EQ(answer.body(), R"({"activationId":")" + id + R"("})");
    EXPECT_EQ(answer.header("x-openwhisk-activation-id"), id);
  }
}

TEST_F(RestInvoke, TheMessageCarriesWhatAnInvokerNeeds) {
  ASSERT_EQ(call("PUT", kActions + "p?overwrite=true", R"({"exec":{"kind":"nodejs:20","code":"c"},
    "parameters":[{"key":"a","value":1},{"key":"b","value":{"x":1}},{"key":"i","value":2,"init":true}]})")
                .status(),
            200);
  auto made =
      request("POST", kActions + "p?blocking=true", R"({"b":12345678901234567890,"c":1.50})");
  made.headers.emplace_back("X-Request-ID", "my-own-id");
  made.headers.emplace_back("X-OW-EXTRA-LOGGING", "on");
  send(made);
  const auto message = invoke.messages().back();
  EXPECT_EQ(message.content->to_string(), R"({"a":1,"i":2,"b":12345678901234567890,"c":1.50})");
  EXPECT_EQ(message.init_args, std::vector<std::string>{"i"});
  EXPECT_EQ(message.action_id(), "guest/p");
  EXPECT_EQ(message.action_version, "0.0.1");
  EXPECT_EQ(message.revision, library.fetch("guest/p").value()->revision);
  EXPECT_EQ(message.user.subject, "guest");
  EXPECT_TRUE(message.blocking);
  EXPECT_EQ(message.transid.json.to_string(), R"(["my-own-id",1700000000000,true])");
}

struct Outcome {
  StatusCode code;
  std::string result;
  int status;
  std::string text;
};

TEST_F(RestInvoke, AWaitingClientGetsTheActivationOrItsResult) {
  for (const Outcome& outcome : std::vector<Outcome>{
           {StatusCode::kSuccess, R"({"x":1.0})", 200, "success"},
           {StatusCode::kApplicationError, R"({"error":"no"})", 502, "application error"},
           {StatusCode::kDeveloperError, R"({"error":"no"})", 502, "action developer error"},
           {StatusCode::kWhiskError, R"({"error":"no"})", 500, "whisk internal error"}}) {
    const auto whole = post("?blocking=true");
    ASSERT_FALSE(whole.answered());
    complete(outcome.code, outcome.result);
    ASSERT_TRUE(whole.answered());
    EXPECT_EQ(whole.status(), outcome.status);
    const auto activation = whole.json();
    EXPECT_EQ(activation.find("response")->find("status")->as_string(), outcome.text);
    EXPECT_EQ(activation.find("response")->find("success")->as_bool(), outcome.status == 200);
    EXPECT_EQ(activation.find("response")->find("result")->to_string(), outcome.result);
    EXPECT_EQ(activation.find("response")->find("statusCode"), nullptr);
    EXPECT_EQ(activation.find("logs")->to_string(), "[]");
    EXPECT_EQ(activation.find("code"), nullptr);
    EXPECT_EQ(whole.header("x-openwhisk-activation-id"), invoke.messages().back().activation_id);
    const auto only = post("?blocking=true&result=true");
    complete(outcome.code, outcome.result);
    EXPECT_EQ(only.status(), outcome.status);
    EXPECT_EQ(only.body(), outcome.result);
  }
}

TEST_F(RestInvoke, AnArrayAsResultIsTheWholeAnswer) {
  const auto answer = post("?blocking=true");
  complete(StatusCode::kSuccess, R"([1,{"a":null}])");
  EXPECT_EQ(answer.body(), R"([1,{"a":null}])");
}

TEST_F(RestInvoke, TheAnswerComesWhenTheRecordIsStored) {
  activations.hold();
  const auto answer = post("?blocking=true");
  complete(StatusCode::kSuccess, "{}");
  EXPECT_FALSE(answer.answered());
  activations.release();
  ASSERT_TRUE(answer.answered());
  const std::string id = invoke.messages().back().activation_id;
  EXPECT_EQ(call("GET", "/api/v1/namespaces/_/activations/" + id).status(), 200);
}

TEST_F(RestInvoke, TheAnswerComesAlsoWhenTheRecordIsLost) {
  activations.fail_next({base::ErrorCode::kNoSpace, "disk full"});
  const auto answer = post("?blocking=true");
  complete(StatusCode::kSuccess, "{}");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(plane->stats().records_lost, 1u);
}

TEST_F(RestInvoke, WhenTheWaitIsOverTheIdIsTheAnswerAndTheRecordComesLater) {
  const auto answer = post("?blocking=true&timeout=1500");
  clock.advance(std::chrono::milliseconds(1499));
  timer.strike(clock.now());
  EXPECT_FALSE(answer.answered());
  EXPECT_EQ(plane->stats().waiting, 1u);
  clock.advance(std::chrono::milliseconds(1));
  timer.strike(clock.now());
  ASSERT_TRUE(answer.answered());
  const std::string id = invoke.messages().back().activation_id;
  EXPECT_EQ(answer.status(), 202);
  EXPECT_EQ(answer.body(), R"({"activationId":")" + id + R"("})");
  EXPECT_EQ(plane->stats().waiting, 0u);
  complete(StatusCode::kSuccess, "{}");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/_/activations/" + id).status(), 200);
}

TEST_F(RestInvoke, WhoIsToldTheIdAloneIsSureOfARecord) {
  const auto at_once = post("");
  const auto late = post("?blocking=true&timeout=1");
  const auto never = post("?blocking=true");
  ASSERT_EQ(at_once.status(), 202);
  ASSERT_EQ(activations.accepted().size(), 1u);
  clock.advance(std::chrono::milliseconds(1));
  timer.strike(clock.now());
  ASSERT_EQ(late.status(), 202);
  ASSERT_EQ(activations.accepted().size(), 2u);
  EXPECT_FALSE(never.answered());
  const standalone::ActivationRecord kept = activations.accepted().front();
  EXPECT_EQ(kept.activation_id, invoke.messages().front().activation_id);
  const auto document = base::Json::parse(kept.document).value();
  EXPECT_EQ(document.find("_id")->as_string(), "guest/" + kept.activation_id);
  EXPECT_EQ(document.find("name")->as_string(), "hello");
  EXPECT_EQ(
      document.find("response")->to_string(),
      R"({"statusCode":3,"result":{"error":"The platform ended before the activation did. It )"
      R"(may have run, in part or to its end."}})");
}

TEST_F(RestInvoke, WhatCannotBeRecordedIsNotCalledAccepted) {
  activations.fail_next({base::ErrorCode::kNoSpace, "disk full"});
  const auto answer = post("");
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.error(),
            "The activation was started, and no record of it can be kept: disk full");
  EXPECT_EQ(answer.header("x-openwhisk-activation-id"), invoke.messages().back().activation_id);
  EXPECT_EQ(plane->stats().records_lost, 1u);
}

TEST_F(RestInvoke, AnAnsweredClientLeavesNoTimerBehind) {
  post("?blocking=true");
  EXPECT_EQ(timer.count(), 1u);
  complete(StatusCode::kSuccess, "{}");
  EXPECT_EQ(timer.count(), 0u);
}

TEST_F(RestInvoke, AnActivationMayEndWithinTheSubmission) {
  invoke.complete_at_once([&](const invoker::ActivationMessage& message) {
    plane->completed(message, activation(message, StatusCode::kSuccess, R"({"quick":true})"));
  });
  EXPECT_EQ(post("?blocking=true&result=true").body(), R"({"quick":true})");
  EXPECT_EQ(post("").status(), 202);
}

TEST_F(RestInvoke, WhatTheInvokerRefusesIsUnavailable) {
  for (const std::string query : {"", "?blocking=true"}) {
    invoke.fail_next({base::ErrorCode::kUnavailable, "stopping"});
    const auto answer = post(query);
    ASSERT_TRUE(answer.answered());
    EXPECT_EQ(answer.status(), 503);
    EXPECT_EQ(answer.header("x-openwhisk-activation-id"), "");
  }
  EXPECT_EQ(timer.count(), 0u);
  EXPECT_EQ(plane->stats().waiting, 0u);
}

struct Refusal {
  std::string query;
  std::string body;
  int status;
  std::string error;
};

TEST_F(RestInvoke, BadInvocationsAreRefusedWithTheReason) {
  const std::string timeout =
      "The query parameter 'timeout' was malformed:\nTimeout must be number of milliseconds up to "
      "60000.";
  for (const Refusal& refusal : std::vector<Refusal>{
           {"?blocking=true&timeout=0", "", 400, timeout},
           {"?blocking=true&timeout=60001", "", 400, timeout},
           {"?timeout=soon", "", 400, timeout},
           {"?blocking=perhaps", "", 400,
            "The query parameter 'blocking' was malformed:\n'perhaps' is not a valid Boolean "
            "value"},
           {"", "[1]", 400, "The request content was malformed:\nObject expected"},
           {"", "7", 400, "The request content was malformed:\nObject expected"},
           {"?a=%", "", 400, "The query of the request holds a malformed percent-encoding."}}) {
    const auto answer = post(refusal.query, refusal.body);
    EXPECT_EQ(answer.status(), refusal.status);
    EXPECT_EQ(answer.error(), refusal.error);
  }
  EXPECT_TRUE(invoke.messages().empty());
}

TEST_F(RestInvoke, AFormIsRefused) {
  auto made = request("POST", kActions + "hello", "a=1");
  made.headers.back().second = "application/x-www-form-urlencoded";
  EXPECT_EQ(send(made).status(), 415);
}

TEST_F(RestInvoke, AnOversizedPayloadIsRefusedBeforeTheActionIsLookedFor) {
  const std::string body = R"({"a":")" + std::string(1'100'000, 'x') + "\"}";
  const auto answer = call("POST", kActions + "missing", body);
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(answer.error(), "Request larger than allowed: 1100008 > 1048576 bytes.");
  EXPECT_EQ(call("POST", kActions + "missing", "{}").status(), 404);
}

TEST_F(RestInvoke, FinalParametersCannotBeOverridden) {
  ASSERT_EQ(call("PUT", kActions + "f", R"({"exec":{"kind":"nodejs:20","code":"c"},
    "parameters":[{"key":"a","value":1},{"key":"open","value":null}],
    "annotations":[{"key":"final","value":true}]})")
                .status(),
            200);
  const auto refused = call("POST", kActions + "f", R"({"a":2})");
  EXPECT_EQ(refused.status(), 400);
  EXPECT_EQ(refused.error(),
            "Request defines parameters that are not allowed (e.g., reserved properties).");
  EXPECT_EQ(call("POST", kActions + "f", R"({"open":2})").status(), 202);
}

TEST_F(RestInvoke, TheRateIsLimitedAndCountsEveryAttempt) {
  config.limits.invocations_per_minute = 2;
  make();
  EXPECT_EQ(call("POST", kActions + "missing").status(), 404);
  EXPECT_EQ(post("").status(), 202);
  const auto third = post("");
  EXPECT_EQ(third.status(), 429);
  EXPECT_EQ(third.error(), "Too many requests in the last minute (count: 3, allowed: 2).");
  EXPECT_EQ(post("").error(), "Too many requests in the last minute (count: 4, allowed: 2).");
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(post("").status(), 202);
}

TEST_F(RestInvoke, ActivationsUnderWayAreLimited) {
  config.limits.concurrent_invocations = 1;
  make();
  EXPECT_EQ(call("POST", kActions + "missing").status(), 404);  // gives its place back
  EXPECT_EQ(post("").status(), 202);
  const auto second = post("");
  EXPECT_EQ(second.status(), 429);
  EXPECT_EQ(second.error(), "Too many concurrent requests in flight (count: 1, allowed: 1).");
  complete(StatusCode::kSuccess, "{}");
  EXPECT_EQ(post("").status(), 202);
}

TEST_F(RestInvoke, AnUpdatedActionIsInvokedInItsNewVersion) {
  post("");
  ASSERT_EQ(call("PUT", kActions + "hello?overwrite=true", "{}").status(), 200);
  post("");
  EXPECT_EQ(invoke.messages().back().action_version, "0.0.2");
  EXPECT_NE(invoke.messages().front().revision, invoke.messages().back().revision);
}

TEST_F(RestInvoke, OnlyInvocationsOfActionsInMemoryAreQuick) {
  const auto quick = [&](const std::string& method, const std::string& target) {
    return plane->is_quick(request(method, target));
  };
  EXPECT_FALSE(quick("POST", kActions + "hello?blocking=true"));
  post("");
  EXPECT_TRUE(quick("POST", kActions + "hello?blocking=true"));
  EXPECT_TRUE(quick("POST", "/api/v1/namespaces/guest/actions/hello"));
  EXPECT_FALSE(quick("POST", kActions + "other"));
  EXPECT_FALSE(quick("GET", kActions + "hello"));
  EXPECT_TRUE(quick("GET", "/ping"));
}

}  // namespace
