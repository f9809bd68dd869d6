// The command line, and which invoker this is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace {

using invoker_settings::Task;
using ::testing::HasSubstr;

std::string fault(const std::vector<std::string>& arguments) {
  World world;
  world.arguments = arguments;
  const std::string text = world.fault();
  EXPECT_EQ(text.find('\n'), std::string::npos) << "more than a line: " << text;
  return text;
}

TEST(Arguments, AnsiblesWordsGiveIdAndName) {
  World world;
  world.arguments = {"--id", "12", "--uniqueName", " 12 ", "--displayedName", "node-a"};
  const auto identity = world.settings().identity;
  EXPECT_EQ(identity.id, 12);
  EXPECT_EQ(identity.unique_name, "12");
  EXPECT_EQ(identity.displayed_name, "node-a");
}

TEST(Arguments, BlankNamesCountAsNotGiven) {
  World world;
  world.arguments = {"--displayedName", "", "--uniqueName", "  ", "--id", "1"};
  EXPECT_FALSE(world.settings().identity.unique_name.has_value());
  EXPECT_FALSE(world.settings().identity.displayed_name.has_value());
}

TEST(Arguments, Trap56ABareNumberIsAnId) {
  World world;
  world.arguments = {"0"};
  EXPECT_EQ(world.settings().identity.id, 0);
}

TEST(Arguments, ANameWithoutIdNeedsZooKeeper) {
  World world;
  world.arguments = {"--uniqueName", "node-a", "--overwriteId", "4"};
  for (const char* hosts : {"", ":2181", "zk:"}) {
    world.environment["ZOOKEEPER_HOSTS"] = hosts;
    EXPECT_THAT(world.fault(), HasSubstr("ZOOKEEPER_HOSTS")) << hosts;
  }
  world.environment["ZOOKEEPER_HOSTS"] = "zk1:2181,zk2:2181";
  const auto identity = world.settings().identity;
  EXPECT_FALSE(identity.id.has_value());
  EXPECT_EQ(identity.unique_name, "node-a");
  EXPECT_EQ(identity.overwrite_id, 4);
  EXPECT_EQ(identity.zookeeper_hosts, "zk1:2181,zk2:2181");
}

TEST(Arguments, MistakesAreToldInOneLine) {
  EXPECT_THAT(fault({}), HasSubstr("--id N or --uniqueName NAME"));
  EXPECT_THAT(fault({"--uniqueName", " "}), HasSubstr("--id N or --uniqueName NAME"));
  EXPECT_THAT(fault({"--id"}), HasSubstr("--id lacks its value"));
  EXPECT_THAT(fault({"--id", "x"}), HasSubstr("\"x\" is no whole number"));
  EXPECT_THAT(fault({"--id", "-1"}), HasSubstr("no whole number"));
  EXPECT_THAT(fault({"--id", "1", "--overwriteId", "9999999999"}), HasSubstr("--overwriteId"));
  EXPECT_THAT(fault({"--id", "1", "2"}), HasSubstr("unknown word \"2\""));
  EXPECT_THAT(fault({"--ID", "1"}), HasSubstr("unknown word \"--ID\""));
  EXPECT_THAT(fault({"0x"}), HasSubstr("unknown word"));
  EXPECT_THAT(fault({"bad\nword"}), HasSubstr("unknown word"));
}

TEST(Arguments, WhatSomebodyElseWroteStaysOnTheLine) {
  World world;
  world.environment["RUNTIMES_MANIFEST"] =
      R"({"runtimes":{"n":[{"kind":"n:1\nforged","image":{}}]}})";
  EXPECT_EQ(world.fault().find('\n'), std::string::npos);
  EXPECT_THAT(world.fault(), HasSubstr("forged"));
}

TEST(Arguments, HelpAndVersionNeedNoEnvironment) {
  const std::vector<std::string> help = {"--help"};
  const std::vector<std::string> version = {"--version"};
  EXPECT_EQ(invoker_settings::settings_from({}, help).value().task, Task::kHelp);
  EXPECT_EQ(invoker_settings::settings_from({}, version).value().task, Task::kVersion);
  EXPECT_THAT(invoker_settings::help_text(), HasSubstr("whisk.container-pool.user-memory"));
}

}  // namespace
