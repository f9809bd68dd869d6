#include "init_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(InitRequest, EveryMemberIsRead) {
  const auto request = parse_init(R"({"value":{"name":"n","main":"go","code":"abc","binary":true,)"
                                  R"("env":{"A":"x","B":null,"C":1e400,"D":{"k":[1]},"E":true}}})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->main, "go");
  EXPECT_EQ(request->code, "abc");
  EXPECT_TRUE(request->binary);
  EXPECT_THAT(request->environment,
              UnorderedElementsAre(Pair("A", "x"), Pair("B", ""), Pair("C", "1e400"),
                                   Pair("D", R"({"k":[1]})"), Pair("E", "true")));
}

TEST(InitRequest, WhatIsMissingHasItsDefault) {
  const auto request = parse_init(R"({"value":{"main":""}})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->main, "main");
  EXPECT_EQ(request->code, "");
  EXPECT_FALSE(request->binary);
}

TEST(InitRequest, VariablesThatTheKernelCannotHoldAreLeftOut) {
  const auto request =
      parse_init(R"({"value":{"env":{"":"x","A=B":"x","C\u0000":"x","D":"\u0000"}}})");
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request->environment.empty());
}

TEST(InitRequest, OtherShapesAreRefused) {
  for (const char* body : {"", "{", "[]", "{}", R"({"value":1})", R"({"value":[]})", "nonsense"}) {
    const auto request = parse_init(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_THAT(request.error().message, HasSubstr("Error unmarshaling request"));
  }
}

TEST(Answer, OnlyObjectsAndArraysPass) {
  for (const char* text : {"{}", " {\"a\":1} ", "[1]", "\t[]\r"})
    EXPECT_TRUE(is_object_or_array(text));
  for (const char* text : {"", " ", "1", "\"{}\"", "null", "{", "{]", "true"}) {
    EXPECT_FALSE(is_object_or_array(text)) << text;
  }
}

}  // namespace
}  // namespace proxy
