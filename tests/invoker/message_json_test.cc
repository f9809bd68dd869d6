#include "invoker/message_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorded.h"

namespace invoker {
namespace {

using base::Json;
using testing::HasSubstr;

const base::WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

Json valid() { return to_json(some_message()); }

std::string refusal_of(Json json) {
  const auto message = read_activation_message(std::move(json), kNow);
  return message ? "" : message.error().message;
}

TEST(MessageJson, EveryRecordedMessageComesBackAsItWas) {
  const Json file = recorded("messages.json");
  ASSERT_GE(file.find("accepted")->items().size(), 40U);
  for (const Json& entry : file.find("accepted")->items()) {
    Json expected = *entry.find("message");
    const auto message = parse_activation_message(expected.to_string(), kNow);
    ASSERT_TRUE(message) << message.error().message;
    expected.erase("zzz");  // a member that nobody knows, of one case
    EXPECT_EQ(to_json(*message), expected) << entry.find("case")->as_string();
  }
}

TEST(MessageJson, RecordedRefusalsAreRefused) {
  const Json file = recorded("messages.json");
  for (const Json& entry : file.find("refused")->items()) {
    const auto message = parse_activation_message(entry.find("text")->as_string(), kNow);
    EXPECT_FALSE(message) << entry.find("case")->as_string();
  }
}

TEST(MessageJson, EveryRequiredMemberIsAskedForByName) {
  for (const char* name : {"transid", "action", "revision", "user", "activationId",
                           "rootControllerIndex", "blocking", "initArgs", "lockedArgs"}) {
    Json json = valid();
    json.erase(name);
    EXPECT_EQ(refusal_of(json), std::string("member '") + name + "' is missing");
  }
}

TEST(MessageJson, EveryRequiredMemberOfTheIdentityIsAskedForByName) {
  for (const char* name : {"subject", "namespace", "authkey", "rights", "limits"}) {
    Json json = valid();
    json.find("user")->erase(name);
    EXPECT_EQ(refusal_of(json), std::string("member '") + name + "' is missing");
  }
}

TEST(MessageJson, WrongTypesAreNamed) {
  for (const char* name :
       {"revision", "user", "activationId", "rootControllerIndex", "blocking", "content",
        "initArgs", "lockedArgs", "cause", "traceContext", "action"}) {
    Json json = valid();
    json.set(name, 7);
    EXPECT_THAT(refusal_of(json), HasSubstr(std::string("'") + name + "' must be"));
  }
}

TEST(MessageJson, ItemsOfWrongTypesAreNamed) {
  Json json = valid();
  json.set("initArgs", Json::Array{1});
  EXPECT_EQ(refusal_of(json), "member 'initArgs' must hold strings only");
  json = valid();
  json.set("lockedArgs", Json::object({{"a", 1}}));
  EXPECT_EQ(refusal_of(json), "member 'lockedArgs' must hold strings only");
  json = valid();
  json.set("traceContext", Json::object({{"a", 1}}));
  EXPECT_EQ(refusal_of(json), "member 'traceContext' must hold strings only");
}

TEST(MessageJson, AnActivationIdHas32LowerCaseHexadecimalDigits) {
  for (const char* id : {"", "xxx", "4BD6F3D0A6F14A0A96F3D0A6F18A0A11",
                         "4bd6f3d0a6f14a0a96f3d0a6f18a0a1", "4bd6f3d0a6f14a0a96f3d0a6f18a0a11a"}) {
    Json json = valid();
    json.set("activationId", id);
    EXPECT_THAT(refusal_of(json), HasSubstr("32 lower-case hexadecimal digits")) << id;
    json = valid();
    json.set("cause", id);
    EXPECT_THAT(refusal_of(json), HasSubstr("'cause'")) << id;
  }
}

TEST(MessageJson, OptionalMembersMayBeNull) {
  Json json = valid();
  for (const char* name : {"content", "cause", "traceContext", "revision"}) json.set(name, nullptr);
  json.find("action")->set("version", nullptr);
  json.find("action")->set("binding", nullptr);
  const auto message = read_activation_message(json, kNow);
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_FALSE(message->content);
  EXPECT_FALSE(message->cause);
  EXPECT_FALSE(message->revision);
  EXPECT_FALSE(message->action_version);
  EXPECT_FALSE(message->action_binding);
  EXPECT_TRUE(message->trace_context.members().empty());
}

TEST(MessageJson, OnlyAnAbsentRevisionIsWrittenAsNull) {
  ActivationMessage message = some_message();
  message.revision.reset();
  message.content.reset();
  message.action_version.reset();
  const Json json = to_json(message);
  ASSERT_NE(json.find("revision"), nullptr);
  EXPECT_TRUE(json.find("revision")->is_null());
  for (const char* name : {"content", "cause", "traceContext"}) EXPECT_EQ(json.find(name), nullptr);
  EXPECT_EQ(json.find("action")->find("version"), nullptr);
}

TEST(MessageJson, UnknownMembersAreIgnored) {
  Json json = valid();
  json.set("whatever", Json::Array{1, 2});
  json.find("user")->set("whatever", true);
  EXPECT_EQ(refusal_of(json), "");
}

TEST(MessageJson, AnActionMayBeAPath) {
  Json json = valid();
  json.set("action", "/guest/pkg/hello");
  const auto message = read_activation_message(json, kNow);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->action_path, "guest/pkg");
  EXPECT_EQ(message->action_name, "hello");
  for (const char* path : {"", "/", "hello", "/hello", "guest/"}) {
    json.set("action", path);
    EXPECT_THAT(refusal_of(json), HasSubstr("'action'")) << path;
  }
}

TEST(MessageJson, TransactionIdsOfEveryShapeAreEchoed) {
  for (const char* text :
       {R"(["a",1])", R"(["a",1,true])", R"(["a",1,["b",2]])", R"(["a",1,true,["b",2,["c",3]]])"}) {
    const auto transid = read_transid(Json::parse(text).value());
    ASSERT_TRUE(transid) << text;
    EXPECT_EQ(transid->id, "a");
    EXPECT_EQ(transid->start_ms, 1);
    EXPECT_EQ(transid->json.to_string(), text);
  }
}

TEST(MessageJson, AnUnreadableTransactionIdBecomesUnknownAndNow) {
  for (const char* text : {"null", "7", R"("a")", "[]", R"(["a"])", R"([1,2])", R"(["a","b"])",
                           R"(["a",1.5])", R"(["a",1,7])", R"(["a",1,["b"]])",
                           R"(["a",1,["b",2],true])", R"(["a",1,true,["b",2],5])"}) {
    Json json = valid();
    json.set("transid", Json::parse(text).value());
    const auto message = read_activation_message(json, kNow);
    ASSERT_TRUE(message) << text;
    EXPECT_EQ(message->transid.json.to_string(), R"(["sid_unknown",1700000000000])");
    EXPECT_EQ(message->transid.start_ms, 1'700'000'000'000);
  }
}

TEST(MessageJson, OnlyAnObjectIsAMessage) {
  for (const char* text : {"[]", "null", "7", "\"x\""})
    EXPECT_THAT(refusal_of(Json::parse(text).value()), HasSubstr("must be a JSON object"));
}

TEST(MessageJson, AnIdentityComesBackWithEverythingUnknownInKeyAndLimits) {
  const Json json = Json::parse(R"({"subject":"s","namespace":{"name":"n","uuid":"u"},
      "authkey":{"token":"t","n":1.0},"rights":[],"limits":{"storeActivations":false,"x":1e400}})")
                        .value();
  const auto identity = read_identity(json);
  ASSERT_TRUE(identity);
  EXPECT_EQ(to_json(*identity), json);
}

}  // namespace
}  // namespace invoker
