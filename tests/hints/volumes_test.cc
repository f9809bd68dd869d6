// The annotation `volumes`: every key, every default, every refusal.
#include <gtest/gtest.h>

#include <string>

#include "annotations.h"

namespace {

using hints::Lifetime;
using hints::Tier;
using hints::Volume;
using hints_test::parse;
using hints_test::refusal;
using hints_test::volume_text;

Volume volume(std::string_view members) {
  const auto hints = parse("volumes", volume_text(members));
  EXPECT_TRUE(hints.ok()) << (hints.ok() ? "" : hints.error().message);
  return hints.ok() && hints->volumes.size() == 1 ? hints->volumes[0] : Volume();
}

std::string named(const std::string& name) {
  return refusal("volumes", base::Json::object({{"name", name}, {"path", "/mnt/v"}}).to_string());
}

std::string placed(const std::string& path) {
  return refusal("volumes", base::Json::object({{"name", "v"}, {"path", path}}).to_string());
}

// `count` volumes, apart from each other.
std::string many(std::size_t count) {
  base::Json list = base::Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "v" + std::to_string(i);
    list.append(base::Json::object({{"name", name}, {"path", "/mnt/" + name}}));
  }
  return list.to_string();
}

std::string rules(std::size_t count) {
  base::Json list = base::Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    list.append(base::Json::object({{"match", "d" + std::to_string(i)}, {"tier", "ephemeral"}}));
  }
  return "\"rules\":" + list.to_string();
}

TEST(ParseVolumes, NameAndPathAreEnough) {
  Volume expected;
  expected.name = "v";
  expected.path = "/mnt/v";
  EXPECT_EQ(volume(""), expected);
  EXPECT_EQ(expected.tier, Tier::kDurable);
  EXPECT_EQ(expected.lifetime.kind, Lifetime::Kind::kVolume);
}

TEST(ParseVolumes, EphemeralFilesLiveForTheActivationUnlessSaidOtherwise) {
  EXPECT_EQ(volume(R"("tier":"ephemeral")").lifetime.kind, Lifetime::Kind::kActivation);
  EXPECT_EQ(volume(R"("lifetime":"volume","tier":"ephemeral")").lifetime.kind,
            Lifetime::Kind::kVolume);
}

TEST(ParseVolumes, EveryKeyIsRead) {
  const Volume all = volume(
      R"("tier":"ephemeral","lifetime":"ttl=10m","isolation":"serializable","retry":10,
         "quota":"512m","copies":3,"readOnly":true,"visible":"sealed","seal":"close",
         "fsync":"staging","openAtEnd":"abort","spill":true,
         "rules":[{"match":"out/**","tier":"durable"}])");
  EXPECT_EQ(all.tier, Tier::kEphemeral);
  EXPECT_EQ(all.lifetime, (Lifetime{Lifetime::Kind::kTtl, std::chrono::minutes(10)}));
  EXPECT_EQ(all.isolation, hints::Isolation::kSerializable);
  EXPECT_EQ(all.retry, 10);
  EXPECT_EQ(all.quota_bytes, 512LL << 20);
  EXPECT_EQ(all.copies, 3);
  EXPECT_TRUE(all.read_only);
  EXPECT_EQ(all.visible, hints::Visibility::kSealed);
  EXPECT_EQ(all.seal, hints::Seal::kClose);
  EXPECT_EQ(all.fsync, hints::FsyncMeans::kStaging);
  EXPECT_EQ(all.open_at_end, hints::OpenAtEnd::kAbort);
  EXPECT_TRUE(all.spill);
  ASSERT_EQ(all.rules.size(), 1U);
  EXPECT_EQ(all.rules[0], (hints::PathRule{"out/**", Tier::kDurable}));
}

TEST(ParseVolumes, EveryWordOfEveryKeyIsUnderstood) {
  for (const char* members :
       {R"("isolation":"none")", R"("isolation":"read-atomic")", R"("isolation":"snapshot")",
        R"("tier":"ephemeral","lifetime":"activation")",
        R"("tier":"ephemeral","lifetime":"session")", R"("lifetime":"volume")",
        R"("visible":"writing")", R"("seal":"activation")", R"("fsync":"publish")",
        R"("openAtEnd":"include")", R"("quota":1)", R"("retry":0)", R"("copies":1)",
        R"("readOnly":false)", R"("spill":false)", R"("rules":[])",
        R"("tier":"ephemeral","lifetime":"ttl=1 day")"}) {
    EXPECT_EQ(refusal("volumes", volume_text(members)), "accepted") << members;
  }
}

