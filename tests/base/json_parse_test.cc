// Reading JSON: what comes in goes out, and what is no JSON is refused with its place.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.h"

namespace {

using base::Json;

Json parsed(std::string_view text) {
  auto json = Json::parse(text);
  EXPECT_TRUE(json.ok()) << text << ": " << (json.ok() ? "" : json.error().message);
  return json.ok() ? std::move(json).value() : Json();
}

std::string refusal(std::string_view text) {
  const auto json = Json::parse(text);
  return json.ok() ? "accepted: " + json->to_string() : json.error().message;
}

std::string nested(std::size_t depth, std::string_view open, std::string_view core,
                   std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(JsonParse, NumbersKeepTheirText) {
  for (const std::string text :
       {"0", "-0", "0.0", "1.0", "1.50", "12345678901234567890", "-12345678901234567890", "1E400",
        "1e-400", "1e+5", "1E05", "0e0", "123456789.000000000000000000001"}) {
    EXPECT_EQ(parsed(text).to_string(), text);
    EXPECT_EQ(parsed("[" + text + "]").to_string(), "[" + text + "]");
    EXPECT_EQ(parsed("{\"a\": " + text + " }").to_string(), "{\"a\":" + text + "}");
  }
}

TEST(JsonParse, ANumberHasAtMostAHundredCharacters) {
  const std::string hundred(100, '9');
  EXPECT_EQ(parsed(hundred).number_text(), hundred);
  EXPECT_EQ(refusal(hundred + "9"),
            "no valid JSON: a number of more than 100 characters at byte 101");
  EXPECT_EQ(parsed("-" + std::string(99, '9')).number_text().size(), 100U);
  EXPECT_FALSE(Json::parse("-" + hundred).ok());
  EXPECT_TRUE(Json::parse("1." + std::string(98, '0')).ok());
  EXPECT_FALSE(Json::parse("1." + std::string(99, '0')).ok());
}

TEST(JsonParse, WhatIsNoNumberIsRefused) {
  for (const std::string_view text :
       {"01", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "--1", "0x10", "1_000", "NaN", "Infinity",
        "-Infinity", "1 2", "00", "-01"}) {
    EXPECT_FALSE(Json::parse(text).ok()) << text;
    EXPECT_FALSE(Json::parse("[" + std::string(text) + "]").ok()) << text;
  }
}

TEST(JsonParse, AThousandLevelsAreReadAndWrittenAndCopied) {
  const std::string arrays = nested(1000, "[", "", "]");
  const Json copy = parsed(arrays);  // copied, compared, written and destroyed on the way
  EXPECT_EQ(copy, parsed(arrays));
  EXPECT_EQ(copy.to_string(), arrays);
  EXPECT_GT(copy.to_pretty_string().size(), arrays.size());
  const std::string objects = nested(1000, "{\"a\":", "1", "}");
  EXPECT_EQ(parsed(objects).to_string(), objects);
}

TEST(JsonParse, MoreThanAThousandLevelsAreRefusedWithoutRecursion) {
  EXPECT_EQ(refusal(nested(1001, "[", "", "]")),
            "no valid JSON: more than 1000 levels of nesting at byte 1000");
  EXPECT_FALSE(Json::parse(nested(1001, "{\"a\":", "1", "}")).ok());
  EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')).ok());
}

TEST(JsonParse, WideIsNotDeep) {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) text += "[[]],";
  text += "{}]";
  EXPECT_EQ(parsed(text).items().size(), 5001U);
}

TEST(JsonParse, OfARepeatedMemberTheLastWinsInTheFirstOnesPlace) {
  EXPECT_EQ(parsed(R"({"a":1,"b":2,"a":3})").to_string(), R"({"a":3,"b":2})");
  std::string text = "{";
  std::string expected = "{";
  for (int i = 0; i < 50; ++i) {
    const std::string key = "\"k" + std::to_string(i) + "\":";
    text += key + "0,";
    expected += (i == 0 ? "" : ",") + key + std::to_string(i + 50);
  }
  for (int i = 0; i < 100; ++i) {
    text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i % 50) + "\":" + std::to_string(i);
  }
  EXPECT_EQ(parsed(text + "}").to_string(), expected + "}");
}

