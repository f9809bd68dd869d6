#include <thread>

#include "served_process.h"

namespace {

using testing_gpu::InContext;
using Streams = InContext;

constexpr int kInvalidValue = 1, kInvalidHandle = 400, kNotSupported = 801;

TEST_F(Streams, LiveUntilTheyAreDestroyed) {
  CUstream stream = nullptr;
  unsigned flags = 0;
  int capturing = 7;
  ASSERT_EQ(cuStreamCreate(&stream, 1), 0);
  EXPECT_EQ(cuStreamQuery(stream), 0);
  EXPECT_EQ(cuStreamSynchronize(stream), 0);
  EXPECT_EQ(cuStreamGetFlags(stream, &flags), 0);
  EXPECT_EQ(flags, 1U);
  EXPECT_EQ(cuStreamIsCapturing(stream, &capturing), 0);
  EXPECT_EQ(capturing, 0);
  CUcontext context = nullptr;
  EXPECT_EQ(cuStreamGetCtx(stream, &context), 0);
  EXPECT_EQ(context, context_);
  EXPECT_EQ(cuStreamDestroy_v2(stream), 0);
  EXPECT_EQ(cuStreamDestroy_v2(stream), kInvalidHandle);
  EXPECT_EQ(cuStreamSynchronize(stream), kInvalidHandle);
  EXPECT_EQ(cuStreamIsCapturing(stream, &capturing), kInvalidHandle);
  EXPECT_EQ(cuStreamCreate(&stream, 2), kInvalidValue);
  EXPECT_EQ(cuStreamCreate(nullptr, 0), kInvalidValue);
  EXPECT_EQ(cuStreamDestroy_v2(nullptr), kInvalidHandle);
}

TEST_F(Streams, TheDefaultOnesAreAlwaysThere) {
  for (const std::uintptr_t special : {0, 1, 2}) {
    const auto stream = reinterpret_cast<CUstream>(special);
    EXPECT_EQ(cuStreamSynchronize(stream), 0);
    EXPECT_EQ(cuStreamSynchronize_ptsz(stream), 0);
  }
  unsigned long long legacy = 9, first = 0, second = 0;
  EXPECT_EQ(cuStreamGetId(nullptr, &legacy), 0);
  EXPECT_EQ(cuStreamGetId_ptsz(nullptr, &first), 0);
  EXPECT_EQ(legacy, 0U);
  EXPECT_NE(first, 0U);
  std::thread([&] {
    EXPECT_EQ(cuCtxSetCurrent(context_), 0);
    EXPECT_EQ(cuStreamGetId_ptsz(nullptr, &second), 0);
  }).join();
  EXPECT_NE(second, 0U);
  EXPECT_NE(first, second) << "each thread has one of its own";
  // The thread's stream went with it.
  EXPECT_EQ(cuStreamQuery(reinterpret_cast<CUstream>(second)), kInvalidHandle);
}

TEST_F(Streams, EventsAreRecordedWaitedForAndTimed) {
  CUevent first = nullptr, second = nullptr, untimed = nullptr;
  float milliseconds = -1;
  ASSERT_EQ(cuEventCreate(&first, 0), 0);
  ASSERT_EQ(cuEventCreate(&second, 1), 0);
  ASSERT_EQ(cuEventCreate(&untimed, 2), 0);
  EXPECT_EQ(cuEventQuery(first), 0) << "never recorded is done";
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, first, second), kInvalidHandle);
  EXPECT_EQ(cuEventRecord(first, nullptr), 0);
  EXPECT_EQ(cuEventRecord(second, nullptr), 0);
  EXPECT_EQ(cuEventRecord(untimed, nullptr), 0);
  EXPECT_EQ(cuStreamWaitEvent(nullptr, first, 0), 0);
  EXPECT_EQ(cuEventSynchronize(second), 0);
  EXPECT_EQ(cuEventQuery(first), 0);
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, first, second), 0);
  EXPECT_GE(milliseconds, 0);
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, first, untimed), kInvalidHandle);
  EXPECT_EQ(cuEventRecord(first, reinterpret_cast<CUstream>(0x88)), kInvalidHandle);
  EXPECT_EQ(cuEventDestroy_v2(first), 0);
  EXPECT_EQ(cuEventDestroy_v2(first), kInvalidHandle);
  EXPECT_EQ(cuEventQuery(first), kInvalidHandle);
  EXPECT_EQ(cuEventCreate(&first, 8), kInvalidValue);
}

TEST_F(Streams, ADoneEventIsNotAskedForAgain) {
  CUevent event = nullptr;
  ASSERT_EQ(cuEventCreate(&event, 2), 0);
  EXPECT_EQ(cuEventRecord(event, nullptr), 0);
  EXPECT_EQ(cuEventQuery(event), 0);
  const auto before = testing_gpu::session().counters().calls;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cuEventQuery(event), 0);
  EXPECT_EQ(testing_gpu::session().counters().calls, before);
}

TEST_F(Streams, AHostFunctionThatTheDeviceCannotCallIsAnErrorLater) {
  EXPECT_EQ(cuLaunchHostFunc(nullptr, nullptr, nullptr), kInvalidValue);
  EXPECT_EQ(cuLaunchHostFunc(nullptr, [](void*) {}, nullptr), 0);
  EXPECT_EQ(cuCtxSynchronize(), kNotSupported);
  EXPECT_EQ(cuCtxSynchronize(), 0);
}

}  // namespace
