#include <gtest/gtest.h>

#include "cgroup/cgroup.h"

namespace invoker_container {
namespace {

TEST(CgroupLayout, VersionOneIsNestedWhereThisProcessIs) {
  const auto layout =
      find_layout("8:pids:/\n6:freezer:/f\n4:memory:/outer/inner\n1:cpu,cpuacct:/\n0::/\n",
                  "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
                  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
                  "37 31 0:34 / /sys/fs/cgroup/freezer rw shared:3 - cgroup cgroup rw,freezer\n"
                  "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  ASSERT_TRUE(layout.ok());
  const CgroupLayout expected{false,
                              "",
                              "/sys/fs/cgroup/memory/outer/inner",
                              "/sys/fs/cgroup/cpu,cpuacct",
                              "/sys/fs/cgroup/pids",
                              "/sys/fs/cgroup/freezer/f"};
  EXPECT_EQ(*layout, expected);
}

TEST(CgroupLayout, AContainerSeesItsOwnPartOfTheHierarchy) {
  const auto layout =
      find_layout("4:memory:/docker/abc/sub\n",
                  "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->memory, "/sys/fs/cgroup/memory/sub");
  EXPECT_EQ(layout->freezer, "");
}

TEST(CgroupLayout, VersionTwoHasOneDirectory) {
  const auto layout =
      find_layout("0::/system.slice/larder.service\n",
                  "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  ASSERT_TRUE(layout.ok());
  EXPECT_TRUE(layout->unified);
  EXPECT_EQ(layout->root, "/sys/fs/cgroup/system.slice/larder.service");
}

TEST(CgroupLayout, PathsThatLeaveTheMountCountAsItsRoot) {
  const auto layout = find_layout("0::/../other\n", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->root, "/cg");
}

TEST(CgroupLayout, WithoutAMemoryLimiterThereAreNoSandboxes) {
  const auto layout = find_layout("1:cpu:/\n", "32 31 0:29 / /cpu rw - cgroup cgroup rw,cpu\n");
  ASSERT_FALSE(layout.ok());
  EXPECT_EQ(layout.error().code, base::ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace invoker_container
