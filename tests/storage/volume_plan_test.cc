#include "storage/volume_plan.h"

#include <gtest/gtest.h>

namespace storage {
namespace {

constexpr auto kD = hints::Tier::kDurable;
constexpr auto kE = hints::Tier::kEphemeral;

struct Case {
  const char* what;
  hints::Tier tier;
  std::vector<hints::PathRule> rules;
  std::vector<PlannedPart> parts;
};

TEST(VolumePlan, RulesBecomePartsWithParentsFirst) {
  const std::vector<Case> cases = {
      {"no rules", kD, {}, {{"", kD}}},
      {"one directory", kE, {{"out/**", kD}}, {{"", kE}, {"out", kD}}},
      {"same tier as the volume", kD, {{"out/**", kD}}, {{"", kD}}},
      {"deep", kE, {{"a/b/c/**", kD}}, {{"", kE}, {"a/b/c", kD}}},
      {"inner first", kD, {{"a/b/**", kD}, {"a/**", kE}}, {{"", kD}, {"a", kE}, {"a/b", kD}}},
      {"outer first shadows inner", kD, {{"a/**", kE}, {"a/b/**", kD}}, {{"", kD}, {"a", kE}}},
      {"a name that begins alike",
       kD,
       {{"ab/**", kE}, {"a/**", kE}},
       {{"", kD}, {"a", kE}, {"ab", kE}}},
      {"text between parent and child",
       kD,
       {{"a/x/**", kD}, {"a-b/**", kE}, {"a/**", kE}},
       {{"", kD}, {"a", kE}, {"a-b", kE}, {"a/x", kD}}},
      {"inner of the same tier is no part",
       kD,
       {{"a/b/**", kE}, {"a/**", kE}},
       {{"", kD}, {"a", kE}}},
      {"a pattern that decides nothing", kD, {{"**", kD}, {"*.part", kE}}, {{"", kD}}},
  };
  for (const auto& [what, tier, rules, parts] : cases) {
    hints::Volume volume;
    volume.tier = tier;
    volume.rules = rules;
    const auto planned = plan_parts(volume);
    ASSERT_TRUE(planned.ok()) << what << ": " << planned.error().message;
    EXPECT_EQ(*planned, parts) << what;
  }
}

TEST(VolumePlan, APatternThatIsNoDirectoryIsRefusedByName) {
  for (const char* match : {"*.part", "a/*/**", "out", "out/*", "a?/**"}) {
    hints::Volume volume;
    volume.name = "job";
    volume.tier = kD;
    volume.rules = {{match, kE}};
    const auto planned = plan_parts(volume);
    ASSERT_FALSE(planned.ok()) << match;
    EXPECT_EQ(planned.error().code, base::ErrorCode::kUnsupported);
    EXPECT_NE(planned.error().message.find(match), std::string::npos);
    EXPECT_NE(planned.error().message.find("'job'"), std::string::npos);
  }
}

}  // namespace
}  // namespace storage
