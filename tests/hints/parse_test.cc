// The annotations `locality`, `gpu` and `delivery`, and what holds for all.
#include "hints/parse.h"

#include <gtest/gtest.h>

#include <string>

#include "annotations.h"

namespace {

using base::Json;
using hints::Delivery;
using hints::Gpu;
using hints::GpuDevice;
using hints::Hints;
using hints_test::annotations;
using hints_test::parse;
using hints_test::refusal;

constexpr std::int64_t kGiga = 1LL << 30;

TEST(Parse, AnActionMaySayNothing) {
  EXPECT_EQ(hints::parse(Json::array()).value(), Hints());
  EXPECT_EQ(hints::parse(Json()).value(), Hints());
}

TEST(Parse, AnnotationsThatAreNotOursArePassedOver) {
  const Json list = annotations({{"exec", "\"nodejs:20\""},
                                 {"Volumes", "7"},
                                 {"gpus", "\"many\""},
                                 {"description", "volumes and gpu"}});
  EXPECT_EQ(hints::parse(list).value(), Hints());
}

TEST(Parse, EntriesOfAnotherShapeArePassedOver) {
  const auto list =
      Json::parse(R"([1, null, {}, {"key":1,"value":2}, {"value":1}, {"key":"gpu"}])");
  EXPECT_EQ(hints::parse(list.value()).value(), Hints());
}

TEST(Parse, AnnotationsThatAreNoListAreRefused) {
  EXPECT_EQ(hints::parse(Json::object()).error().message,
            "annotations: found an object instead of an array");
}

TEST(Parse, OfARepeatedAnnotationTheLastCounts) {
  EXPECT_EQ(hints::parse(annotations({{"gpu", "\"nonsense\""}, {"gpu", "2"}}))->gpu->count, 2);
  EXPECT_EQ(hints::parse(annotations({{"gpu", "2"}, {"gpu", "null"}}))->gpu, std::nullopt);
}

TEST(Parse, NullCountsAsNotSaid) {
  for (const char* key : {"volumes", "locality", "gpu", "delivery"}) {
    EXPECT_EQ(parse(key, "null").value(), Hints()) << key;
    EXPECT_EQ(parse(key, "\"null\"").value(), Hints()) << key;
  }
}

TEST(Parse, WordsThatOthersUseTooMayBePassedOverWhereTheyAreNotOurs) {
  const auto theirs = annotations({{"locality", "\"eu-west\""}, {"delivery", "\"email\""}});
  EXPECT_FALSE(hints::parse(theirs).ok());
  EXPECT_EQ(hints::parse(theirs, hints::Unreadable::kPassedOver).value(), Hints());
  const auto ours = annotations({{"delivery", "\"exactly-once\""}});
  EXPECT_EQ(hints::parse(ours, hints::Unreadable::kPassedOver)->delivery, Delivery::kExactlyOnce);
  for (const char* key : {"volumes", "gpu"}) {
    EXPECT_FALSE(hints::parse(annotations({{key, "\"x y\""}}), hints::Unreadable::kPassedOver).ok())
        << key;
  }
}

TEST(Parse, JsonInsideAStringStandsForTheJson) {
  EXPECT_EQ(parse("gpu", R"("{\"count\":2}")")->gpu->count, 2);
  EXPECT_EQ(parse("delivery", R"("\"at-most-once\"")")->delivery, Delivery::kAtMostOnce);
  EXPECT_EQ(parse("volumes", R"(" [{\"name\":\"v\",\"path\":\"/mnt/v\"}] ")")->volumes.size(), 1U);
  EXPECT_EQ(refusal("gpu", R"("{\"count\":2")"),
            "annotation 'gpu': \"{\"count\":2\" is no valid JSON: expected ',' or '}' at byte 10");
}

TEST(Parse, WholeHintsOfTheDesignAreUnderstood) {
  const auto hints = hints::parse(
      annotations({{"volumes", R"([{"name":"photos","path":"/mnt/photos","tier":"durable",
          "isolation":"snapshot","retry":3},
         {"name":"job","path":"/mnt/job","tier":"ephemeral","lifetime":"session","quota":"2 GB",
          "copies":1,"rules":[{"match":"*.part","tier":"ephemeral"},
                              {"match":"out/**","tier":"durable"}]}])"},
                   {"locality", R"({"reads":["photos/{album}/**"],"waitMs":50})"},
                   {"gpu", R"({"memory":"4 GB","count":1,"device":"any"})"},
                   {"delivery", R"("exactly-once")"}}));
  ASSERT_TRUE(hints.ok()) << hints.error().message;
  ASSERT_EQ(hints->volumes.size(), 2U);
  EXPECT_EQ(hints->volumes[0].isolation, hints::Isolation::kSnapshot);
  EXPECT_EQ(hints->volumes[1].quota_bytes, 2 * kGiga);
  EXPECT_EQ(hints->locality->wait, std::chrono::milliseconds(50));
  EXPECT_EQ(hints->gpu->memory_bytes, 4 * kGiga);
  EXPECT_EQ(hints->delivery, Delivery::kExactlyOnce);
}

TEST(ParseGpu, EveryFormThatAShellUserProducesIsUnderstood) {
  const struct {
    const char* value;
    std::optional<Gpu> gpu;
  } cases[] = {
      {"1", Gpu{}},
      {"2", Gpu{.count = 2, .memory_bytes = {}, .device = {}}},
      {"2.0", Gpu{.count = 2, .memory_bytes = {}, .device = {}}},
      {"\"2\"", Gpu{.count = 2, .memory_bytes = {}, .device = {}}},
      {"0", std::nullopt},
      {"true", Gpu{}},
      {"\"true\"", Gpu{}},
      {"false", std::nullopt},
      {"\"false\"", std::nullopt},
      {"4 GB", Gpu{.count = 1, .memory_bytes = 4 * kGiga, .device = {}}},
      {"512m", Gpu{.count = 1, .memory_bytes = kGiga / 2, .device = {}}},
      {"host", Gpu{.count = 1, .memory_bytes = {}, .device = GpuDevice::kHost}},
      {"any", Gpu{}},
      {"{}", Gpu{}},
      {R"({"memory":1073741824})", Gpu{.count = 1, .memory_bytes = kGiga, .device = {}}},
      {R"({"count":16,"device":"cuda"})",
       Gpu{.count = 16, .memory_bytes = {}, .device = GpuDevice::kCuda}},
  };
  for (const auto& [value, gpu] : cases) {
    const auto hints = parse("gpu", value);
    ASSERT_TRUE(hints.ok()) << hints.error().message;
    EXPECT_EQ(hints->gpu, gpu) << value;
  }
}

TEST(ParseGpu, EveryOtherFormIsRefusedWithASentence) {
  const std::string size =
      "; allowed are a size such as \"2 GB\" or \"512m\", or a whole number of bytes, above 0";
  const std::string word =
      " is no memory size above 0 such as \"4 GB\", and not one of \"any\", \"cuda\", \"host\"";
  const struct {
    const char* value;
    std::string why;
  } cases[] = {
      {"-1", ": -1 is no whole number of GPUs from 0 (none) to 16"},
      {"17", ": 17 is no whole number of GPUs from 0 (none) to 16"},
      {"1.5", ": 1.5 is no whole number of GPUs from 0 (none) to 16"},
      {"1E400", ": 1E400 is no whole number of GPUs from 0 (none) to 16"},
      {"many", ": \"many\"" + word},
      {"0 GB", ": \"0 GB\"" + word},
      {"\"\"", ": \"\"" + word},
      {"[1]",
       ": found an array of 1; allowed are a number of GPUs, true, false, a memory size such as "
       "\"4 GB\", or an object"},
      {R"({"count":0})", ".count: 0 is no whole number from 1 to 16"},
      {R"({"count":"1"})", ".count: \"1\" is no whole number from 1 to 16"},
      {R"({"memory":0})", ".memory: 0 is no size" + size},
      {R"({"memory":1.5})", ".memory: 1.5 is no size" + size},
      {R"({"memory":[]})", ".memory: an array of 0 is no size" + size},
      {R"({"memory":"4 XB"})",
       ".memory: \"4 XB\" is no size such as \"512 MB\", \"2g\" or 1024" + size},
      {R"({"device":"tpu"})", ".device: \"tpu\" is not one of \"any\", \"cuda\", \"host\""},
      {R"({"memroy":1})",
       ": unknown key \"memroy\" (did you mean \"memory\"?); known are \"memory\", \"count\", "
       "\"device\""},
  };
  for (const auto& [value, why] : cases) EXPECT_EQ(refusal("gpu", value), "annotation 'gpu'" + why);
}

TEST(ParseDelivery, IsOneOfThreeWords) {
  EXPECT_EQ(parse("delivery", "at-most-once")->delivery, Delivery::kAtMostOnce);
  EXPECT_EQ(parse("delivery", "\"at-least-once\"")->delivery, Delivery::kAtLeastOnce);
  for (const char* value : {"1", "true", "{}", "[]", "twice", "At-Most-Once", "\"\""}) {
    EXPECT_NE(refusal("delivery", value)
                  .find(" is not one of \"at-most-once\", \"at-least-once\", \"exactly-once\""),
              std::string::npos)
        << value;
  }
}

TEST(ParseLocality, ReadsKeyAndWaitAreUnderstood) {
  const auto hints = parse("locality", R"({"reads":"photos","key":"user-{id}","waitMs":60000})");
  ASSERT_TRUE(hints.ok()) << hints.error().message;
  EXPECT_EQ(hints->locality->reads, std::vector<std::string>{"photos"});
  EXPECT_EQ(hints->locality->key, "user-{id}");
  EXPECT_EQ(hints->locality->wait, std::chrono::minutes(1));
  EXPECT_EQ(parse("locality", R"({"key":"k"})")->locality->wait.count(), 0);
}

TEST(ParseLocality, WhatMakesNoSenseIsRefused) {
  const std::string brace = " has a brace that is not part of a {parameter}";
  const struct {
    const char* value;
    std::string why;
  } cases[] = {
      {"photos", ": found \"photos\" instead of an object"},
      {"{}", ": one of the keys \"reads\" and \"key\" is needed"},
      {R"({"waitMs":5})", ": one of the keys \"reads\" and \"key\" is needed"},
      {R"({"reads":[]})",
       ".reads: found an array of 0; allowed are a string or an array of 1 to 64 strings"},
      {R"({"reads":["a",7]})", ".reads[1]: found 7 instead of a string"},
      {R"({"reads":["a/../b"]})",
       ".reads[0]: \"a/../b\" holds \"..\"; allowed is VOLUME or VOLUME/PATTERN, such as "
       "\"photos/{album}/**\""},
      {R"({"reads":"/a"})",
       ".reads: \"/a\" begins with '/'; it is relative to the volume; allowed is VOLUME or "
       "VOLUME/PATTERN, such as \"photos/{album}/**\""},
      {R"({"reads":"a/{b"})", ".reads: \"a/{b\"" + brace},
      {R"({"reads":"a/}b"})", ".reads: \"a/}b\"" + brace},
      {R"({"reads":"a/{}"})", ".reads: \"a/{}\"" + brace},
      {R"({"reads":"a/{{b}}"})", ".reads: \"a/{{b}}\"" + brace},
      {R"({"key":""})", ".key: \"\" is no text of 1 to 256 bytes"},
      {R"({"key":5})", ".key: 5 is no text of 1 to 256 bytes"},
      {R"({"key":"{"})", ".key: \"{\"" + brace},
      {R"({"key":"k","waitMs":-1})", ".waitMs: -1 is no whole number from 0 to 60000"},
      {R"({"key":"k","waitMs":60001})", ".waitMs: 60001 is no whole number from 0 to 60000"},
      {R"({"key":"k","wait":1})",
       ": unknown key \"wait\" (did you mean \"waitMs\"?); known are \"reads\", \"key\", "
       "\"waitMs\""},
  };
  for (const auto& [value, why] : cases) {
    EXPECT_EQ(refusal("locality", value), "annotation 'locality'" + why);
  }
}

TEST(Parse, WhatAUserWroteStaysOnOneShortLine) {
  const std::string message = refusal("delivery", "\"" + std::string(100'000, 'x') + "\\n\"");
  EXPECT_LT(message.size(), 250U);
  EXPECT_EQ(refusal("delivery", R"("a\nb")").find('\n'), std::string::npos);
}

}  // namespace