TEST(ParseVolumes, ARefusalNamesIndexKeyFindingAndChoices) {
  const struct {
    const char* members;
    std::string why;
  } cases[] = {
      {R"("tier":"fast")", ".tier: \"fast\" is not one of \"ephemeral\", \"durable\""},
      {R"("tier":null)", ".tier: null is not one of \"ephemeral\", \"durable\""},
      {R"("isolation":1)",
       ".isolation: 1 is not one of \"none\", \"read-atomic\", \"snapshot\", \"serializable\""},
      {R"("lifetime":"forever")",
       ".lifetime: \"forever\" is not one of \"activation\", \"session\", \"volume\", or a time "
       "such "
       "as \"ttl=10m\""},
      {R"("lifetime":10)",
       ".lifetime: 10 is not one of \"activation\", \"session\", \"volume\", or a time such as "
       "\"ttl=10m\""},
      {R"("lifetime":"ttl=soon")",
       ".lifetime: \"soon\" is no duration such as \"250 ms\", \"10 minutes\" or \"2h\""},
      {R"("lifetime":"ttl=0s")", ".lifetime: \"ttl=0s\" ends before it begins"},
      {R"("retry":11)", ".retry: 11 is no whole number from 0 to 10"},
      {R"("retry":-1)", ".retry: -1 is no whole number from 0 to 10"},
      {R"("retry":"3")", ".retry: \"3\" is no whole number from 0 to 10"},
      {R"("copies":0)", ".copies: 0 is no whole number from 1 to 3"},
      {R"("copies":4)", ".copies: 4 is no whole number from 1 to 3"},
      {R"("quota":0)",
       ".quota: 0 is no size; allowed are a size such as \"2 GB\" or \"512m\", or a whole number "
       "of "
       "bytes, above 0"},
      {R"("quota":-5)",
       ".quota: -5 is no size; allowed are a size such as \"2 GB\" or \"512m\", or a whole number "
       "of "
       "bytes, above 0"},
      {R"("quota":"99999999999 GB")",
       ".quota: \"99999999999 GB\" is too large; allowed are a size such as \"2 GB\" or \"512m\", "
       "or "
       "a whole number of bytes, above 0"},
      {R"("readOnly":"yes")", ".readOnly: \"yes\" is not one of true, false"},
      {R"("spill":1)", ".spill: 1 is not one of true, false"},
      {R"("visible":"no")", ".visible: \"no\" is not one of \"writing\", \"sealed\""},
      {R"("seal":"open")", ".seal: \"open\" is not one of \"activation\", \"close\""},
      {R"("fsync":"never")", ".fsync: \"never\" is not one of \"staging\", \"publish\""},
      {R"("openAtEnd":true)", ".openAtEnd: true is not one of \"include\", \"abort\""},
      {R"("rules":{})", ".rules: found an object instead of an array"},
      {R"("rules":["a"])", ".rules[0]: found \"a\" instead of an object"},
      {R"("rules":[{"match":"a","tier":"durable"},{"match":"b"}])",
       ".rules[1]: the key \"tier\" is missing"},
      {R"("rules":[{"tier":"durable"}])", ".rules[0]: the key \"match\" is missing"},
      {R"("rules":[{"match":7,"tier":"durable"}])", ".rules[0].match: found 7 instead of a string"},
      {R"("rules":[{"match":"/a","tier":"durable"}])",
       ".rules[0].match: \"/a\" begins with '/'; it is relative to the volume"},
      {R"("rules":[{"match":"a","teir":"durable"}])",
       ".rules[0]: unknown key \"teir\" (did you mean \"tier\"?); known are \"match\", \"tier\""},
  };
  for (const auto& [members, why] : cases) {
    const std::string list = "[{\"name\":\"a\",\"path\":\"/mnt/a\"}," + volume_text(members) + "]";
    EXPECT_EQ(refusal("volumes", list), "annotation 'volumes'[1]" + why);
    EXPECT_EQ(refusal("volumes", volume_text(members)), "annotation 'volumes'" + why);
  }
}

