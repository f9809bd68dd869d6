// What programs use of the language beside arithmetic, and what they do wrong.
#include <numeric>

#include "rig.h"

namespace gpu_host {
namespace {

class Language : public testing::Test {
 protected:
  void SetUp() override { rig_.load(fixture("language")); }
  Address ints(std::size_t count) { return rig_.put(std::vector<int>(count)); }

  Rig rig_;
};

struct Mixed {
  char c = 3;
  short s = 400;
  int i[5] = {1, 2, 3, 4, 5};
  double d = 0.25;
};
struct alignas(16) Four {
  float v[4] = {1, 2, 3, 4};
};

TEST_F(Language, ParametersOfEveryShapeLieAtTheirOwnAlignment) {
  const auto& parameters = rig_.kernel("packed").parameters;
  ASSERT_EQ(parameters.size(), 5U);
  EXPECT_EQ(parameters[1], (gpu_device::ParameterLayout{8, 32}));
  EXPECT_EQ(parameters[2], (gpu_device::ParameterLayout{40, 2}));
  EXPECT_EQ(parameters[3], (gpu_device::ParameterLayout{48, 16}));
  EXPECT_EQ(parameters[4], (gpu_device::ParameterLayout{64, 8}));
  const Address out = rig_.put(std::vector<double>(32));
  ASSERT_EQ(rig_.run("packed", {1}, {32}, static_cast<char>(-7), Mixed{},
                     static_cast<short>(-30000), Four{}, out),
            CuResult::kSuccess);
  EXPECT_EQ(rig_.get<double>(out, 32)[31], -7 + 3 + 400 + 0.25 - 30000 + 10 + 15);
}

TEST_F(Language, FourKilobytesOfParametersAreReadAnywhere) {
  std::array<int, 1020> values;
  std::iota(values.begin(), values.end(), 1000);
  const Address out = ints(100);
  ASSERT_EQ(rig_.run("large", {1}, {100}, values, out), CuResult::kSuccess);
  const auto got = rig_.get<int>(out, 100);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(got[static_cast<std::size_t>(i)], 1000 + (i * 37) % 1020);
}

TEST_F(Language, LanesRecurseEachToItsOwnDepth) {
  const Address out = ints(64);
  ASSERT_EQ(rig_.run("recursion", {1}, {64}, out), CuResult::kSuccess);
  const std::vector<int> fibonacci = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
  const auto got = rig_.get<int>(out, 64);
  for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(got[i], fibonacci[i % 12]) << i;
}

TEST_F(Language, CallsWithoutAnEndAreAStackError) {
  const Address out = ints(32);
  EXPECT_EQ(rig_.run("bottomless", {1}, {32}, out), CuResult::kHardwareStackError);
}

TEST_F(Language, ConstantMemoryBeginsAsWrittenAndMayBeChanged) {
  const Address out = ints(64);
  ASSERT_EQ(rig_.run("constants", {1}, {64}, out), CuResult::kSuccess);
  EXPECT_EQ(rig_.get<int>(out, 5), (std::vector<int>{1, 4, 9, 16, 0}));
  const auto table = rig_.device().global(rig_.module().id, "table");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->bytes, 256U);
  const std::vector<int> values = {7, 8};
  ASSERT_EQ(rig_.device().copy_in(table->address, values.data(), 8, gpu_device::StreamId::kLegacy),
            CuResult::kSuccess);
  ASSERT_EQ(rig_.run("constants", {1}, {64}, out), CuResult::kSuccess);
  EXPECT_EQ(rig_.get<int>(out, 3), (std::vector<int>{7, 8, 9}));
}

TEST_F(Language, AtomicsOfManyBlocksCountEachOnce) {
  const Address out = ints(64);
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(rig_.run("count", {500}, {64}, out), CuResult::kSuccess);
  }
  const auto counter = rig_.device().global(rig_.module().id, "counter");
  ASSERT_TRUE(counter.ok());
  EXPECT_EQ(rig_.get<int>(counter->address, 1)[0], 40 + 2 * 500 * 64);
}

int local_on_the_cpu(int lane, int turns) {
  int values[32];
  for (int i = 0; i < 32; ++i) values[i] = i * lane;
  for (int t = 0; t < turns; ++t) values[(t * 7 + lane) % 32] += values[(t * 3) % 32];
  return std::accumulate(values, values + 32, 0);
}

