#include <gtest/gtest.h>

#include "invoker/runtime_protocol.h"
#include "recorded.h"

namespace invoker {
namespace {

using base::Json;

Action action_of(const Json& json) {
  Action action;
  action.path = json.find("path")->as_string();
  action.name = json.find("name")->as_string();
  action.version = json.find("version")->as_string();
  action.annotations = *json.find("annotations");
  action.exec.code = json.find("code")->as_string();
  action.exec.binary = json.find("binary")->as_bool();
  if (const Json* main = json.find("main")) action.exec.main = main->as_string();
  return action;
}

std::int64_t number_in(const Json& text) { return std::stoll(text.as_string()); }

TEST(Bodies, AreWhatTheRealInvokerSent) {
  const Json cases = recorded("bodies.json");
  ASSERT_GE(cases.items().size(), 20U);
  for (const Json& entry : cases.items()) {
    const ActivationMessage message = message_of(*entry.find("message"));
    const Action action = action_of(*entry.find("action"));
    const Json& expected = *entry.find("body");
    const bool init = entry.find("path")->as_string() == "/init";
    const std::string body =
        init ? init_body(message, action,
                         number_in(*expected.find("value")->find("env")->find("__OW_DEADLINE")))
             : run_body(message, action, number_in(*expected.find("deadline")));
    EXPECT_EQ(Json::parse(body).value(), expected)
        << entry.find("case")->as_string() << entry.find("path")->as_string() << "\n"
        << body;
  }
}

Json run_of(const ActivationMessage& message, const Action& action = some_action()) {
  return Json::parse(run_body(message, action, 1)).value();
}

Json environment_of(const ActivationMessage& message, const Action& action = some_action()) {
  return *Json::parse(init_body(message, action, 1)).value().find("value")->find("env");
}

TEST(Bodies, NumbersOfTheUserKeepTheirText) {
  ActivationMessage message = some_message();
  const std::string text =
      R"({"a":1.0,"b":1E400,"c":123456789012345678901234567890,"d":-0,"e":0.10})";
  message.content = Json::parse(text).value();
  EXPECT_NE(run_body(message, some_action(), 1).find("\"value\":" + text), std::string::npos);
}

TEST(Bodies, AnArrayGoesWholeWhateverInitArgsSay) {
  ActivationMessage message = some_message();
  message.content = Json::parse(R"([1,{"a":2}])").value();
  message.init_args = {"a"};
  EXPECT_EQ(run_of(message).find("value")->to_string(), R"([1,{"a":2}])");
  EXPECT_EQ(environment_of(message).find("a"), nullptr);
}

TEST(Bodies, NoContentIsAnEmptyObject) {
  ActivationMessage message = some_message();
  message.content.reset();
  EXPECT_EQ(run_of(message).find("value")->to_string(), "{}");
}

TEST(Bodies, InitArgumentsBecomeTextsOfTheEnvironment) {
  ActivationMessage message = some_message();
  message.content =
      Json::parse(R"({"s":"x y","n":null,"b":true,"i":1.0,"o":{"a":[1, 2]},"l":[],"stay":1})")
          .value();
  message.init_args = {"s", "n", "b", "i", "o", "l", "absent"};
  const Json env = environment_of(message);
  const std::pair<const char*, const char*> expected[] = {
      {"s", "x y"}, {"n", ""}, {"b", "true"}, {"i", "1.0"}, {"o", R"({"a":[1,2]})"}, {"l", "[]"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(env.find(name)->as_string(), value);
  EXPECT_EQ(env.find("absent"), nullptr);
  EXPECT_EQ(env.find("stay"), nullptr);
  EXPECT_EQ(run_of(message).find("value")->to_string(), R"({"stay":1})");
}

TEST(Bodies, TheKeyIsGivenUnlessTheAnnotationIsFalsy) {
  const std::pair<const char*, bool> cases[] = {{"true", true},   {"false", false}, {"null", false},
                                                {"0", false},     {"0.0", false},   {"-0e5", false},
                                                {"1", true},      {"0.1", true},    {"\"\"", false},
                                                {"\"no\"", true}, {"[]", true},     {"{}", true}};
  for (const auto& [value, given] : cases) {
    Action action = some_action();
    action.annotations = Json::Array{
        Json::object({{"key", "provide-api-key"}, {"value", Json::parse(value).value()}})};
    EXPECT_EQ(run_of(some_message(), action).find("api_key") != nullptr, given) << value;
    EXPECT_EQ(environment_of(some_message(), action).find("__OW_API_KEY") != nullptr, given);
  }
  EXPECT_NE(run_of(some_message()).find("api_key"), nullptr);
}

TEST(Bodies, EveryMemberOfTheKeyIsGivenAndNoneHidesTheContext) {
  ActivationMessage message = some_message();
  message.user.authkey = Json::object({{"token", "t"}, {"namespace", "evil"}, {"value", 1}});
  const Json run = run_of(message);
  EXPECT_EQ(run.find("token")->as_string(), "t");
  EXPECT_EQ(run.find("namespace")->as_string(), "guest");
  EXPECT_TRUE(run.find("value")->is_object());
  EXPECT_EQ(environment_of(message).find("__OW_TOKEN")->as_string(), "t");
  EXPECT_EQ(environment_of(message).find("__OW_NAMESPACE")->as_string(), "guest");
}

TEST(Bodies, AnUnknownVersionIsNullInRunAndEmptyInTheEnvironment) {
  ActivationMessage message = some_message();
  message.action_version.reset();
  EXPECT_TRUE(run_of(message).find("action_version")->is_null());
  EXPECT_EQ(environment_of(message).find("__OW_ACTION_VERSION")->as_string(), "");
}

TEST(Bodies, AnActionWithoutCodeSendsNone) {
  Action action = some_action();
  action.exec.code.reset();
  const Json body = Json::parse(init_body(some_message(), action, 1)).value();
  EXPECT_EQ(body.find("value")->find("code"), nullptr);
  EXPECT_EQ(body.find("value")->find("main")->as_string(), "main");
}

}  // namespace
}  // namespace invoker