TEST(JsonParse, ManyMembersAreReadInReasonableTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"" + std::to_string(i % 150'000) + "\":1,";
  EXPECT_EQ(parsed(text + "\"end\":1}").members().size(), 150'001U);
}

TEST(JsonParse, EscapesBecomeTheirCharacters) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t")").as_string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(parsed(R"("\u0041\u00e9\u20AC\u0000")").as_string(), std::string("Aé€\0", 7));
  EXPECT_EQ(parsed(R"("\ud83d\ude00")").as_string(), "😀");
}

TEST(JsonParse, HalvesOfSurrogatePairsBecomeTheReplacementCharacter) {
  EXPECT_EQ(parsed(R"("\ud83d")").as_string(), "\uFFFD");
  EXPECT_EQ(parsed(R"("\ude00")").as_string(), "\uFFFD");
  EXPECT_EQ(parsed(R"("\ud83dx")").as_string(), "\uFFFDx");
  EXPECT_EQ(parsed(R"("\ud83d\n")").as_string(), "\uFFFD\n");
  EXPECT_EQ(parsed(R"("\ud83d\u0041")").as_string(), "\uFFFDA");
  EXPECT_EQ(parsed(R"("\ud83d\ud83d\ude00")").as_string(), "\uFFFD😀");
}

TEST(JsonParse, BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(parsed("\"a\xFF\x62\"").as_string(), "a\uFFFDb");
  EXPECT_EQ(parsed("{\"\xC3\":1}").to_string(), "{\"\uFFFD\":1}");
}

TEST(JsonParse, BrokenStringsAreRefused) {
  for (const std::string_view text :
       {R"(")", R"("abc)", R"("\)", R"("\")", R"("\x")", R"("\u12")", R"("\u12g4")",
        R"("\ud83d\u")", "\"a\nb\"", "\"\t\"", "'a'"}) {
    EXPECT_FALSE(Json::parse(text).ok()) << text;
  }
  EXPECT_FALSE(Json::parse(std::string_view("\"a\0b\"", 5)).ok());
}

TEST(JsonParse, DeleteAndUnicodeLineEndsMayStandInStrings) {
  const std::string text = "\"\x7F\u2028\u2029\uFEFF\"";
  EXPECT_EQ(parsed(text).to_string(), text);
}

TEST(JsonParse, WhatIsNotOneValueIsRefusedWithItsPlace) {
  const struct {
    std::string text;
    std::string why;
  } cases[] = {
      {"", "expected a value at byte 0"},
      {"  ", "expected a value at byte 2"},
      {"nul", "expected a value at byte 0"},
      {"truex", "text after the value at byte 4"},
      {"{} {}", "text after the value at byte 3"},
      {std::string("1\0", 2), "text after the value at byte 1"},
      {std::string("\0", 1), "expected a value at byte 0"},
      {"[1,]", "expected a value at byte 3"},
      {"[,1]", "expected a value at byte 1"},
      {"[1 2]", "expected ',' or ']' at byte 3"},
      {"[1", "expected ',' or ']' at byte 2"},
      {"[1}", "expected ',' or ']' at byte 2"},
      {"{\"a\":1,}", "expected a string at byte 7"},
      {"{a:1}", "expected a string at byte 1"},
      {"{\"a\" 1}", "expected ':' at byte 5"},
      {"{\"a\":1 \"b\":2}", "expected ',' or '}' at byte 7"},
      {"{\"a\":}", "expected a value at byte 5"},
      {"]", "expected a value at byte 0"},
      {"// no\n1", "expected a value at byte 0"},
      {"\uFEFF{}", "expected a value at byte 0"},
  };
  for (const auto& [text, why] : cases) EXPECT_EQ(refusal(text), "no valid JSON: " + why) << text;
}

TEST(JsonParse, BlanksMayStandBetweenTokens) {
  EXPECT_EQ(parsed(" \t\r\n{ \"a\" : [ 1 , { } , [ ] , \"\" ] } \n").to_string(),
            R"({"a":[1,{},[],""]})");
}

TEST(JsonParse, CommentsMayStandWherePeopleWrite) {
  const auto json = Json::parse_with_comments("// top\n{ /* in */ \"a\": // end\n 1 } // last");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->to_string(), R"({"a":1})");
  EXPECT_EQ(Json::parse_with_comments(R"({"a":"// no /* comment"})")->to_string(),
            R"({"a":"// no /* comment"})");
  for (const std::string_view text : {"1 /", "1 /* x", "/", "/*/ 1", "1 # x", "//"}) {
    EXPECT_FALSE(Json::parse_with_comments(text).ok()) << text;
  }
}

}  // namespace
