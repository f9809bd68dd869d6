// The runtimes manifest.
#include "invoker/runtimes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::Json;
using invoker::ImageName;
using invoker::Runtimes;
using ::testing::HasSubstr;

TEST(Runtimes, AFamilyOfSeveralKindsNeedsExactlyOneDefault) {
  for (
      const std::string manifest :
      {R"({"runtimes":{"n":[{"kind":"n:1","image":{"name":"i"}},{"kind":"n:2","image":{"name":"i"}}]}})",
       R"({"runtimes":{"n":[{"kind":"n:1","default":true,"image":{"name":"i"}},
                             {"kind":"n:2","default":true,"image":{"name":"i"}}]}})",
       R"({"runtimes":{"n":[{"kind":"n:1"}]}})", R"({"runtimes":{"n":[]}})", R"({"runtimes":[]})",
       R"({})", R"({"runtimes":{"n":[{"image":{"name":"i"}}]}})",
       R"({"runtimes":{"n":[{"kind":"n:1","default":true,"image":{"name":"i"}},
                             {"kind":"n:1","image":{"name":"i"}}]}})"}) {
    EXPECT_FALSE(Runtimes::parse(Json::parse(manifest).value()).ok()) << manifest;
  }
}

TEST(Runtimes, ImagesAreWrittenWithoutEmptyParts) {
  const auto runtimes =
      Runtimes::parse(
          Json::parse(
              R"({"runtimes":{"n":[{"kind":"N:1","image":{"registry":"r:5000","prefix":"p","name":"i","tag":""}}]}})")
              .value())
          .value();
  EXPECT_EQ(runtimes.resolve(" n:DEFAULT ")->image, "r:5000/p/i");
  EXPECT_EQ(runtimes.resolve("n"), nullptr);
}

Runtimes read(const std::string& text) {
  return Runtimes::parse(Json::parse(text).value()).value();
}

// A manifest of one runtime with these `fields`.
base::Result<Runtimes> one(const std::string& fields) {
  return Runtimes::parse(
      Json::parse(R"({"runtimes":{"n":[{"kind":"n:1","image":{"name":"i"},)" + fields + "}]}}")
          .value());
}

TEST(Runtimes, SwitchesHaveTheirDefaults) {
  const auto plain = read(R"({"runtimes":{"n":[{"kind":"n:1","image":{"name":"i"}}]}})").all()[0];
  EXPECT_TRUE(plain.sentinelled_logs && plain.is_default);
  EXPECT_FALSE(plain.require_main || plain.deprecated || plain.attached);
  const auto set = one(R"("sentinelledLogs":false,"requireMain":true,"deprecated":true,
      "attached":{"attachmentName":"a","attachmentType":"b"},"description":"ignored")")
                       .value()
                       .all()[0];
  EXPECT_FALSE(set.sentinelled_logs);
  EXPECT_TRUE(set.require_main && set.deprecated && set.attached);
}

TEST(Runtimes, Trap57MemoryOfStemCellsIsBinary) {
  const auto cells =
      one(R"("stemCells":[{"initialCount":2,"memory":"256 MB","reactive":{"minCount":0,
      "maxCount":4,"ttl":"2 minutes","threshold":1,"increment":4}},{"count":1,"memory":"128m"}])")
          .value()
          .all()[0]
          .stem_cells;
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].memory_bytes, 256 << 20);
  EXPECT_EQ(cells[0].initial_count, 2);
  EXPECT_EQ(cells[0].reactive->ttl, std::chrono::minutes(2));
  EXPECT_EQ(cells[1].initial_count, 1);
  EXPECT_FALSE(cells[1].reactive.has_value());
}

TEST(Runtimes, StemCellsThatMakeNoSenseAreRefusedWithTheirKind) {
  const std::string base = R"("initialCount":1,"memory":"256 MB")";
  const auto reactive = [&](const std::string& values) {
    return "{" + base + ",\"reactive\":{" + values + "}}";
  };
  for (const std::string& cells :
       {std::string("{}"), std::string(R"({"initialCount":0,"memory":"1 MB"})"),
        std::string(R"({"initialCount":1})"), std::string(R"({"initialCount":1,"memory":"much"})"),
        std::string(R"({"initialCount":1.5,"memory":"1 MB"})"), std::string("7"),
        reactive(R"("minCount":5,"maxCount":4,"ttl":"1 m","threshold":1,"increment":1)"),
        reactive(R"("minCount":0,"maxCount":0,"ttl":"1 m","threshold":1,"increment":1)"),
        reactive(R"("minCount":0,"maxCount":4,"ttl":"soon","threshold":1,"increment":1)"),
        reactive(R"("minCount":0,"maxCount":4,"ttl":"1 m","threshold":0,"increment":1)"),
        reactive(R"("minCount":0,"maxCount":4,"ttl":"1 m","threshold":1,"increment":5)")}) {
    const auto parsed = one("\"stemCells\":[" + cells + "]");
    ASSERT_FALSE(parsed.ok()) << cells;
    EXPECT_THAT(parsed.error().message, HasSubstr("'n:1'"));
  }
  EXPECT_FALSE(one(R"("stemCells":{})").ok());
}

TEST(Runtimes, BlackboxImagesAreNamed) {
  const auto runtimes = read(
      R"({"runtimes":{},"blackboxes":[{"prefix":"openwhisk","name":"dockerskeleton","tag":"nightly"}]})");
  ASSERT_EQ(runtimes.blackboxes().size(), 1u);
  EXPECT_EQ(runtimes.blackboxes()[0].text(), "openwhisk/dockerskeleton:nightly");
  for (const char* bad :
       {R"({"runtimes":{},"blackboxes":{}})", R"({"runtimes":{},"blackboxes":[{}]})",
        R"({"runtimes":{},"blackboxes":[1]})"}) {
    EXPECT_FALSE(Runtimes::parse(Json::parse(bad).value()).ok()) << bad;
  }
}

TEST(ImageName, AMissingRegistryIsTheConfiguredOne) {
  EXPECT_EQ((ImageName{"", "p", "n", "t"}.text("r:5000/")), "r:5000/p/n:t");
  EXPECT_EQ((ImageName{"own", "p", "n", ""}.text("r:5000")), "own/p/n");
}

TEST(ImageName, Trap47AMissingTagIsLatest) {
  EXPECT_EQ((ImageName{"", "p", "n", ""}), (ImageName{"", "p", "n", "latest"}));
  EXPECT_FALSE((ImageName{"", "p", "n", "1"}) == (ImageName{"", "p", "n", ""}));
  EXPECT_FALSE((ImageName{"r", "p", "n", ""}) == (ImageName{"", "p", "n", ""}));
}

}  // namespace