TEST(ParseVolumes, AMissingOrUnknownKeyIsNamed) {
  EXPECT_EQ(refusal("volumes", R"([{"path":"/mnt/v"}])"),
            "annotation 'volumes'[0]: the key \"name\" is missing");
  EXPECT_EQ(refusal("volumes", R"([{"name":"v"}])"),
            "annotation 'volumes'[0]: the key \"path\" is missing");
  EXPECT_EQ(refusal("volumes", "{}"), "annotation 'volumes': the key \"name\" is missing");
  const std::string unknown = refusal("volumes", R"([{"name":"v","paht":"/mnt/v"}])");
  EXPECT_TRUE(
      unknown.starts_with("annotation 'volumes'[0]: unknown key \"paht\" (did you mean "
                          "\"path\"?); known are \"name\", \"path\", \"tier\", "))
      << unknown;
}

TEST(ParseVolumes, OtherShapesAreRefused) {
  for (const char* value : {"1", "true", "photos", "\"\""}) {
    EXPECT_NE(refusal("volumes", value).find(" instead of an array of volumes or one volume"),
              std::string::npos)
        << value;
  }
  EXPECT_EQ(refusal("volumes", "[7]"), "annotation 'volumes'[0]: found 7 instead of an object");
  EXPECT_TRUE(parse("volumes", "[]")->volumes.empty());
}

TEST(ParseVolumes, NumbersOfVolumesAndRulesAreBounded) {
  EXPECT_EQ(parse("volumes", many(16))->volumes.size(), 16U);
  EXPECT_EQ(refusal("volumes", many(17)),
            "annotation 'volumes': found 17 volumes; an action has at most 16");
  EXPECT_EQ(volume(rules(64)).rules.size(), 64U);
  EXPECT_EQ(refusal("volumes", volume_text(rules(65))),
            "annotation 'volumes'.rules: found 65 rules; a volume has at most 64");
}

TEST(ParseVolumes, NamesFollowTheRuleOfEntityNames) {
  const std::string longest(256, 'x');
  for (const std::string& name :
       {std::string("a"), std::string("_"), std::string("my photos@home.v1 & co-2"), longest,
        "team/" + longest, std::string("a b/c d")}) {
    EXPECT_EQ(named(name), "accepted") << name;
  }
  for (const std::string& name :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a/b/c"),
        std::string(" a"), std::string("a "), std::string(".a"), std::string("-a"),
        std::string("&"), std::string("a:b"), std::string("a\\b"), std::string("ä"),
        std::string("a\nb"), std::string("a\0b", 3), std::string(".."), std::string("../a"),
        longest + "x"}) {
    EXPECT_NE(named(name).find(" is no name; allowed are NAME and NAMESPACE/NAME"),
              std::string::npos)
        << name;
  }
  EXPECT_EQ(refusal("volumes", R"({"name":1,"path":"/mnt/v"})"),
            "annotation 'volumes'.name: found 1 instead of a string");
}

TEST(ParseVolumes, AnOwnerIsSplitFromTheName) {
  const auto of = [](const char* name) {
    return parse("volumes", R"({"path":"/mnt/v","name":")" + std::string(name) + "\"}")->volumes[0];
  };
  EXPECT_EQ(of("photos").owner, std::nullopt);
  EXPECT_EQ(of("team/photos").owner, "team");
  EXPECT_EQ(of("team/photos").name, "photos");
  EXPECT_EQ(of("_/photos").owner, std::nullopt);
}

TEST(ParseVolumes, PathsMustBeAbsoluteAndNormal) {
  const std::string longest_name(255, 'x');
  for (const std::string& path : {std::string("/mnt/v"), std::string("/data"), "/" + longest_name,
                                  std::string("/mnt/a b/ü"), std::string("/mnt/...")}) {
    EXPECT_EQ(placed(path), "accepted") << path;
  }
  std::string too_long = "/mnt";
  while (too_long.size() <= 4096) too_long += "/xxxxxxx";
  const struct {
    std::string path;
    std::string why;
  } cases[] = {
      {"", "does not begin with '/'"},
      {"mnt", "does not begin with '/'"},
      {"./mnt", "does not begin with '/'"},
      {"/", "is the root"},
      {"//", "ends with '/'"},
      {"//mnt", "holds \"//\""},
      {"/mnt/", "ends with '/'"},
      {"/mnt//v", "holds \"//\""},
      {"/mnt/./v", "holds \".\""},
      {"/../x", "holds \"..\""},
      {"/mnt/..", "holds \"..\""},
      {std::string("/mnt/\0v", 7), "holds a control character"},
      {"/mnt/a\nb", "holds a control character"},
      {"/" + longest_name + "x", "holds a name of more than 255 bytes"},
      {too_long, "is longer than 4096 bytes"},
  };
  for (const auto& [path, why] : cases) {
    const std::string message = placed(path);
    EXPECT_TRUE(message.starts_with("annotation 'volumes'.path: \"")) << message;
    EXPECT_NE(message.find(" " + why), std::string::npos) << message;
  }
}

