#include "cgroup/cgroup.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace invoker_container {
namespace {

// A folder with the files that the kernel would have put there.
class FakeCgroup : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/larder-cgroup-XXXXXX";
    root_ = mkdtemp(path);
    std::filesystem::create_directory(root_ + "/one");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& name, const std::string& text = "") const {
    std::ofstream(root_ + "/one/" + name) << text;
  }
  std::string get(const std::string& name) const {
    std::ifstream file(root_ + "/one/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put_version_two() const {
    for (const char* name : {"memory.max", "memory.swap.max", "cpu.weight", "pids.max",
                             "cgroup.freeze", "cgroup.events", "memory.events"}) {
      put(name);
    }
  }

  std::string root_;
};

TEST_F(FakeCgroup, VersionTwoWritesItsLimits) {
  put_version_two();
  const auto group = make_cgroup_v2(root_, "one", {256 << 20, 99, 1024});
  ASSERT_TRUE(group.ok()) << group.error().message;
  EXPECT_EQ(get("memory.max"), "268435456");
  EXPECT_EQ(get("memory.swap.max"), "0");
  EXPECT_EQ(get("pids.max"), "99");
  EXPECT_EQ(get("cpu.weight"), "39");
  const auto entrances = (*group)->entrances();
  ASSERT_TRUE(entrances.ok());
  EXPECT_EQ(entrances->size(), 1U);
}

TEST_F(FakeCgroup, VersionTwoFreezesAndWaitsForTheKernelsWord) {
  put_version_two();
  const auto group = make_cgroup_v2(root_, "one", {1 << 20, 1, 2});
  ASSERT_TRUE(group.ok());
  put("cgroup.events", "populated 1\nfrozen 1\n");
  EXPECT_TRUE((*group)->freeze().ok());
  EXPECT_EQ(get("cgroup.freeze"), "1");
  const auto thawed = (*group)->thaw();
  ASSERT_FALSE(thawed.ok());
  EXPECT_EQ(thawed.error().code, base::ErrorCode::kUnavailable);
  put("cgroup.events", "populated 1\nfrozen 0\n");
  EXPECT_TRUE((*group)->thaw().ok());
  EXPECT_EQ(get("cgroup.freeze"), "0");
}

TEST_F(FakeCgroup, VersionTwoCountsKillsForMemory) {
  put_version_two();
  const auto group = make_cgroup_v2(root_, "one", {1 << 20, 1, 2});
  ASSERT_TRUE(group.ok());
  put("memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\noom_group_kill 0\n");
  EXPECT_FALSE((*group)->memory_exhausted());
  put("memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\n");
  EXPECT_TRUE((*group)->memory_exhausted());
}

TEST_F(FakeCgroup, AGroupWhoseLimitsCannotBeWrittenIsAnError) {
  std::filesystem::remove_all(root_ + "/one");
  const auto group = make_cgroup_v2(root_, "one", {1 << 20, 1, 2});
  ASSERT_FALSE(group.ok());
  EXPECT_FALSE(std::filesystem::exists(root_ + "/one"));
}

TEST_F(FakeCgroup, VersionOneWritesItsLimits) {
  for (const char* name : {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "cpu.shares",
                           "pids.max", "tasks", "freezer.state", "memory.oom_control"}) {
    put(name);
  }
  const auto group =
      make_cgroup_v1({false, "", root_, root_, root_, root_}, "one", {256 << 20, 99, 512});
  ASSERT_TRUE(group.ok()) << group.error().message;
  EXPECT_EQ(get("memory.limit_in_bytes"), "268435456");
  EXPECT_EQ(get("cpu.shares"), "512");
  EXPECT_EQ(get("pids.max"), "99");
  EXPECT_TRUE((*group)->freeze().ok());
  EXPECT_EQ(get("freezer.state"), "FROZEN");
  EXPECT_TRUE((*group)->thaw().ok());
  put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  EXPECT_TRUE((*group)->memory_exhausted());
}

TEST_F(FakeCgroup, VersionTwoDelegatesItsControllers) {
  for (const char* name : {"cgroup.subtree_control", "cgroup.procs"}) put(name);
  std::filesystem::create_directory(root_ + "/one/larder-x");
  put("larder-x/cgroup.subtree_control");
  const CgroupMaker maker({true, root_ + "/one", "", "", "", ""}, "larder-x");
  ASSERT_TRUE(maker.prepare().ok());
  EXPECT_EQ(get("cgroup.subtree_control"), "+memory +pids +cpu");
  EXPECT_EQ(get("larder-x/cgroup.subtree_control"), "+memory +pids +cpu");
  EXPECT_EQ(maker.directories(), std::vector<std::string>{root_ + "/one/larder-x"});
}

TEST(ValueOf, TheWholeKeyCounts) {
  EXPECT_EQ(value_of("oom 1\noom_kill 3\n", "oom"), 1);
  EXPECT_EQ(value_of("oom 1\noom_kill 3", "oom_kill"), 3);
  EXPECT_EQ(value_of("", "oom"), 0);
  EXPECT_EQ(value_of("oom_kill\n", "oom_kill"), 0);
}

}  // namespace
}  // namespace invoker_container
