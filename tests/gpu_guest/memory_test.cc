#include <array>
#include <numeric>
#include <vector>

#include "served_process.h"

namespace {

using testing_gpu::InContext;

constexpr int kInvalidValue = 1, kOutOfMemory = 2, kInvalidHandle = 400, kNotFound = 500,
              kNotSupported = 801;

class Memory : public InContext {
 protected:
  static std::vector<int> numbers(std::size_t count) {
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 1);
    return all;
  }
};

TEST_F(Memory, BytesComeBackAsTheyWent) {
  for (const std::size_t count : {1UL, 1000UL, 3'000'000UL}) {
    const std::vector<int> in = numbers(count);
    std::vector<int> out(count);
    const std::size_t bytes = count * sizeof(int);
    const CUdeviceptr a = allocate(bytes), b = allocate(bytes);
    EXPECT_EQ(cuMemcpyHtoD_v2(a, in.data(), bytes), 0);
    EXPECT_EQ(cuMemcpyDtoD_v2(b, a, bytes), 0);
    EXPECT_EQ(cuMemcpyDtoH_v2(out.data(), b, bytes), 0);
    EXPECT_EQ(in, out);
    EXPECT_EQ(cuMemFree_v2(a), 0);
    EXPECT_EQ(cuMemFree_v2(b), 0);
  }
}

TEST_F(Memory, WhatIsWrongWithARangeIsSaidAtOnce) {
  const CUdeviceptr address = allocate(100);
  std::array<char, 200> bytes{};
  EXPECT_EQ(cuMemcpyHtoD_v2(address, bytes.data(), 101), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoD_v2(address + 100, bytes.data(), 1), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoD_v2(address - 1, bytes.data(), 1), kInvalidValue);
  EXPECT_EQ(cuMemcpyDtoH_v2(bytes.data(), 0, 1), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoD_v2(address, nullptr, 1), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoD_v2(address, bytes.data(), 0), 0);
  EXPECT_EQ(cuMemFree_v2(address + 1), kInvalidValue);
  EXPECT_EQ(cuMemFree_v2(address), 0);
  EXPECT_EQ(cuMemFree_v2(address), kInvalidValue);
  EXPECT_EQ(cuMemFree_v2(0), 0);
  EXPECT_EQ(cuMemcpyHtoD_v2(address, bytes.data(), 1), kInvalidValue);
}

TEST_F(Memory, TheLeaseIsAllThereIs) {
  CUdeviceptr address = 0;
  EXPECT_EQ(cuMemAlloc_v2(&address, testing_gpu::kMemoryBytes + 1), kOutOfMemory);
  EXPECT_EQ(cuMemAlloc_v2(&address, ~std::size_t{0}), kOutOfMemory);
  EXPECT_EQ(cuMemAlloc_v2(&address, 0), kInvalidValue);
  EXPECT_EQ(cuMemAlloc_v2(nullptr, 1), kInvalidValue);
}

TEST_F(Memory, UnifiedCopiesFindOutWhereTheirEndsAre) {
  const std::vector<int> in = numbers(100);
  std::vector<int> out(100), here(100);
  const CUdeviceptr address = allocate(400);
  const auto as_pointer = [](const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); };
  EXPECT_EQ(cuMemcpy(address, as_pointer(in.data()), 400), 0);
  EXPECT_EQ(cuMemcpy(as_pointer(out.data()), address, 400), 0);
  EXPECT_EQ(cuMemcpy(as_pointer(here.data()), as_pointer(out.data()), 400), 0);
  EXPECT_EQ(here, in);
}

TEST_F(Memory, AsynchronousCopiesAreThereAfterTheStreamIsOver) {
  constexpr std::size_t kCount = 700'000;
  const std::vector<int> in = numbers(kCount);
  CUstream stream = nullptr;
  ASSERT_EQ(cuStreamCreate(&stream, 1), 0);
  void* pinned = nullptr;
  ASSERT_EQ(cuMemHostAlloc(&pinned, kCount * 4, 0), 0);
  const CUdeviceptr address = allocate(kCount * 4);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(address, in.data(), kCount * 4, stream), 0);
  EXPECT_EQ(cuMemcpyDtoHAsync_v2(pinned, address, kCount * 4, stream), 0);
  EXPECT_EQ(cuStreamSynchronize(stream), 0);
  EXPECT_EQ(std::vector<int>(static_cast<int*>(pinned), static_cast<int*>(pinned) + kCount), in);
  std::vector<int> pageable(kCount);
  EXPECT_EQ(cuMemcpyDtoHAsync_v2(pageable.data(), address, kCount * 4, stream), 0);
  EXPECT_EQ(pageable, in) << "a copy to pageable memory is over when it returns";
  EXPECT_EQ(cuMemFreeHost(pinned), 0);
  EXPECT_EQ(cuMemFreeHost(pinned), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(address, in.data(), 4, reinterpret_cast<CUstream>(0x999)),
            kInvalidHandle);
}

