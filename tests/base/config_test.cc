// Configuration: which layer wins, what is refused, what is shown.
#include "base/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using base::Config;
using base::ErrorCode;
using base::Json;
using std::chrono::milliseconds;

Config make() {
  return Config({{"port", 3233, "where the API listens"},
                 {"pool.user-memory", "2g", "memory of all containers"},
                 {"pool.pause-grace", "10 s", "idle time before a container is paused"},
                 {"auth.key", Json(), "the guest's key", true},
                 {"verbose", false, "log more"},
                 {"tags", Json::array(), "names of this node"}});
}

using Strings = std::vector<std::string>;

TEST(Config, TheDefaultHoldsWhereNothingElseIsSaid) {
  const Config config = make();
  EXPECT_EQ(config.whole("port", 1, 65535).value(), 3233);
  EXPECT_EQ(config.bytes("pool.user-memory").value(), 2LL << 30);
  EXPECT_EQ(config.duration("pool.pause-grace").value(), milliseconds(10'000));
  EXPECT_FALSE(config.flag("verbose").value());
  EXPECT_FALSE(config.has("auth.key"));
  EXPECT_EQ(config.text("auth.key").error().code, ErrorCode::kNotFound);
}

TEST(Config, EachLayerWinsOverThoseBelowInWhateverOrderTheyCome) {
  Config config = make();
  ASSERT_TRUE(config.add_command_line(Strings{"port=4"}).ok());
  ASSERT_TRUE(
      config.add_environment(Strings{"LARDER_PORT=3", "LARDER_VERBOSE=true"}, "LARDER_").ok());
  ASSERT_TRUE(config.add_file(R"({"port": 2, "verbose": false, "tags": ["a"]})", "l.json").ok());
  EXPECT_EQ(config.whole("port", 1, 65535).value(), 4);
  EXPECT_TRUE(config.flag("verbose").value());
  EXPECT_EQ(config.json("tags")->to_string(), R"(["a"])");
}

TEST(Config, WithinALayerTheLastWins) {
  Config config = make();
  ASSERT_TRUE(config.add_command_line(Strings{"port=4", "port=5"}).ok());
  EXPECT_EQ(config.text("port").value(), "5");
}

TEST(Config, AFileSpellsDottedNamesAsObjectsAndMayHoldComments) {
  Config config = make();
  ASSERT_TRUE(config
                  .add_file("{ // the pool\n \"pool\": {\"user-memory\": 1048576, "
                            "\"pause-grace\": 250}, \"auth.key\": \"k\" }",
                            "l.json")
                  .ok());
  EXPECT_EQ(config.bytes("pool.user-memory").value(), 1 << 20);
  EXPECT_EQ(config.duration("pool.pause-grace").value(), milliseconds(250));
  EXPECT_EQ(config.text("auth.key").value(), "k");
}

TEST(Config, AnUnknownNameIsRefusedWithTheOneThatWasMeant) {
  Config config = make();
  EXPECT_EQ(
      config.add_file(R"({"pool": {"user_memory": 1}})", "l.json").error().message,
      "file l.json: unknown setting \"pool.user_memory\"; did you mean \"pool.user-memory\"?");
  EXPECT_EQ(config.add_command_line(Strings{"prot=1"}).error().message,
            "command line: unknown setting \"prot\"; did you mean \"port\"?");
  EXPECT_EQ(config.add_environment(Strings{"LARDER_POOL_USERMEMORY=1"}, "LARDER_").error().message,
            "environment: unknown setting \"LARDER_POOL_USERMEMORY\"; did you mean "
            "\"LARDER_POOL_USER_MEMORY\"?");
  EXPECT_EQ(config.add_command_line(Strings{"colour=red"}).error().message,
            "command line: unknown setting \"colour\"");
}

TEST(Config, OfTheEnvironmentOnlyOurNamesCountAndEmptyMeansNotSet) {
  Config config = make();
  ASSERT_TRUE(
      config.add_environment(Strings{"HOME=/root", "LARDER_PORT=", "PORT=9"}, "LARDER_").ok());
  EXPECT_EQ(config.whole("port", 1, 65535).value(), 3233);
}

TEST(Config, MalformedSourcesAreRefused) {
  Config config = make();
  EXPECT_EQ(config.add_file("{", "l.json").error().message,
            "file l.json: no valid JSON: expected a string at byte 1");
  EXPECT_EQ(config.add_file("[]", "l.json").error().message, "file l.json: found no JSON object");
  EXPECT_EQ(config.read_file("/nowhere/l.json").error().message,
            "cannot read the configuration file /nowhere/l.json");
  EXPECT_EQ(config.add_command_line(Strings{"port"}).error().message,
            "command line: \"port\" is not of the form NAME=VALUE");
}

TEST(Config, AWrongValueIsNamedWithItsOrigin) {
  Config config = make();
  ASSERT_TRUE(config
                  .add_command_line(Strings{"port=70000", "pool.user-memory=much",
                                            "pool.pause-grace=1", "verbose=yes"})
                  .ok());
  EXPECT_EQ(config.whole("port", 1, 65535).error().message,
            "command line: port: \"70000\" is no whole number from 1 to 65535");
  EXPECT_EQ(config.bytes("pool.user-memory").error().message,
            "command line: pool.user-memory: \"much\" is no size such as \"512 MB\", \"2g\" or "
            "1024, or too large");
  EXPECT_FALSE(config.duration("pool.pause-grace").ok());
  EXPECT_EQ(config.flag("verbose").error().message,
            "command line: verbose: \"yes\" is neither true nor false");
  EXPECT_FALSE(config.text("tags").ok());
}

TEST(Config, ShowsEachValueWithItsOriginAndMasksSecrets) {
  Config config = make();
  ASSERT_TRUE(config.add_file(R"({"tags": ["a"]})", "l.json").ok());
  ASSERT_TRUE(config.add_environment(Strings{"LARDER_AUTH_KEY=hush"}, "LARDER_").ok());
  ASSERT_TRUE(config.add_command_line(Strings{"port=1"}).ok());
  EXPECT_EQ(config.describe(),
            "port = \"1\"  (command line)\n"
            "pool.user-memory = \"2g\"  (default)\n"
            "pool.pause-grace = \"10 s\"  (default)\n"
            "auth.key = ***  (environment LARDER_AUTH_KEY)\n"
            "verbose = false  (default)\n"
            "tags = [\"a\"]  (file l.json)\n");
  EXPECT_EQ(config.whole("auth.key", 0, 1).error().message.find("hush"), std::string::npos);
}

TEST(ConfigDeathTest, AskingForAKeyThatWasNotDeclaredIsABug) {
  EXPECT_DEATH(static_cast<void>(make().has("none")), "broken invariant");
}

}  // namespace
