// The session that this process's guest has: over TCP, on a null device.
#pragma once

#include <gtest/gtest.h>

#include "driver.h"
#include "gpu_null/null_device.h"
#include "gpu_session/session.h"

namespace testing_gpu {

inline constexpr std::uint64_t kMemoryBytes = 64 << 20;

// Of the one session of this process; cuInit() was called.
gpu_null::NullDevice& device();
gpu_session::Session& session();

// A context is current; what is left over from it goes with it.
class InContext : public ::testing::Test {
 protected:
  void SetUp() override {
    device();
    ASSERT_EQ(cuCtxCreate_v2(&context_, 0, 0), 0);
  }
  void TearDown() override { EXPECT_EQ(cuCtxDestroy_v2(context_), 0); }

  CUdeviceptr allocate(std::size_t bytes) {
    CUdeviceptr address = 0;
    EXPECT_EQ(cuMemAlloc_v2(&address, bytes), 0);
    return address;
  }
  CUfunction kernel(const char* image, const char* name) {
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    EXPECT_EQ(cuModuleLoadData(&module, image), 0);
    EXPECT_EQ(cuModuleGetFunction(&function, module, name), 0);
    return function;
  }

  CUcontext context_ = nullptr;
};

}  // namespace testing_gpu
