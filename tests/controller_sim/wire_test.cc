// Messages and acknowledgements against what a real controller and a real invoker said.
#include <gtest/gtest.h>

#include "controller_sim/ack.h"
#include "controller_sim/action_document.h"
#include "controller_sim/message.h"
#include "recorded.h"

namespace controller_sim {
namespace {

using base::Json;

Json parsed(const std::string& text) { return Json::parse(text).value(); }

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& each : list.items()) texts.push_back(each.as_string());
  return texts;
}

// What a test would have to ask for to get this message.
ActivationRequest request_of(const Json& message) {
  ActivationRequest request;
  request.transid = *message.find("transid");
  const Json& action = *message.find("action");
  request.action_path = action.find("path")->as_string();
  request.action_name = action.find("name")->as_string();
  request.action_version = action.find("version")->as_string();
  const Json& revision = *message.find("revision");
  if (revision.is_string()) request.revision = revision.as_string();
  const Json& user = *message.find("user");
  request.caller.subject = user.find("subject")->as_string();
  request.caller.namespace_name = user.find("namespace")->find("name")->as_string();
  request.caller.namespace_uuid = user.find("namespace")->find("uuid")->as_string();
  const std::string& key = user.find("authkey")->find("api_key")->as_string();
  request.caller.key = key.substr(key.find(':') + 1);
  request.caller.rights = strings_of(*user.find("rights"));
  request.caller.limits = *user.find("limits");
  request.id = message.find("activationId")->as_string();
  request.controller = message.find("rootControllerIndex")->find("asString")->as_string();
  request.blocking = message.find("blocking")->as_bool();
  if (const Json* content = message.find("content")) request.content = *content;
  request.init_args = strings_of(*message.find("initArgs"));
  if (const Json* cause = message.find("cause")) request.cause = cause->as_string();
  return request;
}

// Members that only some controllers' messages have and this one's never.
bool is_of_this_kind(const Json& message) {
  for (const std::string_view other : {"traceContext", "extra", "unknownField"}) {
    if (message.find(other) != nullptr) return false;
  }
  const Json* locked = message.find("lockedArgs");
  return locked != nullptr && locked->members().empty() && message.find("initArgs") != nullptr &&
         message.find("action")->find("binding") == nullptr;
}

TEST(WireTest, MessagesAreThoseOfTheRealController) {
  int compared = 0;
  for (const RecordedCase& each : recorded_cases()) {
    if (each.name.find("-direct-") != std::string::npos) continue;  // not a controller's
    for (const std::string& text : each.messages) {
      const Json message = parsed(text);
      if (!is_of_this_kind(message)) continue;
      EXPECT_EQ(activation_message(request_of(message)), message)
          << each.name << "\n"
          << activation_message(request_of(message)).to_string();
      ++compared;
    }
  }
  EXPECT_GE(compared, 30);
}

TEST(WireTest, AMessageWithoutRevisionSaysNullAndWithoutContentNothing) {
  Random random(1);
  const Json message = activation_message(health_request(random, "7", Json::array()));
  ASSERT_NE(message.find("revision"), nullptr);
  EXPECT_TRUE(message.find("revision")->is_null());
  EXPECT_EQ(message.find("content"), nullptr);
  EXPECT_EQ(message.find("action")->find("name")->as_string(), "invokerHealthTestAction7");
  EXPECT_FALSE(message.find("blocking")->as_bool());
}

TEST(WireTest, TransactionIdsComeInFourShapes) {
  Random random(1);
  const auto items = [&](TransidShape shape) { return make_transid(random, shape, 1000).items(); };
  EXPECT_EQ(items(TransidShape::kPlain).size(), 2U);
  EXPECT_EQ(items(TransidShape::kExtraLogging)[2], Json(true));
  EXPECT_EQ(items(TransidShape::kParent)[2].items().size(), 2U);
  EXPECT_EQ(items(TransidShape::kExtraLoggingAndParent)[3].items().size(), 2U);
}

TEST(WireTest, RandomIdsAreActivationIds) {
  Random random(1);
  EXPECT_TRUE(is_activation_id(random_activation_id(random)));
  EXPECT_NE(random_activation_id(random), random_activation_id(random));
  EXPECT_EQ(random_uuid(random).size(), 36U);
  EXPECT_FALSE(is_activation_id("2A142b8a53a54d62942b8a53a56d6269"));
  EXPECT_FALSE(is_activation_id("2a14"));
}

