// The devices that there may be, for tests that each of them must pass.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gpu_cuda/cuda_device.h"
#include "gpu_host/host_device.h"

namespace gpu_device {

struct Candidate {
  std::string name;
  // A device, or null and the reason why this machine has none.
  std::function<std::unique_ptr<Device>(std::string& reason)> make;
};

inline void PrintTo(const Candidate& candidate, std::ostream* out) { *out << candidate.name; }

// Adds `by` to `count` integers; `out` has a word of constant memory, and one of device memory.
inline constexpr const char* kProgram = R"(
.version 6.0
.target sm_70
.address_size 64
.visible .global .align 4 .u32 scale = 3;
.visible .entry add(.param .u64 values, .param .u32 by, .param .u32 count)
{
  .reg .pred %p<2>;
  .reg .b32 %r<10>;
  .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [values];
  ld.param.u32 %r1, [by];
  ld.param.u32 %r2, [count];
  mov.u32 %r3, %ctaid.x;
  mov.u32 %r4, %ntid.x;
  mov.u32 %r5, %tid.x;
  mad.lo.s32 %r6, %r3, %r4, %r5;
  setp.ge.u32 %p1, %r6, %r2;
  @%p1 bra DONE;
  cvta.to.global.u64 %rd1, %rd1;
  mul.wide.u32 %rd2, %r6, 4;
  add.s64 %rd3, %rd1, %rd2;
  ld.global.u32 %r7, [%rd3];
  ld.global.u32 %r8, [scale];
  mad.lo.u32 %r7, %r1, %r8, %r7;
  st.global.u32 [%rd3], %r7;
DONE:
  ret;
}
)";

class DeviceContract : public testing::TestWithParam<Candidate> {
 protected:
  void SetUp() override {
    std::string reason;
    device_ = GetParam().make(reason);
    if (!device_) GTEST_SKIP() << reason;
  }

  Device& device() { return *device_; }

  ModuleInfo program() {
    const std::string text = kProgram;
    std::string log;
    auto loaded = device_->load(std::as_bytes(std::span(text)), &log);
    EXPECT_TRUE(loaded.ok()) << log;
    return *loaded;
  }

  Address filled(std::uint32_t value, std::uint64_t count) {
    const auto address = device_->allocate(count * 4);
    EXPECT_TRUE(address.ok());
    EXPECT_EQ(device_->fill(*address, value, 4, count, StreamId::kLegacy), CuResult::kSuccess);
    return *address;
  }

  std::vector<std::uint32_t> read(Address address, std::size_t count) {
    std::vector<std::uint32_t> values(count);
    EXPECT_EQ(device_->copy_out(values.data(), address, count * 4, StreamId::kLegacy),
              CuResult::kSuccess);
    EXPECT_EQ(device_->synchronize(), CuResult::kSuccess);
    return values;
  }

  CuResult launch(const KernelInfo& kernel, Address values, std::uint32_t by, std::uint32_t count,
                  StreamId stream = StreamId::kLegacy) {
    std::vector<std::byte> packed(16);
    std::memcpy(packed.data(), &values, 8);
    std::memcpy(packed.data() + 8, &by, 4);
    std::memcpy(packed.data() + 12, &count, 4);
    Launch what;
    what.kernel = kernel.id;
    what.grid = {(count + 63) / 64};
    what.block = {64};
    what.parameters = packed;
    what.stream = stream;
    return device_->launch(what);
  }

 private:
  std::unique_ptr<Device> device_;
};

}  // namespace gpu_device
