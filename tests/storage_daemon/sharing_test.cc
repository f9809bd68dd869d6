// Volumes of other namespaces: only what was shared, only as it was, and only as long.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "one_node.h"

namespace storaged_test {
namespace {

using base::ErrorCode;
using base::Json;
using storage_control::Place;

class Sharing : public OneNode {
 protected:
  void SetUp() override {
    OneNode::SetUp();
    if (!client_) return;
    people_ = node_->client("");
    ASSERT_TRUE(write("photos", "one.jpg"));
  }
  // In guest's own volume.
  bool write(const std::string& volume, const std::string& file) {
    Use use(*client_, "w" + std::to_string(++uses_), volume_of(volume));
    return use.ok() && use.write(file, "bytes of " + file) && use.finish(true).ok();
  }
  // guest/NAME, for an activation of team.
  base::Result<std::unique_ptr<storage::OpenVolume>> open(const std::string& name,
                                                          bool read_only = false) {
    hints::Volume volume = volume_of(name);
    volume.owner = "guest";
    volume.read_only = read_only;
    return client_->open("team", "t" + std::to_string(++uses_), volume, 0);
  }
  void share(const std::string& name, bool read_only = false) {
    const auto told = people_->ask(storage_control::Share{place(name), "team", read_only});
    ASSERT_TRUE(told) << told.error().message;
  }
  std::string shared_with(const std::string& name) {
    const auto told = people_->ask(storage_control::Stat{place(name)});
    return told ? told->find("sharedWith")->to_string() : told.error().message;
  }
  static Place place(const std::string& name) { return {"guest", name, ""}; }

  std::unique_ptr<storage_control::ControlClient> people_;
  int uses_ = 0;
};

TEST_F(Sharing, WithoutAGrantTheRefusalSaysWhatToRun) {
  const std::string sentence =
      "volume \"guest/photos\" is not shared with \"team\"; who runs the platform can do that: "
      "larder volume share guest/photos --with team";
  const auto refused = open("photos");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().message, sentence);
  const auto missing = open("nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(missing.error().message.find("is not shared with"), std::string::npos)
      << "whether it is there is not told";
  EXPECT_FALSE(people_->ask(storage_control::Stat{place("nothing")}).ok()) << "nor was it made";
}

TEST_F(Sharing, WhatIsSharedIsReadAndWrittenByBoth) {
  share("photos");
  EXPECT_EQ(shared_with("photos"), R"([{"namespace":"team","readOnly":false}])");
  hints::Volume volume = volume_of("photos");
  volume.owner = "guest";
  auto theirs = open("photos");
  ASSERT_TRUE(theirs) << theirs.error().message;
  auto parts = (*theirs)->take_parts();
  ASSERT_EQ(parts.size(), 1U);
  const base::UniqueFd root = std::move(parts[0].tree);
  ASSERT_EQ(::mkdirat(root.get(), "of-team", 0755), 0) << errno;
  ASSERT_TRUE((*theirs)->finish(true));
  Use own(*client_, "r1", volume_of("photos"));
  EXPECT_EQ(own.list("."), (std::vector<std::string>{"of-team", "one.jpg"}));
  // The name without an owner is still one's own.
  ASSERT_TRUE(client_->open("team", "t99", volume_of("photos"), 0));
  EXPECT_EQ(people_->ask(storage_control::Stat{{"team", "photos", "one.jpg"}}).error().code,
            ErrorCode::kNotFound);
}

TEST_F(Sharing, AGrantToReadIsNoGrantToWrite) {
  share("photos", true);
  EXPECT_EQ(shared_with("photos"), R"([{"namespace":"team","readOnly":true}])");
  const auto refused = open("photos");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("say \"readOnly\": true"), std::string::npos)
      << refused.error().message;
  auto reader = open("photos", true);
  ASSERT_TRUE(reader) << reader.error().message;
  share("photos");
  EXPECT_TRUE(open("photos")) << "the last word counts";
}

TEST_F(Sharing, WhatIsTakenBackIsLeftToWhoHasItOpen) {
  share("photos");
  auto running = open("photos");
  ASSERT_TRUE(running);
  auto parts = (*running)->take_parts();
  const storage_control::Unshare unshare{place("photos"), "team"};
  ASSERT_TRUE(people_->ask(unshare));
  ASSERT_EQ(::mkdirat(parts[0].tree.get(), "still", 0755), 0) << errno;
  parts.clear();
  EXPECT_TRUE((*running)->finish(true));
  EXPECT_FALSE(open("photos"));
  EXPECT_EQ(shared_with("photos"), "[]");
  EXPECT_EQ(people_->ask(unshare).error().code, ErrorCode::kNotFound);
}

TEST_F(Sharing, AVolumeThatIsMadeAnewIsSharedWithNobody) {
  share("photos");
  ASSERT_TRUE(people_->ask(storage_control::Remove{place("photos"), true}));
  EXPECT_FALSE(open("photos"));
  ASSERT_TRUE(write("photos", "two.jpg"));
  EXPECT_FALSE(open("photos"));
  EXPECT_EQ(shared_with("photos"), "[]");
}

TEST_F(Sharing, OnlyWhatThereIsCanBeShared) {
  const auto ask = [&](const std::string& name, const std::string& with) {
    return people_->ask(storage_control::Share{place(name), with, false});
  };
  EXPECT_EQ(ask("nothing", "team").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ask("photos", "guest").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ask("photos", "").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Sharing, ARestartOfTheDaemonForgetsNothing) {
  share("photos");
  node_->kill_daemon();
  EXPECT_TRUE(open("photos"));
}

}  // namespace
}  // namespace storaged_test