TEST_F(Memory, FillsReachJustTheirElements) {
  const CUdeviceptr address = allocate(64);
  std::array<unsigned char, 64> out{};
  EXPECT_EQ(cuMemsetD8_v2(address, 1, 64), 0);
  EXPECT_EQ(cuMemsetD16_v2(address + 2, 0x0202, 3), 0);
  EXPECT_EQ(cuMemsetD32_v2(address + 12, 0x03030303, 2), 0);
  EXPECT_EQ(cuMemsetD2D8_v2(address + 32, 16, 4, 5, 2), 0);
  EXPECT_EQ(cuMemcpyDtoH_v2(out.data(), address, 64), 0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    int expected = 1;
    if (i >= 2 && i < 8) expected = 2;
    if (i >= 12 && i < 20) expected = 3;
    if (i >= 32 && (i - 32) % 16 < 5) expected = 4;
    EXPECT_EQ(out[i], expected) << i;
  }
  EXPECT_EQ(cuMemsetD16_v2(address + 1, 0, 1), kInvalidValue) << "not aligned";
  EXPECT_EQ(cuMemsetD32_v2(address, 0, 17), kInvalidValue);
  EXPECT_EQ(cuMemsetD32_v2(address, 0, ~std::size_t{0} / 2), kInvalidValue);
  EXPECT_EQ(cuMemsetD2D8_v2(address, 4, 0, 5, 2), kInvalidValue) << "rows overlap";
  EXPECT_EQ(cuMemsetD8Async(address, 0, 1, reinterpret_cast<CUstream>(77)), kInvalidHandle);
}

TEST_F(Memory, RectanglesAndBoxesAreCopiedRowByRow) {
  constexpr std::size_t kWidth = 5, kRows = 3, kLayers = 2;
  std::size_t pitch = 0;
  CUdeviceptr address = 0;
  ASSERT_EQ(cuMemAllocPitch_v2(&address, &pitch, kWidth, kRows * kLayers, 4), 0);
  EXPECT_EQ(pitch % 512, 0U);
  std::array<unsigned char, kWidth * kRows * kLayers> in{}, out{};
  std::iota(in.begin(), in.end(), static_cast<unsigned char>(1));
  CUDA_MEMCPY3D box{};
  box.src_type = 1;
  box.src_host = in.data();
  box.src_pitch = kWidth;
  box.src_height = kRows;
  box.dst_type = 2;
  box.dst_device = address;
  box.dst_pitch = pitch;
  box.dst_height = kRows;
  box.width = kWidth;
  box.height = kRows;
  box.depth = kLayers;
  EXPECT_EQ(cuMemcpy3D_v2(&box), 0);
  CUDA_MEMCPY2D plane{};
  plane.src_type = 2;
  plane.src_device = address;
  plane.src_pitch = pitch;
  plane.dst_type = 1;
  plane.dst_host = out.data();
  plane.dst_pitch = kWidth;
  plane.width = kWidth;
  plane.height = kRows * kLayers;
  EXPECT_EQ(cuMemcpy2D_v2(&plane), 0);
  EXPECT_EQ(out, in);
  plane.src_type = 3;
  EXPECT_EQ(cuMemcpy2D_v2(&plane), kNotSupported) << "arrays are not here";
  plane.src_type = 9;
  EXPECT_EQ(cuMemcpy2D_v2(&plane), kInvalidValue);
  EXPECT_EQ(cuMemcpy2D_v2(nullptr), kInvalidValue);
}

TEST_F(Memory, AddressesAreKnown) {
  const CUdeviceptr address = allocate(100);
  CUdeviceptr start = 0;
  std::size_t bytes = 0;
  EXPECT_EQ(cuMemGetAddressRange_v2(&start, &bytes, address + 50), 0);
  EXPECT_EQ(start, address);
  EXPECT_EQ(bytes, 100U);
  EXPECT_EQ(cuMemGetAddressRange_v2(&start, &bytes, 5), kNotFound);
  unsigned type = 0;
  EXPECT_EQ(cuPointerGetAttribute(&type, 2, address), 0);
  EXPECT_EQ(type, 2U);
  int here = 0;
  const auto unknown = reinterpret_cast<CUdeviceptr>(&here);
  EXPECT_EQ(cuPointerGetAttribute(&type, 2, unknown), kInvalidValue);
  EXPECT_EQ(cuMemHostRegister_v2(&here, sizeof here, 0), 0);
  EXPECT_EQ(cuMemHostRegister_v2(&here, sizeof here, 0), 712);
  EXPECT_EQ(cuPointerGetAttribute(&type, 2, unknown), 0);
  EXPECT_EQ(type, 1U);
  EXPECT_EQ(cuMemHostUnregister(&here), 0);
  EXPECT_EQ(cuMemHostUnregister(&here), 713);
  int attributes[] = {2, 9};
  int ordinal = 0;
  void* to[] = {&type, &ordinal};
  EXPECT_EQ(cuPointerGetAttributes(2, attributes, to, unknown), 0);
  EXPECT_EQ(type, 0U);
  EXPECT_EQ(ordinal, -2);
}

TEST_F(Memory, InTheOrderOfAStream) {
  CUstream stream = nullptr;
  CUdeviceptr address = 0;
  ASSERT_EQ(cuStreamCreate(&stream, 0), 0);
  EXPECT_EQ(cuMemAllocAsync(&address, 100, stream), 0);
  EXPECT_EQ(cuMemsetD8Async(address, 1, 100, stream), 0);
  EXPECT_EQ(cuMemFreeAsync(address, stream), 0);
  EXPECT_EQ(cuMemFreeAsync(address, stream), kInvalidValue);
  EXPECT_EQ(cuMemAllocAsync(&address, 100, reinterpret_cast<CUstream>(77)), kInvalidHandle);
  EXPECT_EQ(cuCtxSynchronize(), 0);
}

TEST_F(Memory, ManagedAndMappedMemoryAreNotHere) {
  CUdeviceptr address = 0;
  EXPECT_EQ(cuMemAllocManaged(&address, 100, 1), kNotSupported);
  void* pinned = nullptr;
  ASSERT_EQ(cuMemAllocHost_v2(&pinned, 10), 0);
  EXPECT_EQ(cuMemHostGetDevicePointer_v2(&address, pinned, 0), kNotSupported);
  EXPECT_EQ(cuMemFreeHost(pinned), 0);
}

}  // namespace