TEST(ParseVolumes, PlacesOfTheSystemAreRefused) {
  for (const char* path :
       {"/proc",        "/proc/1",  "/sys/fs/cgroup", "/dev/shm", "/etc",    "/usr",
        "/usr/local/x", "/lib",     "/lib64/x",       "/bin",     "/sbin",   "/run/x",
        "/tmp",         "/tmp/x",   "/root",          "/boot",    "/larder", "/larder/x",
        "/var",         "/var/run", "/var/lib/x",     "/action"}) {
    EXPECT_NE(placed(path).find("which belongs to the system"), std::string::npos) << path;
  }
  for (const char* path : {"/process", "/devices", "/mnt", "/srv/usr", "/home/user", "/opt/x",
                           "/var/data", "/tmpx", "/larder2"}) {
    EXPECT_EQ(placed(path), "accepted") << path;
  }
}

TEST(ParseVolumes, TwoVolumesMustBeApart) {
  const auto both = [](const char* name, const char* path) {
    return refusal("volumes", R"([{"name":"a","path":"/mnt/a"},{"name":")" + std::string(name) +
                                  R"(","path":")" + path + R"("}])");
  };
  EXPECT_EQ(both("b", "/mnt/b"), "accepted");
  EXPECT_EQ(both("b", "/mnt/ab"), "accepted");
  EXPECT_EQ(both("team/a", "/mnt/b"), "accepted");
  EXPECT_EQ(both("A", "/mnt/A"), "accepted");
  EXPECT_EQ(both("a", "/mnt/b"),
            "annotation 'volumes'[1].name: \"a\" is already volume 0; name each volume once");
  const std::string same = " of volume 0 are the same place or one inside the other";
  EXPECT_EQ(both("b", "/mnt/a"), "annotation 'volumes'[1].path: \"/mnt/a\" and \"/mnt/a\"" + same);
  EXPECT_EQ(both("b", "/mnt/a/b"),
            "annotation 'volumes'[1].path: \"/mnt/a/b\" and \"/mnt/a\"" + same);
  EXPECT_EQ(both("b", "/mnt"), "annotation 'volumes'[1].path: \"/mnt\" and \"/mnt/a\"" + same);
}

TEST(ParseVolumes, KeysThatContradictEachOtherAreRefused) {
  const struct {
    const char* members;
    const char* key;
  } cases[] = {
      {R"("lifetime":"activation")", "lifetime"},
      {R"("lifetime":"session","tier":"durable")", "lifetime"},
      {R"("lifetime":"ttl=1h")", "lifetime"},
      {R"("copies":2)", "copies"},
      {R"("spill":true)", "spill"},
      {R"("tier":"ephemeral","isolation":"snapshot")", "isolation"},
      {R"("tier":"ephemeral","retry":1)", "retry"},
      {R"("tier":"ephemeral","fsync":"publish")", "fsync"},
      {R"("isolation":"none","retry":1)", "retry"},
      {R"("fsync":"publish","retry":1)", "retry"},
      {R"("tier":"ephemeral","readOnly":true)", "readOnly"},
  };
  for (const auto& [members, key] : cases) {
    const std::string message = refusal("volumes", volume_text(members));
    EXPECT_TRUE(message.starts_with("annotation 'volumes'." + std::string(key) + ": "))
        << members << ": " << message;
  }
}

TEST(ParseVolumes, ARuleOfTheOtherTierResolvesAContradiction) {
  const std::string ephemeral_rule = R"(,"rules":[{"match":"tmp/**","tier":"ephemeral"}])";
  const std::string durable_rule = R"(,"rules":[{"match":"out/**","tier":"durable"}])";
  for (const std::string& members :
       {R"("lifetime":"activation")" + ephemeral_rule, R"("copies":2)" + ephemeral_rule,
        R"("spill":true)" + ephemeral_rule,
        R"("tier":"ephemeral","isolation":"snapshot")" + durable_rule,
        R"("tier":"ephemeral","retry":1)" + durable_rule,
        R"("tier":"ephemeral","readOnly":true)" + durable_rule}) {
    EXPECT_EQ(refusal("volumes", volume_text(members)), "accepted") << members;
  }
}

}  // namespace
