// Patterns, the tier of a path, and which rules decide nothing.
#include "hints/rules.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>

#include "base/result.h"

namespace {

using hints::PathRule;
using hints::Tier;
using hints::Volume;

Volume volume(Tier tier, std::vector<PathRule> rules) {
  Volume result;
  result.tier = tier;
  result.rules = std::move(rules);
  return result;
}

TEST(Rules, SayWhichDirectoriesMayHoldWhatIsOfATier) {
  const struct {
    const char* pattern;
    const char* directory;
    bool holds;
  } cases[] = {
      {"out/**", "", true},       {"out/**", "out", true},    {"out/**", "out/a", true},
      {"out/**", "outer", false}, {"out/**", "a/out", false}, {"a/b/**", "a", true},
      {"a/b/**", "a/b/c", true},  {"a/b/**", "a/c", false},   {"*.txt", "any/where", true},
      {"a/*/c", "a/b", true},     {"a/*/c", "a/b/c", false},  {"**/x/y", "a/b/c", true},
      {"**", "a", true},          {"a/b", "a/b", false},      {"a?/b", "ab", true},
  };
  for (const auto& one : cases) {
    const Volume scratch = volume(Tier::kEphemeral, {{one.pattern, Tier::kDurable}});
    EXPECT_EQ(hints::may_hold(scratch, one.directory, Tier::kDurable), one.holds)
        << one.pattern << " " << one.directory;
    EXPECT_FALSE(hints::may_hold(scratch, one.directory, Tier::kEphemeral));
  }
  // What the first rule takes whole is not the second one's.
  const Volume two = volume(Tier::kEphemeral, {{"a/**", Tier::kEphemeral}, {"**", Tier::kDurable}});
  EXPECT_FALSE(hints::may_hold(two, "a/b", Tier::kDurable));
  EXPECT_TRUE(hints::may_hold(two, "b", Tier::kDurable));
}

TEST(Pattern, NamesThePathsItShould) {
  const struct {
    const char* pattern;
    const char* path;
    bool matches;
  } cases[] = {
      // Without '/', the name in every directory.
      {"a", "a", true},
      {"a", "x/y/a", true},
      {"a", "a/b", false},
      {"a", "A", false},
      {"*.part", "x.part", true},
      {"*.part", "d/e/x.part", true},
      {"*.part", ".part", true},
      {"*.part", "x.part/y", false},
      {"*", "anything", true},
      {"*", "d/anything", true},
      {"x*y*z", "xyz", true},
      {"x*y*z", "x1y2y3z", true},
      {"x*y*z", "x1y2y3", false},
      {"*a*a*b", "aaab", true},
      {"?", "é", true},
      {"?", "ab", false},
      {"??", "é", false},
      {"*??", "€", false},
      {"?€", "x€", true},
      {"a?", "a", false},
      {"*", "", false},
      // With '/', from the top.
      {"a/b", "a/b", true},
      {"a/b", "x/a/b", false},
      {"a/*", "a/b", true},
      {"a/*", "a/b/c", false},
      {"*/b", "a/b", true},
      {"*/b", "b", false},
      {"a*/b", "ab/b", true},
      {"a/b", "a", false},
      {"a", "b/c", false},
      // ** as a name.
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"a/**", "a/b", true},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"a/**", "ab/c", false},
      {"**/b", "b", true},
      {"**/b", "a/b", true},
      {"**/b", "x/y/b", true},
      {"**/b", "x/b/y", false},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/x/y/c", false},
      {"a/**/b/**/c", "a/b/x/b/y/c", true},
      {"a/**/b/*/c", "a/b/x/b/y/c", true},
      {"**/a/**", "x/a/y", true},
      {"**/a/**", "x/a", false},
      {"**/**", "a", true},
      {"**/*.c", "d/x.c", true},
  };
  for (const auto& [pattern, path, expected] : cases) {
    ASSERT_TRUE(hints::check_pattern(pattern).ok()) << pattern;
    EXPECT_EQ(hints::matches(pattern, path), expected) << pattern << " : " << path;
  }
}

TEST(Pattern, MalformedOnesAreRefused) {
  const struct {
    std::string pattern;
    const char* why;
  } cases[] = {
      {"", "is empty"},
      {"/a", "begins with '/'"},
      {"a/", "ends with '/'"},
      {"/", "begins with '/'"},
      {"a//b", "has an empty name"},
      {"..", "holds \"..\""},
      {"a/../b", "holds \"..\""},
      {"a/./b", "holds \".\""},
      {"a**", "holds \"**\" beside other characters"},
      {"a/**b", "holds \"**\" beside other characters"},
      {"***", "holds \"**\" beside other characters"},
      {"!a", "begins with '!'"},
      {"[ab]", "holds '['"},
      {"a{b,c}", "holds '{'"},
      {"a\\*", "holds '\\'"},
      {"a\nb", "holds a control character"},
      {std::string("a\0b", 3), "holds a control character"},
      {std::string(4097, 'a'), "is longer than 4096 bytes"},
  };
  for (const auto& [pattern, why] : cases) {
    const auto status = hints::check_pattern(pattern);
    ASSERT_FALSE(status.ok()) << pattern;
    EXPECT_NE(status.error().message.find(why), std::string::npos) << status.error().message;
  }
}

