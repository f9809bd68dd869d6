#include <gtest/gtest.h>

#include "gpu_image/image.h"
#include "made_image.h"

namespace gpu_image {
namespace {

using made::Bytes;
using made::bytes_of;

struct Wrapper {
  std::uint32_t magic = 0x466243B1;
  std::uint32_t version = 1;
  const void* data = nullptr;
  const void* const* chain = nullptr;
};

constexpr std::uint64_t kMost = 1 << 20;

Bytes of_chip(std::uint32_t chip) {
  return made::container({made::entry(1, chip, bytes_of("text"), Compression::kNone)});
}

TEST(Flatten, FollowsAWrapperToItsContainer) {
  const Bytes container = of_chip(70);
  const Wrapper wrapper{.data = container.data()};
  EXPECT_EQ(flatten(&wrapper, kMost).value(), container);
}

TEST(Flatten, ShipsAllContainersOfAChain) {
  const Bytes first = of_chip(70), second = of_chip(75), third = of_chip(90);
  const Wrapper inner{.data = third.data()};
  const void* const chain[] = {second.data(), &inner, nullptr};
  const Wrapper wrapper{.version = 2, .data = first.data(), .chain = chain};
  const auto flat = flatten(&wrapper, kMost);
  ASSERT_TRUE(flat.ok()) << flat.error().message;
  EXPECT_EQ(entries_of(*flat).value().size(), 3U);
}

TEST(Flatten, KeepsTheNulOfText) {
  EXPECT_EQ(flatten("\n .version 6.0", kMost).value().size(), 15U);
  EXPECT_EQ(flatten("", kMost).value().size(), 1U);
}

TEST(Flatten, IsBounded) {
  const Bytes container = of_chip(70);
  EXPECT_EQ(flatten(container.data(), 20).error().code, base::ErrorCode::kNoSpace);
  EXPECT_EQ(flatten("a long text", 5).error().code, base::ErrorCode::kNoSpace);
  EXPECT_FALSE(flatten(nullptr, kMost).ok());
}

TEST(Flatten, AWrapperThatLeadsToNoContainerIsAnError) {
  const Wrapper wrapper{.data = "no container"};
  EXPECT_FALSE(flatten(&wrapper, kMost).ok());
}

}  // namespace
}  // namespace gpu_image
