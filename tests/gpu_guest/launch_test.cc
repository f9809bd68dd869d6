#include <array>
#include <cstdint>

#include "guest.h"
#include "served_process.h"

namespace {

using testing_gpu::InContext;

constexpr int kInvalidValue = 1, kInvalidHandle = 400, kNotSupported = 801;

class Launch : public InContext {
 protected:
  void SetUp() override {
    InContext::SetUp();
    function_ = kernel("kernel add 8 8 4\nkernel none\n", "add");
    parameters_ = {&a_, &b_, &n_};
  }
  int launch(unsigned grid, unsigned block, unsigned shared = 0, CUstream stream = nullptr) {
    return cuLaunchKernel(function_, grid, 1, 1, block, 1, 1, shared, stream, parameters_.data(),
                          nullptr);
  }

  CUfunction function_ = nullptr;
  std::uint64_t a_ = 1, b_ = 2;
  int n_ = 3;
  std::array<void*, 3> parameters_{};
};

TEST_F(Launch, AThousandAndASynchronisationAreTwoRoundTripsAndAFewWrites) {
  EXPECT_EQ(cuCtxSynchronize(), 0);
  const auto before = gpu_guest::counters();
  const std::uint64_t launched = testing_gpu::device().launches();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(launch(4, 256), 0);
  EXPECT_EQ(cuCtxSynchronize(), 0);
  const auto after = gpu_guest::counters();
  EXPECT_EQ(testing_gpu::device().launches() - launched, 1000U);
  EXPECT_LE(after.calls - before.calls, 2U);
  EXPECT_LE(after.flushes - before.flushes, 20U);
}

TEST_F(Launch, ItsShapeIsCheckedAtOnce) {
  EXPECT_EQ(launch(0, 1), kInvalidValue);
  EXPECT_EQ(launch(1, 0), kInvalidValue);
  EXPECT_EQ(launch(1, 1025), kInvalidValue);
  EXPECT_EQ(
      cuLaunchKernel(function_, 1, 65'536, 1, 1, 1, 1, 0, nullptr, parameters_.data(), nullptr),
      kInvalidValue);
  EXPECT_EQ(cuLaunchKernel(function_, 1, 1, 1, 64, 64, 1, 0, nullptr, parameters_.data(), nullptr),
            kInvalidValue);
  EXPECT_EQ(launch(1, 1, 1 << 20), kInvalidValue) << "too much shared memory";
  EXPECT_EQ(launch(1, 1, 0, reinterpret_cast<CUstream>(0x55)), kInvalidHandle);
  EXPECT_EQ(cuLaunchKernel(reinterpret_cast<CUfunction>(0x77), 1, 1, 1, 1, 1, 1, 0, nullptr,
                           parameters_.data(), nullptr),
            kInvalidHandle);
  EXPECT_EQ(cuCtxSynchronize(), 0);
}

TEST_F(Launch, ParametersComeOneByOneOrPacked) {
  std::array<char, 20> packed{};
  std::size_t bytes = packed.size();
  void* extra[] = {reinterpret_cast<void*>(1), packed.data(), reinterpret_cast<void*>(2), &bytes,
                   nullptr};
  EXPECT_EQ(cuLaunchKernel(function_, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra), 0);
  bytes = 19;
  EXPECT_EQ(cuLaunchKernel(function_, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra), kInvalidValue);
  EXPECT_EQ(cuLaunchKernel(function_, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr),
            kInvalidValue);
  EXPECT_EQ(cuLaunchKernel(function_, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters_.data(), extra),
            kInvalidValue);
  EXPECT_EQ(cuCtxSynchronize(), 0);
}

TEST_F(Launch, AttributesThatWouldChangeItsMeaningAreRefused) {
  CUlaunchAttribute attribute{};
  CUlaunchConfig config{.grid = {1, 1, 1},
                        .block = {32, 1, 1},
                        .shared_bytes = 0,
                        .stream = nullptr,
                        .attributes = &attribute,
                        .attribute_count = 1};
  attribute.id = 8;
  EXPECT_EQ(cuLaunchKernelEx(&config, function_, parameters_.data(), nullptr), 0);
  attribute.id = 4;
  attribute.value[0] = 2;
  EXPECT_EQ(cuLaunchKernelEx(&config, function_, parameters_.data(), nullptr), kNotSupported);
  EXPECT_EQ(cuLaunchKernelEx(nullptr, function_, parameters_.data(), nullptr), kInvalidValue);
  EXPECT_EQ(cuCtxSynchronize(), 0);
}

}  // namespace
