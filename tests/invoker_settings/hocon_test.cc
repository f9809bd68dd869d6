#include "hocon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using invoker_settings::parse_hocon;
using ::testing::HasSubstr;

// "a.b=1;c=x": every assignment in order.
std::string read(const std::string& text) {
  const auto found = parse_hocon(text);
  if (!found.ok()) return "error: " + found.error().message;
  std::string result;
  for (const auto& [path, value] : *found) result += path + "=" + value.to_string() + ";";
  return result;
}

TEST(Hocon, DottedKeysAndNestedBracesAreTheSame) {
  for (const char* text :
       {"a.b.c = 1", "a { b { c = 1 } }", "a { b.c : 1 }", "{a:{b:{c:1}}}", "a={b={c=1}}",
        "a . b . c = 1", "\"a\".\"b\".c=1", "a\n{\n b.c=1\n}", "\xef\xbb\xbf\n a.b.c=1"}) {
    EXPECT_EQ(read(text), "a.b.c=1;") << text;
  }
}

TEST(Hocon, WhatAnsibleHandsOverHasNothingInIt) {
  EXPECT_EQ(read("include classpath(\"application.conf\")\n# more here\n"), "");
  EXPECT_EQ(read("include \"x\"\ninclude required(file(\"y\"))\na=1"), "a=1;");
  EXPECT_EQ(read("a { include \"x\"\n b = 1 }"), "a.b=1;");
  EXPECT_EQ(read("a { include url(\"x\") }, b = 1"), "b=1;");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read(" \n\t# only this"), "");
  EXPECT_EQ(read("{}"), "");
  EXPECT_EQ(read("included = 1\ninclude = 2\ninclude.x = 3"), "included=1;include=2;include.x=3;");
}

TEST(Hocon, CommentsEndWithTheirLine) {
  EXPECT_EQ(read("a = 1 # one\nb = 2 // two\n// c = 3\n# d = 4\n e = 5"), "a=1;b=2;e=5;");
  EXPECT_EQ(read("a = \"# none // here\""), "a=\"# none // here\";");
}

TEST(Hocon, ValuesNeedNoQuotes) {
  EXPECT_EQ(read("a = 10 minutes\nb = /conf/x.p12\nc = x-y_z"),
            "a=\"10 minutes\";b=\"/conf/x.p12\";c=\"x-y_z\";");
  EXPECT_EQ(read("a = true, b = false, c = null, d = -1.5e3, e = \"true\""),
            "a=true;b=false;c=null;d=-1.5e3;e=\"true\";");
  EXPECT_EQ(read("a = one \"two  three\" four"), "a=\"one two  three four\";");
  EXPECT_EQ(read("a = \"x\"\"y\""), "a=\"xy\";");
  EXPECT_EQ(read("a = \"\""), "a=\"\";");
  EXPECT_EQ(read(R"(a = "line\nA\\")"), "a=\"line\\nA\\\\\";");
  EXPECT_EQ(read("a = \"\"\"x \"y\" \\n\nz\"\"\""), "a=\"x \\\"y\\\" \\\\n\\nz\";");
  EXPECT_EQ(read("a = \"\"\"x\"\"\"\""), "a=\"x\\\"\";");
}

TEST(Hocon, ListsMayStandOnSeveralLines) {
  EXPECT_EQ(read("a = [1, two, \"three\"]"), R"(a=[1,"two","three"];)");
  EXPECT_EQ(read("a = [\n 8.8.8.8\n 8.8.4.4\n # none\n]"), R"(a=["8.8.8.8","8.8.4.4"];)");
  EXPECT_EQ(read("a = []\nb = [[1],[2,]]"), "a=[];b=[[1],[2]];");
  EXPECT_EQ(read("a = [{b.c = 1, d = x}]"), R"(a=[{"b.c":1,"d":"x"}];)");
}

TEST(Hocon, AKeyWithADotInItIsOnePart) { EXPECT_EQ(read("a { \"b.c\" = 1 }"), "a.\"b.c\"=1;"); }

TEST(Hocon, WhatIsNotReadHereIsRefusedWithItsLine) {
  struct Case {
    const char* text;
    const char* fault;
  };
  for (const Case& one : {Case{"a = 1\nb = ${a}", "line 2: ${...} is not read here"},
                          Case{"a = x ${?a}", "${...} is not read here"},
                          Case{"a += 1", "+= is not read here"},
                          Case{"a = http://x", "in quotes"},
                          Case{"a { b = 1", "a '}' is missing"},
                          Case{"a = [1", "a ']' is missing"},
                          Case{"{a = 1", "a '}' is missing"},
                          Case{"a = 1 }", "after the end"},
                          Case{"a", "'=' is missing"},
                          Case{"a =", "a value"},
                          Case{"a = \n# c\n", "a value"},
                          Case{"= 1", "where a key should begin"},
                          Case{"a. = 1", "where a key should begin"},
                          Case{"a..b = 1", "where a key should begin"},
                          Case{"a = \"x", "no closing quote"},
                          Case{"a = \"\"\"x\"\"", "no closing"},
                          Case{"a = \"\\q\"", "not written as in JSON"},
                          Case{"a = [1 {b=2}]", "in quotes"},
                          Case{"a = {} {}", "after the value"},
                          Case{"a = [1] [2]", "after the value"}}) {
    EXPECT_THAT(read(one.text), HasSubstr(one.fault)) << one.text;
    EXPECT_THAT(read(one.text), HasSubstr("error: line ")) << one.text;
  }
}

TEST(Hocon, DepthIsBounded) {
  std::string braces;
  for (int i = 0; i < 100'000; ++i) braces += "a{";
  EXPECT_THAT(read(braces), HasSubstr("too deeply"));
  EXPECT_THAT(read("a = " + std::string(100'000, '[')), HasSubstr("too deeply"));
  std::string mixed = "a = ";
  for (int i = 0; i < 100'000; ++i) mixed += "[{a=";
  EXPECT_THAT(read(mixed), HasSubstr("too deeply"));
}

}  // namespace
