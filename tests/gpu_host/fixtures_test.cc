// Programs that clang made, against the same sums on the CPU.
#include <cmath>
#include <numeric>
#include <random>

#include "rig.h"

namespace gpu_host {
namespace {

std::vector<float> random_floats(std::size_t count, float least, float most) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> distribution(least, most);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

TEST(Fixtures, VectorAddIsExact) {
  Rig rig;
  rig.load(fixture("vector_add"));
  const auto a = random_floats(10000, -1, 1), b = random_floats(10000, 0, 100);
  const Address in_a = rig.put(a), in_b = rig.put(b), out = rig.put(std::vector<float>(10000));
  ASSERT_EQ(rig.run("vector_add", {40}, {256}, in_a, in_b, out, 10000), CuResult::kSuccess);
  const auto sum = rig.get<float>(out, 10000);
  for (std::size_t i = 0; i < sum.size(); ++i) ASSERT_EQ(sum[i], a[i] + b[i]) << i;
}

TEST(Fixtures, ShufflesReduceABlock) {
  Rig rig;
  rig.load(fixture("reduce"));
  std::vector<float> values(5000);
  std::iota(values.begin(), values.end(), 0.0F);
  const Address in = rig.put(values), out = rig.put(std::vector<float>(7));
  ASSERT_EQ(rig.run("reduce", {7}, {800}, in, out, 5000), CuResult::kSuccess);
  const auto sums = rig.get<float>(out, 7);
  EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0.0), 4999.0 * 5000 / 2);
  EXPECT_EQ(sums[0], 799 * 800 / 2);
}

TEST(Fixtures, TiledMatrixProductIsNearTheOneInDoublePrecision) {
  Rig rig;
  rig.load(fixture("gemm"));
  constexpr std::size_t kSize = 64;
  const auto a = random_floats(kSize * kSize, -1, 1), b = random_floats(kSize * kSize, -1, 1);
  const Address in_a = rig.put(a), in_b = rig.put(b),
                out = rig.put(std::vector<float>(kSize * kSize));
  ASSERT_EQ(rig.run("gemm", {4, 4}, {16, 16}, in_a, in_b, out, static_cast<int>(kSize)),
            CuResult::kSuccess);
  const auto c = rig.get<float>(out, kSize * kSize);
  for (std::size_t row = 0; row < kSize; ++row) {
    for (std::size_t column = 0; column < kSize; ++column) {
      double sum = 0;
      for (std::size_t k = 0; k < kSize; ++k) {
        sum += static_cast<double>(a[row * kSize + k]) * static_cast<double>(b[k * kSize + column]);
      }
      ASSERT_NEAR(static_cast<double>(c[row * kSize + column]), sum, 1e-5);
    }
  }
}

TEST(Fixtures, HistogramInSharedMemoryIsExact) {
  Rig rig;
  rig.load(fixture("histogram"));
  std::vector<unsigned char> values(100000);
  std::mt19937 random(3);
  for (auto& value : values) value = static_cast<unsigned char>(random() % 251);
  std::vector<unsigned> expected(256);
  for (const auto value : values) ++expected[value];
  const Address in = rig.put(values), out = rig.put(std::vector<unsigned>(256));
  ASSERT_EQ(rig.run("histogram", {8}, {128}, in, out, 100000), CuResult::kSuccess);
  EXPECT_EQ(rig.get<unsigned>(out, 256), expected);
}

TEST(Fixtures, AStepOfKMeansPutsPointsToTheirCentres) {
  Rig rig;
  rig.load(fixture("kmeans"));
  // Whole numbers: sums are exact in whatever order they are made.
  std::mt19937 random(5);
  std::vector<float> points(2 * 1000), centres = {10, 10, 90, 10, 50, 90};
  for (float& value : points) value = static_cast<float>(random() % 100);
  const Address in = rig.put(points), middle = rig.put(centres),
                out = rig.put(std::vector<int>(1000)), sums = rig.put(std::vector<float>(6)),
                members = rig.put(std::vector<int>(3));
  ASSERT_EQ(rig.run("assign", {8}, {128}, in, 1000, middle, 3, out, sums, members),
            CuResult::kSuccess);
  std::vector<float> expected_sums(6);
  std::vector<int> expected_members(3), expected(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    float least = 1e9F;
    for (std::size_t c = 0; c < 3; ++c) {
      const float dx = points[2 * i] - centres[2 * c], dy = points[2 * i + 1] - centres[2 * c + 1];
      if (dx * dx + dy * dy < least) least = dx * dx + dy * dy, expected[i] = static_cast<int>(c);
    }
    const auto best = static_cast<std::size_t>(expected[i]);
    expected_sums[2 * best] += points[2 * i];
    expected_sums[2 * best + 1] += points[2 * i + 1];
    ++expected_members[best];
  }
  EXPECT_EQ(rig.get<int>(out, 1000), expected);
  EXPECT_EQ(rig.get<float>(sums, 6), expected_sums);
  EXPECT_EQ(rig.get<int>(members, 3), expected_members);
}

TEST(Fixtures, SoftmaxIsWithinOneMillionth) {
  Rig rig;
  rig.load(fixture("softmax"));
  const auto values = random_floats(20 * 100, -10, 10);
  const Address in = rig.put(values), out = rig.put(std::vector<float>(2000));
  ASSERT_EQ(rig.run("softmax", {20}, {32}, in, out, 100), CuResult::kSuccess);
  const auto got = rig.get<float>(out, 2000);
  for (std::size_t row = 0; row < 20; ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < 100; ++i)
      sum += std::exp(static_cast<double>(values[row * 100 + i]));
    for (std::size_t i = 0; i < 100; ++i) {
      const double expected = std::exp(static_cast<double>(values[row * 100 + i])) / sum;
      ASSERT_NEAR(static_cast<double>(got[row * 100 + i]), expected, 1e-6);
    }
  }
}

}  // namespace
}  // namespace gpu_host
