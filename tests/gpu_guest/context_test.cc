#include <cstring>
#include <string>
#include <thread>

#include "served_process.h"

namespace {

using testing_gpu::InContext;

constexpr int kInvalidValue = 1, kNotInitialized = 3, kInvalidDevice = 101, kInvalidContext = 201,
              kContextIsDestroyed = 709;

// Alone in its process when ctest runs it; otherwise somebody may have been here before.
TEST(Driver, NothingWorksBeforeCuInit) {
  int count = 0;
  if (cuDeviceGetCount(&count) == 0) GTEST_SKIP() << "another test of this process was first";
  EXPECT_EQ(cuDeviceGetCount(&count), kNotInitialized);
  CUdeviceptr address = 0;
  EXPECT_EQ(cuMemAlloc_v2(&address, 4), kNotInitialized);
  EXPECT_EQ(cuInit(1), kInvalidValue);
}

TEST(Driver, TheDeviceIsThatOfTheSession) {
  testing_gpu::device();
  int count = 0, ordinal = 7, value = 0, major = 0, minor = 0;
  EXPECT_EQ(cuDeviceGetCount(&count), 0);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(cuDeviceGet(&ordinal, 0), 0);
  EXPECT_EQ(ordinal, 0);
  EXPECT_EQ(cuDeviceGet(&ordinal, 1), kInvalidDevice);
  EXPECT_EQ(cuDeviceGet(nullptr, 0), kInvalidValue);
  char name[6];
  EXPECT_EQ(cuDeviceGetName(name, sizeof name, 0), 0);
  EXPECT_STREQ(name, "Null ");
  EXPECT_EQ(cuDeviceGetName(name, sizeof name, 1), kInvalidDevice);
  EXPECT_EQ(cuDeviceGetName(name, 0, 0), kInvalidValue);
  EXPECT_EQ(cuDeviceGetAttribute(&value, 10, 0), 0);
  EXPECT_EQ(value, 32);
  EXPECT_EQ(cuDeviceGetAttribute(&value, 9999, 0), kInvalidValue);
  EXPECT_EQ(cuDeviceGetAttribute(&value, 10, 3), kInvalidDevice);
  EXPECT_EQ(cuDeviceComputeCapability(&major, &minor, 0), 0);
  EXPECT_EQ(major * 10 + minor, 70);
  std::size_t bytes = 0;
  EXPECT_EQ(cuDeviceTotalMem_v2(&bytes, 0), 0);
  EXPECT_EQ(bytes, testing_gpu::kMemoryBytes);
  CUuuid id{};
  EXPECT_EQ(cuDeviceGetUuid_v2(&id, 0), 0);
  EXPECT_EQ(id.bytes[0], 0x4e);
  char bus[32];
  EXPECT_EQ(cuDeviceGetPCIBusId(bus, sizeof bus, 0), 0);
  EXPECT_EQ(cuDeviceGetByPCIBusId(&ordinal, bus), 0);
  EXPECT_EQ(cuDeviceGetByPCIBusId(&ordinal, "0000:77:00.0"), kInvalidDevice);
  EXPECT_EQ(cuDeviceGetByPCIBusId(&ordinal, "nonsense"), kInvalidValue);
}

TEST(Driver, CallsNeedAContextOfTheirThread) {
  testing_gpu::device();
  std::thread([] {
    CUdeviceptr address = 0;
    CUcontext current = nullptr;
    EXPECT_EQ(cuMemAlloc_v2(&address, 4), kInvalidContext);
    EXPECT_EQ(cuCtxGetCurrent(&current), 0);
    EXPECT_EQ(current, nullptr);
    EXPECT_EQ(cuCtxSynchronize(), kInvalidContext);
    EXPECT_EQ(cuCtxPopCurrent_v2(&current), kInvalidContext);
  }).join();
}

TEST(Driver, ThePrimaryContextIsCounted) {
  testing_gpu::device();
  std::thread([] {
    CUcontext first = nullptr, second = nullptr;
    unsigned flags = 0;
    int active = 1;
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&first, 0), 0);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&second, 0), 0);
    EXPECT_EQ(first, second);
    EXPECT_EQ(cuCtxSetCurrent(first), 0);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_EQ(cuCtxSynchronize(), 0);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), 0);
    EXPECT_EQ(active, 0);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), kInvalidContext);
    EXPECT_EQ(cuCtxSynchronize(), kContextIsDestroyed);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&first, 7), kInvalidDevice);
    EXPECT_EQ(cuCtxDestroy_v2(first), kInvalidContext) << "not for the primary one";
  }).join();
}

TEST_F(InContext, IsAStackOfEachThread) {
  CUcontext inner = nullptr, current = nullptr;
  EXPECT_EQ(cuCtxCreate_v2(&inner, 0, 0), 0);
  EXPECT_EQ(cuCtxGetCurrent(&current), 0);
  EXPECT_EQ(current, inner);
  EXPECT_EQ(cuCtxPopCurrent_v2(&current), 0);
  EXPECT_EQ(current, inner);
  EXPECT_EQ(cuCtxGetCurrent(&current), 0);
  EXPECT_EQ(current, context_);
  EXPECT_EQ(cuCtxPushCurrent_v2(inner), 0);
  EXPECT_EQ(cuCtxDestroy_v2(inner), 0);
  EXPECT_EQ(cuCtxGetCurrent(&current), 0);
  EXPECT_EQ(current, context_) << "destroying the current one pops it";
  EXPECT_EQ(cuCtxPushCurrent_v2(inner), kContextIsDestroyed);
  EXPECT_EQ(cuCtxPushCurrent_v2(reinterpret_cast<CUcontext>(0x1234)), kInvalidContext);
  EXPECT_EQ(cuCtxSynchronize_v2(context_), 0);
  EXPECT_EQ(cuCtxSynchronize_v2(inner), kContextIsDestroyed);
}

TEST_F(InContext, WhatItOwnsGoesWithIt) {
  std::size_t before = 0, after = 0, total = 0;
  EXPECT_EQ(cuMemGetInfo_v2(&before, &total), 0);
  CUcontext inner = nullptr;
  CUstream stream = nullptr;
  EXPECT_EQ(cuCtxCreate_v2(&inner, 0, 0), 0);
  allocate(1 << 20);
  kernel("variable table 4096\nkernel k 8\n", "k");
  EXPECT_EQ(cuStreamCreate(&stream, 0), 0);
  EXPECT_EQ(cuCtxDestroy_v2(inner), 0);
  EXPECT_EQ(cuMemGetInfo_v2(&after, &total), 0);
  EXPECT_EQ(after, before);
  EXPECT_EQ(cuStreamQuery(stream), 400);
}

}  // namespace
