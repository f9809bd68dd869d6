#include "invoker/locked_parameters.h"

#include <gtest/gtest.h>

#include "invoker/message_json.h"
#include "recorded.h"

namespace invoker {
namespace {

using base::ErrorCode;
using base::Json;
using Locked = std::map<std::string, std::string>;

constexpr const char* kKey128 = "ra1V6AfOYAv0jCzEdufIFA==";
constexpr const char* kKey256 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kSecret128 = "AAAADAABAgMEBQYHCAkKCxXg12r69rujTvN4upb0aPDSehB/fJHAjA==";
constexpr const char* kObject256 =
    "AAAAgAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9A"
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/"
    "4fSBBgsQsRYrkR338cO8Ie5We5UGEkM=";

ParameterKeys keys() { return parse_parameter_keys(kKey128, kKey256).value(); }

TEST(LockedParameters, OpenWithTheirKeys) {
  const Json content = Json::object({{"secret", kSecret128}, {"object", kObject256}, {"plain", 1}});
  const auto opened =
      unlock_parameters(content, {{"secret", "aes-128"}, {"object", "aes-256"}}, keys());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->to_string(), R"({"secret":"secret","object":{"a":1},"plain":1})");
}

TEST(LockedParameters, OfTheRealSystemOpen) {
  const Json json = couch_tests::recorded("locked.json");
  const auto message = parse_activation_message(json.to_string(), base::WallTime{});
  ASSERT_TRUE(message) << message.error().message;
  const ParameterKeys real{.aes_128 = "kkkkkkkkkkkkkkkk", .aes_256 = {}};
  const auto opened = unlock_parameters(*message->content, message->locked_args, real);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, Json::parse(R"({"pw":"s3cret","obj":{"a":[1,2]},"ini":"I","u":1})").value());
}

TEST(LockedParameters, StayWhereThereIsNoKey) {
  const Json content = Json::object({{"secret", kSecret128}});
  for (const Locked& locked :
       {Locked{{"secret", "rot13"}}, Locked{{"secret", "aes-256"}}, Locked{}}) {
    const auto opened =
        unlock_parameters(content, locked, {.aes_128 = keys().aes_128, .aes_256 = {}});
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, content);
  }
}

TEST(LockedParameters, AreTextsOfAnObject) {
  const Json content = Json::object({{"secret", 7}});
  EXPECT_EQ(
      unlock_parameters(content, {{"secret", "aes-128"}, {"gone", "aes-128"}}, keys()).value(),
      content);
  Json array = Json::array();
  array.append(kSecret128);
  EXPECT_EQ(unlock_parameters(array, {{"secret", "aes-128"}}, keys()).value(), array);
}

TEST(LockedParameters, ThatDoNotOpenAreErrors) {
  std::string changed = kSecret128;
  changed[30] = changed[30] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {changed, std::string("no base64!"), std::string("AAAA"), std::string("AAAAgAAA"),
        std::string(kObject256), std::string(), std::string("/////wAA")}) {
    const auto opened =
        unlock_parameters(Json::object({{"secret", text}}), {{"secret", "aes-128"}}, keys());
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(opened.error().message.find("\"secret\""), std::string::npos);
  }
}

TEST(LockedParameters, DoNotOpenWithAnotherKey) {
  ParameterKeys wrong = keys();
  wrong.aes_128[0] = static_cast<char>(wrong.aes_128[0] ^ 1);
  EXPECT_FALSE(
      unlock_parameters(Json::object({{"secret", kSecret128}}), {{"secret", "aes-128"}}, wrong));
}

TEST(ParameterKeys, AreBase64OfAWholeKey) {
  EXPECT_TRUE(parse_parameter_keys("", ""));
  for (const char* text : {"secret", "AAAA", "ra1V6AfOYAv0jCzEdufIFA"}) {
    const auto parsed = parse_parameter_keys(text, "");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find(text), std::string::npos) << "a key must not be said";
  }
}

}  // namespace
}  // namespace invoker
