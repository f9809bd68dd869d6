// JSON values: made, asked, changed, compared, written.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace {

using base::Json;

TEST(Json, AWholeNumberIsAnIntegerHoweverItIsWritten) {
  const struct {
    const char* text;
    std::optional<std::int64_t> value;
  } cases[] = {
      {"0", 0},
      {"-0", 0},
      {"0.000", 0},
      {"0e999", 0},
      {"0E99999999999999999999", 0},
      {"1", 1},
      {"1.0", 1},
      {"1e2", 100},
      {"1E+2", 100},
      {"12.50e1", 125},
      {"1.5e1", 15},
      {"100e-2", 1},
      {"-100e-2", -1},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"9.223372036854775807e18", INT64_MAX},
      {"9223372036854775808", std::nullopt},
      {"-9223372036854775809", std::nullopt},
      {"12345678901234567890", std::nullopt},
      {"1e19", std::nullopt},
      {"1e400", std::nullopt},
      {"1e99999999999999999999", std::nullopt},
      {"1.5", std::nullopt},
      {"0.1", std::nullopt},
      {"1e-1", std::nullopt},
      {"105e-1", std::nullopt},
      {"1e-400", std::nullopt},
  };
  for (const auto& [text, value] : cases) EXPECT_EQ(Json::number(text).as_int64(), value) << text;
}

TEST(Json, WhatIsNoNumberIsNoInteger) {
  for (const Json& json : {Json(), Json(true), Json("1"), Json::array(), Json::object()}) {
    EXPECT_EQ(json.as_int64(), std::nullopt);
  }
}

TEST(Json, ValuesKnowTheirType) {
  EXPECT_TRUE(Json().is_null());
  EXPECT_TRUE(Json(nullptr).is_null());
  EXPECT_TRUE(Json(false).is_bool());
  EXPECT_TRUE(Json(1).is_number());
  EXPECT_TRUE(Json("x").is_string());
  EXPECT_TRUE(Json(Json::Array{}).is_array());
  EXPECT_TRUE(Json::object().is_object());
  EXPECT_EQ(Json(UINT64_MAX).number_text(), "18446744073709551615");
}

TEST(Json, AnObjectIsMadeOfMembersOfWhichTheLastWins) {
  const Json json = Json::object({{"a", 1}, {"b", "x"}, {"a", Json::array()}});
  EXPECT_EQ(json.to_string(), R"({"a":[],"b":"x"})");
}

TEST(Json, MembersAreFoundSetAndErased) {
  Json json;
  json.set("a", 1).set("b", true).set("a", 2);
  ASSERT_NE(json.find("a"), nullptr);
  EXPECT_EQ(json.find("a")->as_int64(), 2);
  EXPECT_EQ(json.find("c"), nullptr);
  EXPECT_EQ(Json(1).find("a"), nullptr);
  json.erase("a");
  json.erase("none");
  EXPECT_EQ(json.to_string(), R"({"b":true})");
}

TEST(Json, ANullBecomesWhatItIsUsedAs) {
  Json list;
  list.append(1).append("x");
  EXPECT_EQ(list.to_string(), R"([1,"x"])");
  Json object;
  object.set("list", std::move(list));
  EXPECT_EQ(object.to_string(), R"({"list":[1,"x"]})");
}

TEST(Json, AValueMayBePutIntoItself) {
  Json json = Json::object({{"a", 1}});
  json.set("self", json);
  EXPECT_EQ(json.to_string(), R"({"a":1,"self":{"a":1}})");
}

TEST(Json, OnlyWhatMustBeIsEscaped) {
  EXPECT_EQ(Json(std::string("\"\\/\b\f\n\r\t\0\x1F\x7Fé😀\u2028", 20)).to_string(),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7Fé😀\u2028\"");
}

TEST(Json, PrettyPrintingIndentsByTwoAndKeepsEmptyOnesShort) {
  const auto json = Json::parse(R"({"a":[1,{"b":[]}],"c":{},"d":"x"})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->to_pretty_string(), R"({
  "a": [
    1,
    {
      "b": []
    }
  ],
  "c": {},
  "d": "x"
})");
}

TEST(Json, EqualityIgnoresTheOrderOfMembersAndComparesNumbersByText) {
  const auto of = [](std::string_view text) { return Json::parse(text).value(); };
  EXPECT_EQ(of(R"({"a":1,"b":[2]})"), of(R"({"b":[2],"a":1})"));
  EXPECT_NE(of(R"({"a":1})"), of(R"({"a":1,"b":2})"));
  EXPECT_NE(of(R"({"a":1,"b":2})"), of(R"({"a":1,"c":2})"));
  EXPECT_NE(of("[1,2]"), of("[2,1]"));
  EXPECT_NE(of("1"), of("1.0"));
  EXPECT_NE(of("{}"), of("[]"));
}

TEST(JsonDeathTest, AskingForAnotherTypeIsABug) {
  EXPECT_DEATH(static_cast<void>(Json(1).as_string()), "broken invariant");
  EXPECT_DEATH(static_cast<void>(Json("1").items()), "broken invariant");
  EXPECT_DEATH(Json(1).set("a", 1), "broken invariant");
}

TEST(JsonDeathTest, ANumberOfAnotherTextIsABug) {
  for (const char* text : {"", "x", "1 ", "01", "1,2"}) {
    EXPECT_DEATH(Json::number(text), "broken invariant") << text;
  }
}

}  // namespace
