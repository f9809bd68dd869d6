// What a node of plain directories refuses, and that it refuses it with a sentence.
#include "hints/capabilities.h"

#include <gtest/gtest.h>

#include <string>

#include "annotations.h"

namespace {

using base::ErrorCode;
using hints::Capabilities;
using hints_test::volume_text;

const Capabilities kPlain = hints::plain_directories();

std::string refusal(std::string_view key, std::string_view value, const Capabilities& able = kPlain,
                    std::string_view own = "guest") {
  const auto hints = hints_test::parse(key, value);
  EXPECT_TRUE(hints.ok()) << (hints.ok() ? "" : hints.error().message);
  if (!hints.ok()) return "";
  const auto status = hints::check(*hints, able, own);
  if (status.ok()) return "can do";
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupported);
  return status.error().message;
}

TEST(Capabilities, PlainDirectoriesDoWhatDirectoriesDo) {
  for (
      const char* members :
      {"", R"("tier":"durable")", R"("tier":"ephemeral")",
       R"("tier":"ephemeral","lifetime":"volume")", R"("isolation":"none")", R"("quota":"2 GB")",
       R"("readOnly":true)", R"("visible":"writing")", R"("seal":"close")", R"("fsync":"publish")",
       R"("openAtEnd":"include")", R"("retry":0)", R"("copies":1)", R"("spill":false)",
       R"("rules":[{"match":"tmp/**","tier":"ephemeral"}])",
       R"("rules":[{"match":"*.part","tier":"durable"}])",
       R"("rules":[{"match":"tmp/**","tier":"ephemeral"},{"match":"tmp/*.x","tier":"durable"}])"}) {
    EXPECT_EQ(refusal("volumes", volume_text(members)), "can do") << members;
  }
  EXPECT_EQ(refusal("delivery", "at-most-once"), "can do");
  EXPECT_EQ(refusal("gpu", "false"), "can do");
  EXPECT_TRUE(hints::check(hints::Hints(), Capabilities()).ok());
}

TEST(Capabilities, EverythingElseIsRefusedByName) {
  const struct {
    const char* members;
    const char* why;
  } cases[] = {
      {R"("tier":"ephemeral","lifetime":"session")",
       ".lifetime: this node cannot do \"session\"; it can do \"activation\", \"volume\""},
      {R"("tier":"ephemeral","lifetime":"ttl=1h")",
       ".lifetime: this node cannot do \"ttl=...\"; it can do \"activation\", \"volume\""},
      {R"("isolation":"snapshot")",
       ".isolation: this node cannot do \"snapshot\"; it can do \"none\""},
      {R"("retry":1)", ".retry: this node cannot do 1; it can do at most 0"},
      {R"("tier":"ephemeral","copies":2)", ".copies: this node cannot do 2; it can do at most 1"},
      {R"("rules":[{"match":"*.part","tier":"ephemeral"}])",
       ".rules: this node decides tiers by directory only: write DIR/** instead of \"*.part\""},
      {R"("rules":[{"match":"**","tier":"ephemeral"}])",
       ".rules: this node decides tiers by directory only: write DIR/** instead of \"**\""},
      {R"("rules":[{"match":"*.x","tier":"durable"},{"match":"tmp/**","tier":"ephemeral"}])",
       ".rules: this node decides tiers by directory only: write DIR/** instead of \"*.x\""},
      {R"("visible":"sealed")", ".visible: this node cannot do \"sealed\"; it can do \"writing\""},
      {R"("seal":"activation")", ".seal: this node cannot do \"activation\"; it can do \"close\""},
      {R"("fsync":"staging")", ".fsync: this node cannot do \"staging\"; it can do \"publish\""},
      {R"("openAtEnd":"abort")",
       ".openAtEnd: this node cannot do \"abort\"; it can do \"include\""},
      {R"("tier":"ephemeral","spill":true)", ".spill: this node cannot do that"},
  };
  for (const auto& [members, why] : cases) {
    EXPECT_EQ(refusal("volumes", "[" + volume_text(members) + "]"),
              "annotation 'volumes'[0]" + std::string(why));
  }
  EXPECT_EQ(refusal("locality", R"({"key":"k"})"),
            "annotation 'locality': this node does not place functions by their data");
  EXPECT_EQ(refusal("gpu", "1"),
            "annotation 'gpu': this node has no GPUs; leave the annotation out or say false");
  EXPECT_EQ(refusal("delivery", "exactly-once"),
            "annotation 'delivery': this node cannot do \"exactly-once\"; it can do "
            "\"at-most-once\"");
}

TEST(Capabilities, ANodeWithoutVolumesSaysSo) {
  EXPECT_EQ(refusal("volumes", volume_text(""), Capabilities()),
            "annotation 'volumes': this node has no volumes");
}

TEST(Capabilities, OnlyOnesOwnVolumesAreAttached) {
  const char* const team = R"({"name":"team/photos","path":"/mnt/v"})";
  EXPECT_EQ(refusal("volumes", team),
            "annotation 'volumes'[0].name: this node attaches only volumes of the invoking "
            "namespace, not of \"team\"");
  EXPECT_EQ(refusal("volumes", team, kPlain, "team"), "can do");
  EXPECT_NE(refusal("volumes", team, kPlain, ""), "can do");
  Capabilities sharing = kPlain;
  sharing.foreign_volumes = true;
  EXPECT_EQ(refusal("volumes", team, sharing), "can do");
}

TEST(Capabilities, OneVolumeUnderTwoSpellingsIsRefused) {
  const auto hints = hints_test::parse(
      "volumes", R"([{"name":"a","path":"/mnt/a"},{"name":"guest/a","path":"/mnt/b"}])");
  ASSERT_TRUE(hints.ok());
  const auto status = hints::check(*hints, kPlain, "guest");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().message, "annotation 'volumes': the volume \"a\" is named twice");
}

TEST(Capabilities, ANodeThatCanDoMoreRefusesLess) {
  Capabilities able = kPlain;
  able.rules = hints::RuleForm::kAnyPattern;
  able.isolations.push_back(hints::Isolation::kSnapshot);
  able.retry_max = 3;
  able.locality = true;
  able.gpu_devices = {hints::GpuDevice::kAny, hints::GpuDevice::kHost};
  able.gpus_max = 2;
  EXPECT_EQ(refusal("volumes", volume_text(R"("isolation":"snapshot","retry":3,
                                   "rules":[{"match":"*.part","tier":"ephemeral"}])"),
                    able),
            "can do");
  EXPECT_EQ(refusal("volumes", volume_text(R"("retry":4)"), able),
            "annotation 'volumes'[0].retry: this node cannot do 4; it can do at most 3");
  EXPECT_EQ(refusal("locality", R"({"key":"k"})", able), "can do");
  EXPECT_EQ(refusal("gpu", "2", able), "can do");
  EXPECT_EQ(refusal("gpu", "3", able),
            "annotation 'gpu'.count: this node cannot do 3; it can do at most 2");
  EXPECT_EQ(refusal("gpu", "cuda", able),
            "annotation 'gpu'.device: this node cannot do \"cuda\"; it can do \"any\", \"host\"");
}

TEST(Capabilities, ATierThatIsNotThereIsRefusedInRulesToo) {
  Capabilities able = kPlain;
  able.tiers = {hints::Tier::kDurable};
  EXPECT_EQ(refusal("volumes", volume_text(R"("tier":"ephemeral","lifetime":"volume")"), able),
            "annotation 'volumes'[0].tier: this node cannot do \"ephemeral\"; it can do "
            "\"durable\"");
  EXPECT_EQ(
      refusal("volumes", volume_text(R"("rules":[{"match":"tmp/**","tier":"ephemeral"}])"), able),
      "annotation 'volumes'[0].rules: this node cannot do \"ephemeral\"; it can do "
      "\"durable\"");
  able.rules = hints::RuleForm::kNone;
  EXPECT_EQ(
      refusal("volumes", volume_text(R"("rules":[{"match":"tmp/**","tier":"ephemeral"}])"), able),
      "annotation 'volumes'[0].rules: this node keeps a volume in one tier; leave the rule "
      "\"tmp/**\" out");
  able.quota = false;
  EXPECT_EQ(refusal("volumes", volume_text(R"("quota":1)"), able),
            "annotation 'volumes'[0].quota: this node has no quotas");
}

}  // namespace