TEST(Pattern, ManyStarsTakeNoTimeToSpeakOf) {
  std::string stars;
  for (int i = 0; i < 1000; ++i) stars += "a*";
  std::string directories;
  for (int i = 0; i < 500; ++i) directories += "**/a/";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(hints::matches(stars + "b", std::string(4000, 'a')));
  std::string path;
  for (int i = 0; i < 2000; ++i) path += "a/";
  EXPECT_FALSE(hints::matches(directories + "b", path + "c"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Rules, TheFirstThatMatchesWins) {
  const Volume v = volume(
      Tier::kEphemeral,
      {{"out/tmp/**", Tier::kEphemeral}, {"out/**", Tier::kDurable}, {"*.log", Tier::kDurable}});
  EXPECT_EQ(hints::tier_of(v, "x"), Tier::kEphemeral);
  EXPECT_EQ(hints::tier_of(v, "out/x"), Tier::kDurable);
  EXPECT_EQ(hints::tier_of(v, "out/tmp/x.log"), Tier::kEphemeral);
  EXPECT_EQ(hints::tier_of(v, "deep/x.log"), Tier::kDurable);
}

TEST(Rules, ADirectoryRuleIsAPlainPrefix) {
  const auto directory = [](const char* match) {
    const PathRule rule{match, Tier::kDurable};
    return std::string(hints::directory_of(rule).value_or("none"));
  };
  EXPECT_EQ(directory("out/**"), "out");
  EXPECT_EQ(directory("a/b/**"), "a/b");
  for (const char* match : {"**", "a", "a/*", "*/**", "a?/**", "**/a/**", "**/**"}) {
    EXPECT_EQ(directory(match), "none") << match;
  }
}

TEST(Rules, ThoseThatDecideNothingAreLeftOut) {
  const auto effective = [](Tier tier, std::vector<PathRule> rules) {
    std::string matches;
    for (const PathRule& rule : hints::effective_rules(volume(tier, std::move(rules)))) {
      matches += rule.match + " ";
    }
    return matches;
  };
  constexpr Tier kE = Tier::kEphemeral;
  constexpr Tier kD = Tier::kDurable;
  EXPECT_EQ(effective(kE, {}), "");
  EXPECT_EQ(effective(kE, {{"*.part", kE}}), "");
  EXPECT_EQ(effective(kE, {{"*.part", kD}}), "*.part ");
  EXPECT_EQ(effective(kE, {{"*.part", kE}, {"out/**", kD}}), "*.part out/** ");
  EXPECT_EQ(effective(kE, {{"out/**", kD}, {"*.part", kE}}), "out/** ");
  EXPECT_EQ(effective(kE, {{"out/**", kD}, {"out/a/**", kE}, {"out/*.x", kE}}), "out/** ");
  EXPECT_EQ(effective(kE, {{"out/a/**", kE}, {"out/**", kD}}), "out/a/** out/** ");
  EXPECT_EQ(effective(kE, {{"**", kD}, {"a", kE}}), "** ");
  EXPECT_EQ(effective(kE, {{"a", kD}, {"a", kE}, {"b", kE}}), "a ");
  EXPECT_EQ(effective(kE, {{"out/**", kD}, {"out", kD}, {"outer/**", kD}}), "out/** out outer/** ");
}

// What is left decides as the whole did, for any rules and any path.
TEST(Rules, LeavingOutChangesNoPath) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t count) { return random() % count; };
  const char* const patterns[] = {"**",  "a/**", "a/b/**", "b/**", "a",      "b",  "*",     "a/*",
                                  "a/b", "**/b", "a/**/b", "?/**", "*/b/**", "a?", "ab/**", "b/a"};
  const char* const names[] = {"a", "b", "ab"};
  for (int round = 0; round < 20'000; ++round) {
    Volume whole = volume(pick(2) != 0 ? Tier::kDurable : Tier::kEphemeral, {});
    for (std::size_t i = pick(6); i > 0; --i) {
      whole.rules.push_back(
          {patterns[pick(std::size(patterns))], pick(2) != 0 ? Tier::kDurable : Tier::kEphemeral});
    }
    Volume reduced = whole;
    reduced.rules = hints::effective_rules(whole);
    std::string path = names[pick(3)];
    for (std::size_t i = pick(4); i > 0; --i) path += "/" + std::string(names[pick(3)]);
    ASSERT_EQ(hints::tier_of(reduced, path), hints::tier_of(whole, path)) << path;
  }
}

}  // namespace
