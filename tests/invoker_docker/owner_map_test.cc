// Which ids a container sees files under.
#include "owner_map.h"

#include <gtest/gtest.h>

namespace invoker_docker {
namespace {

constexpr const char* kOfHost = "         0          0 4294967295\n";

TEST(OwnerMap, WhoHasTheIdThatFilesAreStoredWithNeedsNone) {
  EXPECT_EQ(*owner_map(kOfHost, 1000), "");
}

TEST(OwnerMap, RootAndTheStoredIdChangePlaces) {
  EXPECT_EQ(*owner_map(kOfHost, 0), "1 1 999\n1001 1001 4294966294\n1000 0 1\n0 1000 1\n");
}

TEST(OwnerMap, AnyUserAndTheStoredIdChangePlaces) {
  EXPECT_EQ(*owner_map(kOfHost, 1001),
            "0 0 1000\n1002 1002 4294966293\n1000 1001 1\n1001 1000 1\n");
}

TEST(OwnerMap, ADaemonThatGivesContainersIdsOfTheirOwnKeepsThem) {
  EXPECT_EQ(*owner_map("0 100000 65536\n", 100'000),
            "1 100001 999\n1001 101001 64535\n1000 100000 1\n0 101000 1\n");
  EXPECT_EQ(*owner_map("0 100000 65536\n", 101'000), "0 100000 65536\n");
}

TEST(OwnerMap, AContainerWithFewIdsHasOneForItsUserAllTheSame) {
  EXPECT_EQ(*owner_map("0 5000 1\n", 5000), "1000 5000 1\n");
  EXPECT_EQ(*owner_map("0 5000 1\n1 7000 2\n", 7001), "0 5000 1\n1 7000 1\n1000 7001 1\n");
}

TEST(OwnerMap, AUserThatTheContainerHasNotAndBytesThatAreNoMapAreErrors) {
  EXPECT_EQ(owner_map("0 100000 65536\n", 0).error().code, base::ErrorCode::kUnsupported);
  EXPECT_EQ(owner_map("0 zero 1\n", 0).error().code, base::ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace invoker_docker