TEST_F(Language, LocalMemoryIsOfEachLaneItsOwn) {
  const Address out = ints(96);
  ASSERT_EQ(rig_.run("local", {1}, {96}, out, 50), CuResult::kSuccess);
  const auto got = rig_.get<int>(out, 96);
  for (int i = 0; i < 96; ++i)
    ASSERT_EQ(got[static_cast<std::size_t>(i)], local_on_the_cpu(i, 50)) << i;
}

TEST_F(Language, PrintingGoesToTheOutput) {
  ASSERT_EQ(rig_.run("print", {1}, {40}, 2, 3.14159), CuResult::kSuccess);
  EXPECT_EQ(rig_.device().take_output(),
            "lane 0 of print:  3.14 10000000000 c%\nlane 1 of print:  3.14 10000000000 c%\n");
  EXPECT_EQ(rig_.device().take_output(), "");
}

int torture_on_the_cpu(int lane, int rounds) {
  int value = lane;
  for (int r = 0; r < rounds; ++r) {
    if (value & 1) {
      for (int k = 0; k < (lane & 3); ++k) value = value * 3 + k;
    } else if (value & 2) {
      value = (value >> 1) + r;
      if (value & 4) continue;
      value ^= lane;
    } else {
      int k = lane;
      while (k > 0) {
        value += k;
        k -= 5;
        if (value % 7 == 0) break;
      }
    }
    value &= 0xFFFFF;
  }
  return value;
}

TEST_F(Language, LanesThatPartAtEveryTurnEachGoTheirWay) {
  const Address out = ints(1000);
  ASSERT_EQ(rig_.run("torture", {1}, {1000}, out, 40), CuResult::kSuccess);
  const auto got = rig_.get<int>(out, 1000);
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(got[static_cast<std::size_t>(i)], torture_on_the_cpu(i, 40)) << i;
}

TEST_F(Language, LanesOfOneWarpTakeALockInTurn) {
  const Address lock = ints(1), total = ints(1);
  ASSERT_EQ(rig_.run("locked", {2}, {64}, lock, total), CuResult::kSuccess);
  EXPECT_EQ(rig_.get<int>(total, 1)[0], 2 * 63 * 64 / 2);
}

TEST_F(Language, AnIllegalAddressEndsTheContextAndSaysWhere) {
  const Address out = ints(64);
  EXPECT_EQ(rig_.run("beyond", {1}, {32}, out, 33), CuResult::kIllegalAddress);
  EXPECT_NE(rig_.device().fault_text().find("kernel beyond, line "), std::string::npos);
  EXPECT_EQ(rig_.device().synchronize(), CuResult::kIllegalAddress);
  EXPECT_EQ(rig_.device().allocate(16).result(), CuResult::kIllegalAddress);
  EXPECT_EQ(rig_.run("beyond", {1}, {32}, out, 0), CuResult::kIllegalAddress);
}

TEST_F(Language, OneIntegerBeyondTheEndIsEnough) {
  const Address out = ints(64);
  EXPECT_EQ(rig_.run("beyond", {1}, {32}, out, 32), CuResult::kSuccess);
  EXPECT_EQ(rig_.run("beyond", {1}, {1}, out, 64), CuResult::kIllegalAddress);
}

TEST_F(Language, AMisalignedAddressEndsTheContext) {
  const Address out = ints(64);
  EXPECT_EQ(rig_.run("crooked", {1}, {1}, out), CuResult::kMisalignedAddress);
  EXPECT_EQ(rig_.device().sticky_error(), CuResult::kMisalignedAddress);
}

TEST_F(Language, AKernelWithoutAnEndIsEndedFromOutside) {
  const Address out = ints(1);
  ASSERT_EQ(rig_.start("forever", {3}, {64}, out), CuResult::kSuccess);
  EXPECT_EQ(rig_.device().query_stream(gpu_device::StreamId::kLegacy), CuResult::kNotReady);
  EXPECT_EQ(rig_.device().interrupt(), CuResult::kSuccess);
  EXPECT_EQ(rig_.device().synchronize(), CuResult::kLaunchTimeout);
}

TEST(Watchdog, AKernelMayRunForATimeOnly) {
  HostOptions options;
  options.kernel_time_most = std::chrono::milliseconds(20);
  Rig rig(options);
  rig.load(fixture("language"));
  EXPECT_EQ(rig.run("forever", {1}, {1}, rig.put(std::vector<int>(1))), CuResult::kLaunchTimeout);
  EXPECT_NE(rig.device().fault_text().find("ran longer"), std::string::npos);
}

}  // namespace
}  // namespace gpu_host