TEST(WireTest, EveryRecordedAcknowledgementAndEventIsRead) {
  int acks = 0;
  int activations = 0;
  for (const RecordedCase& each : recorded_cases()) {
    for (const std::string& text : each.acks) {
      const auto ack = read_ack(text);
      ASSERT_TRUE(ack) << each.name << ": " << ack.error().message;
      EXPECT_EQ(ack->transid, *parsed(text).find("transid"));
      ++acks;
    }
    for (const std::string& text : each.events) {
      const auto event = read_event(text);
      ASSERT_TRUE(event) << each.name << ": " << event.error().message;
      if (event->type == "Activation") ++activations;
    }
  }
  EXPECT_GE(acks, 60);
  EXPECT_GE(activations, 40);
}

TEST(WireTest, AllThreeShapesOfAcknowledgementsAreToldApart) {
  int results = 0;
  int completions = 0;
  int combined = 0;
  int shrunk = 0;
  for (const RecordedCase& each : recorded_cases()) {
    for (const std::string& text : each.acks) {
      const Ack ack = read_ack(text).value();
      ++(!ack.instance ? results : ack.has_response ? combined : completions);
      if (ack.has_response && !ack.activation) ++shrunk;
    }
  }
  EXPECT_GT(results, 0);
  EXPECT_GT(completions, 0);
  EXPECT_GT(combined, 0);
  EXPECT_GT(shrunk, 0);
}

TEST(WireTest, EveryRecordedRecordIsRead) {
  int records = 0;
  for (const RecordedCase& each : recorded_cases()) {
    for (const std::string& text : each.records) {
      const auto record = read_activation(parsed(text));
      ASSERT_TRUE(record) << each.name << ": " << record.error().message;
      if (record->annotation("path") != nullptr) ++records;  // triggers have none
    }
  }
  EXPECT_GE(records, 30);
}

TEST(WireTest, APingIsRead) {
  const auto ping = read_ping(recorded_ping());
  ASSERT_TRUE(ping) << ping.error().message;
  EXPECT_EQ(ping->instance.id, 0);
  EXPECT_EQ(ping->instance.user_memory_bytes, std::int64_t{2048} << 20);
  EXPECT_EQ(ping->instance.unique_name, "0");
  EXPECT_TRUE(ping->enabled);
}

TEST(WireTest, WhatAControllerCouldNotReadIsRefusedWithTheMembersName) {
  const auto refusal = [](const std::string& member) {
    Json ack = parsed(
        R"({"transid":["a",1],"activationId":"2a142b8a53a54d62942b8a53a56d6269","isSystemError":false,
            "instance":{"instance":0,"userMemory":"1 B","tags":[],"dedicatedNamespaces":[]}})");
    Json& instance = *ack.find("instance");
    (instance.find(member) != nullptr ? instance : ack).erase(member);
    const auto read = read_ack(ack.to_string());
    return read ? std::string("read") : read.error().message;
  };
  EXPECT_EQ(refusal("nothing"), "read");
  EXPECT_EQ(refusal("isSystemError"), "read");
  for (const std::string member :
       {"transid", "activationId", "tags", "dedicatedNamespaces", "userMemory"}) {
    EXPECT_NE(refusal(member).find(member), std::string::npos) << refusal(member);
  }
  EXPECT_FALSE(read_ack("garbage"));
  EXPECT_FALSE(read_ack("[]"));
  EXPECT_FALSE(read_ping(R"({"instance":{}})"));
  EXPECT_FALSE(read_event(R"({"eventType":"Activation"})"));
}

TEST(WireTest, ActionDocumentsAreThoseOfTheRealController) {
  const std::string code = "def main(a):\n    print(\"log line\")\n    return {\"echo\": a}\n";
  for (Json wanted : recorded_actions()) {
    ActionTerms terms;
    terms.name = wanted.find("name")->as_string();
    const Json& limits = *wanted.find("limits");
    terms.memory_mb = *limits.find("memory")->as_int64();
    terms.logs_mb = static_cast<int>(*limits.find("logs")->as_int64());
    terms.concurrency = static_cast<int>(*limits.find("concurrency")->as_int64());
    terms.timeout = base::milliseconds(*limits.find("timeout")->as_int64());
    Random random(1);
    const std::int64_t updated = *wanted.find("updated")->as_int64();
    const ActionDocument made = action_document(terms, code, Json(), updated, random);
    wanted.erase("_rev");
    wanted.find("exec")->find("code")->erase("digest");  // nobody reads it
    EXPECT_EQ(made.document, wanted) << made.document.to_string() << "\n" << wanted.to_string();
    EXPECT_TRUE(made.attachment.empty());
  }
}

TEST(WireTest, LongCodeIsAnAttachment) {
  Random random(1);
  const ActionDocument made =
      action_document({}, std::string(kInlineCodeMax, '#'), Json(), 1, random);
  EXPECT_EQ(made.attachment.size(), kInlineCodeMax);
  const Json& code = *made.document.find("exec")->find("code");
  EXPECT_TRUE(code.find("attachmentName")->as_string().starts_with("couch:"));
}

}  // namespace
}  // namespace controller_sim
