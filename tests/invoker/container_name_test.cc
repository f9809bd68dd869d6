#include "invoker/container_name.h"

#include <gtest/gtest.h>

namespace invoker {
namespace {

TEST(ContainerName, BeginsWithThePrefixOfItsInvoker) {
  EXPECT_EQ(container_name_prefix("wskno de/ü.1-0"), "wsknode.1-0_");
  EXPECT_TRUE(container_name("wsk/0", "1", "a", "b").starts_with(container_name_prefix("wsk/0")));
}

TEST(ContainerName, IsPrefixCounterOwnerAndAction) {
  EXPECT_EQ(container_name("wsk00", "12", "guest", "hello"), "wsk00_12_guest_hello");
  EXPECT_EQ(container_name("wsk00", "1", "prewarm", "nodejs:20"), "wsk00_1_prewarm_nodejs20");
}

TEST(ContainerName, KeepsOnlyWhatDockerAllows) {
  EXPECT_EQ(container_name("wsk a.b-c_d/0", "1", "who@me.com", "h\xC3\xA9llo w-o.r_ld"),
            "wska.b-c_d0_1_whomecom_hllowor_ld");
}

TEST(CpuShares, DivideMemoriesFirst) {
  const std::tuple<std::int64_t, std::int64_t, int> cases[] = {
      {1024, 128, 128}, {1024, 256, 256}, {2048, 256, 128}, {2048, 300, 170},
      {2048, 512, 256}, {1000, 300, 341}, {65536, 128, 2}};
  for (const auto& [pool, action, shares] : cases)
    EXPECT_EQ(cpu_shares(pool << 20, action << 20), shares) << pool << " " << action;
}

TEST(CpuShares, AContainerLargerThanThePoolHasAll) { EXPECT_EQ(cpu_shares(100, 200), 1024); }

}  // namespace
}  // namespace invoker
