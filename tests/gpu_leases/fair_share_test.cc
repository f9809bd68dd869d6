#include "gpu_leases/fair_share.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gpu_leases {
namespace {

using namespace std::chrono_literals;

const base::Instant kStart{};

TEST(FairShareTest, CountsGpuSecondsAndTheFirstOneAtOnce) {
  FairShare shares(1'000'000s, {});
  shares.begin("a", 0.5, kStart);
  EXPECT_NEAR(shares.used("a", kStart), 0.5, 1e-6);
  EXPECT_NEAR(shares.used("a", kStart + 10s), 5.5, 1e-3);
  shares.end("a", 0.5, kStart + 10s);
  EXPECT_NEAR(shares.used("a", kStart + 20s), 5.5, 1e-3);
  EXPECT_EQ(shares.used("b", kStart), 0);
}

TEST(FairShareTest, HalvesThePastWithEachHalfLife) {
  FairShare shares(60s, {});
  shares.begin("a", 1, kStart);
  shares.end("a", 1, kStart);
  EXPECT_NEAR(shares.used("a", kStart + 60s), 0.5, 1e-9);
  EXPECT_NEAR(shares.used("a", kStart + 180s), 0.125, 1e-9);
}

TEST(FairShareTest, ComesToABoundWhileItIsHeld) {
  FairShare shares(60s, {});
  shares.begin("a", 1, kStart);
  EXPECT_NEAR(shares.used("a", kStart + 24h), 60 / std::log(2.0), 1e-6);
}

TEST(FairShareTest, DividesByWeight) {
  FairShare shares(60s, {{"a", 4}});
  shares.begin("a", 1, kStart);
  shares.begin("b", 1, kStart);
  EXPECT_NEAR(shares.used("a", kStart) * 4, shares.used("b", kStart), 1e-9);
}

TEST(FairShareTest, ForgetsWhoHoldsNothingAndHasNoPast) {
  FairShare shares(1s, {});
  shares.begin("a", 1, kStart);
  shares.begin("b", 1, kStart);
  shares.end("b", 1, kStart);
  shares.forget(kStart + 10s);
  EXPECT_EQ(shares.known(), 2u);
  shares.forget(kStart + 1min);
  EXPECT_EQ(shares.known(), 1u);
}

}  // namespace
}  // namespace gpu_leases
