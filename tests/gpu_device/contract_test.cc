#include "contract.h"

#include <cstring>
#include <future>

namespace gpu_device {
namespace {

INSTANTIATE_TEST_SUITE_P(Devices, DeviceContract,
                         testing::Values(Candidate{"host",
                                                   [](std::string&) {
                                                     gpu_host::HostOptions options;
                                                     options.memory_bytes = 64 << 20;
                                                     return gpu_host::make_host_device(options);
                                                   }},
                                         Candidate{"cuda",
                                                   [](std::string& reason) {
                                                     return gpu_cuda::make_cuda_device({}, reason);
                                                   }}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(DeviceContract, SaysWhatItIs) {
  const DeviceProperties& properties = device().properties();
  EXPECT_FALSE(properties.name.empty());
  EXPECT_GT(properties.memory_bytes_total, 0U);
  EXPECT_TRUE(properties.known[kWarpSize]);
  EXPECT_EQ(properties.attributes[kWarpSize], 32);
  EXPECT_GE(properties.attributes[kComputeCapabilityMajor], 7);
  EXPECT_GE(properties.attributes[kMultiprocessorCount], 1);
}

TEST_P(DeviceContract, FreshMemoryIsZerosEvenWhenItWasUsedBefore) {
  for (int turn = 0; turn < 3; ++turn) {
    const auto address = device().allocate(40000);
    ASSERT_TRUE(address.ok());
    EXPECT_EQ(*address % 256, 0U);
    EXPECT_EQ(read(*address, 10000), std::vector<std::uint32_t>(10000));
    ASSERT_EQ(device().fill(*address, 0xAB, 1, 40000, StreamId::kLegacy), CuResult::kSuccess);
    EXPECT_EQ(read(*address, 1)[0], 0xABABABABU);
    ASSERT_EQ(device().free(*address), CuResult::kSuccess);
  }
}

TEST_P(DeviceContract, WhatIsNoAllocationIsAnInvalidValue) {
  const auto address = device().allocate(64);
  ASSERT_TRUE(address.ok());
  std::array<char, 128> here{};
  EXPECT_EQ(device().allocate(0).result(), CuResult::kInvalidValue);
  EXPECT_EQ(device().free(0), CuResult::kSuccess);
  EXPECT_EQ(device().free(*address + 8), CuResult::kInvalidValue);
  EXPECT_EQ(device().copy_in(*address, here.data(), 65, StreamId::kLegacy),
            CuResult::kInvalidValue);
  EXPECT_EQ(device().copy_out(here.data(), *address + 60, 8, StreamId::kLegacy),
            CuResult::kInvalidValue);
  EXPECT_EQ(device().copy(*address, *address + 100000, 1, StreamId::kLegacy),
            CuResult::kInvalidValue);
  EXPECT_EQ(device().copy_in(*address, here.data(), ~std::uint64_t{0}, StreamId::kLegacy),
            CuResult::kInvalidValue);
  EXPECT_EQ(device().fill(*address, 0, 3, 1, StreamId::kLegacy), CuResult::kInvalidValue);
  EXPECT_EQ(device().fill(*address, 0, 4, std::uint64_t{1} << 62, StreamId::kLegacy),
            CuResult::kInvalidValue);
  EXPECT_EQ(device().free(*address), CuResult::kSuccess);
  EXPECT_EQ(device().free(*address), CuResult::kInvalidValue);
  EXPECT_EQ(device().sticky_error(), CuResult::kSuccess);
}

TEST_P(DeviceContract, AnAddressLeadsToItsAllocation) {
  const auto address = device().allocate(1000);
  ASSERT_TRUE(address.ok());
  const auto range = device().range_of(*address + 999);
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->start, *address);
  EXPECT_EQ(range->bytes, 1000U);
  EXPECT_EQ(device().range_of(*address + 1000).result(), CuResult::kNotFound);
  EXPECT_EQ(device().range_of(17).result(), CuResult::kNotFound);
  EXPECT_EQ(device().pointer_info(*address)->kind, MemoryKind::kDevice);
}

TEST_P(DeviceContract, TheLimitHoldsForAllMemoryTogether) {
  ASSERT_EQ(device().limit_memory(1 << 20), CuResult::kSuccess);
  EXPECT_EQ(device().memory_info().total_bytes, std::uint64_t{1} << 20);
  const auto first = device().allocate(600 << 10);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(device().allocate(600 << 10).result(), CuResult::kOutOfMemory);
  EXPECT_EQ(device().allocate_pinned(600 << 10).result(), CuResult::kOutOfMemory);
  EXPECT_EQ(device().allocate(~std::uint64_t{0}).result(), CuResult::kOutOfMemory);
  EXPECT_EQ(device().memory_info().free_bytes, 424U << 10);
  ASSERT_EQ(device().free(*first), CuResult::kSuccess);
  EXPECT_TRUE(device().allocate(600 << 10).ok());
  EXPECT_EQ(device().limit_memory(std::uint64_t{1} << 62), CuResult::kInvalidValue);
}

TEST_P(DeviceContract, PinnedMemoryIsReachedFromBothSides) {
  const auto pinned = device().allocate_pinned(4096);
  ASSERT_TRUE(pinned.ok());
  EXPECT_EQ(device().pointer_info(pinned->device + 8)->host, pinned->host);
  EXPECT_EQ(device().pointer_info(pinned->device)->kind, MemoryKind::kPinned);
  const auto module = program();
  auto* values = static_cast<std::uint32_t*>(pinned->host);
  std::fill_n(values, 64, 5U);
  ASSERT_EQ(launch(module.kernels.at(0), pinned->device, 2, 64), CuResult::kSuccess);
  ASSERT_EQ(device().synchronize(), CuResult::kSuccess);
  EXPECT_EQ(values[63], 11U);
  EXPECT_EQ(device().free_pinned(pinned->host), CuResult::kSuccess);
  EXPECT_EQ(device().free_pinned(pinned->host), CuResult::kInvalidValue);
}

TEST_P(DeviceContract, AModuleTellsItsKernelsWithTheirParameters) {
  const auto module = program();
  ASSERT_EQ(module.kernels.size(), 1U);
  const KernelInfo& kernel = module.kernels[0];
  EXPECT_EQ(kernel.name, "add");
  EXPECT_EQ(kernel.parameters, (std::vector<ParameterLayout>{{0, 8}, {8, 4}, {12, 4}}));
  EXPECT_EQ(kernel.parameter_bytes, 16U);
  EXPECT_GE(kernel.attributes[kKernelMaxThreadsPerBlock], 64);
  EXPECT_EQ(kernel.attributes[kKernelSharedBytes], 0);
}

TEST_P(DeviceContract, KernelsAddAndVariablesMayBeChanged) {
  const auto module = program();
  const Address values = filled(100, 1000);
  ASSERT_EQ(launch(module.kernels[0], values, 2, 1000), CuResult::kSuccess);
  EXPECT_EQ(read(values, 1000), std::vector<std::uint32_t>(1000, 106));
  const auto scale = device().global(module.id, "scale");
  ASSERT_TRUE(scale.ok());
  EXPECT_EQ(scale->bytes, 4U);
  const std::uint32_t ten = 10;
  ASSERT_EQ(device().copy_in(scale->address, &ten, 4, StreamId::kLegacy), CuResult::kSuccess);
  ASSERT_EQ(launch(module.kernels[0], values, 2, 500), CuResult::kSuccess);
  const auto after = read(values, 1000);
  EXPECT_EQ(after[499], 126U);
  EXPECT_EQ(after[500], 106U);
  EXPECT_EQ(device().global(module.id, "nothing").result(), CuResult::kNotFound);
}

TEST_P(DeviceContract, LaunchesThatCannotBeAreRefusedAtOnce) {
  const auto module = program();
  const Address values = filled(0, 64);
  std::vector<std::byte> packed(16);
  std::memcpy(packed.data(), &values, 8);
  Launch what;
  what.kernel = module.kernels[0].id;
  what.parameters = packed;
  for (const auto& [grid, block] :
       {std::pair(Dim3{0, 1, 1}, Dim3{1, 1, 1}), std::pair(Dim3{1, 1, 1}, Dim3{1, 0, 1}),
        std::pair(Dim3{1, 1, 1}, Dim3{1025, 1, 1}), std::pair(Dim3{1, 1, 1}, Dim3{1, 1, 65}),
        std::pair(Dim3{1, 70000, 1}, Dim3{1, 1, 1})}) {
    what.grid = grid;
    what.block = block;
    EXPECT_EQ(device().launch(what), CuResult::kInvalidValue);
  }
  what.grid = what.block = Dim3{};
  what.shared_bytes = 1 << 20;
  EXPECT_EQ(device().launch(what), CuResult::kInvalidValue);
  what.shared_bytes = 0;
  what.parameters = std::span(packed).first(8);
  EXPECT_EQ(device().launch(what), CuResult::kInvalidValue);
  what.parameters = packed;
  what.kernel = static_cast<KernelId>(987654);
  EXPECT_EQ(device().launch(what), CuResult::kInvalidHandle);
  what.kernel = module.kernels[0].id;
  what.stream = static_cast<StreamId>(987654);
  EXPECT_EQ(device().launch(what), CuResult::kInvalidHandle);
  EXPECT_EQ(device().synchronize(), CuResult::kSuccess);
}

TEST_P(DeviceContract, ImagesThatAreNoneAreRefusedWithAReason) {
  const auto refused = [&](const std::string& text) {
    std::string log;
    const auto answer = device().load(std::as_bytes(std::span(text)), &log);
    EXPECT_FALSE(log.empty() && answer.result() == CuResult::kInvalidPtx) << text;
    return answer.result();
  };
  EXPECT_EQ(refused(".version 6.0\n.target sm_70\n.entry k() { nonsense.u32 %r1; }"),
            CuResult::kInvalidPtx);
  EXPECT_EQ(refused("\x01\x02\x03\x04\x05\x06\x07\x08"), CuResult::kInvalidImage);
}

TEST_P(DeviceContract, AnUnloadedModuleIsGone) {
  const auto module = program();
  EXPECT_EQ(device().unload(module.id), CuResult::kSuccess);
  EXPECT_EQ(device().unload(module.id), CuResult::kInvalidHandle);
  EXPECT_EQ(launch(module.kernels[0], filled(0, 64), 1, 64), CuResult::kInvalidHandle);
}

TEST_P(DeviceContract, AStreamDoesItsWorkInOrder) {
  const auto module = program();
  const auto stream = device().create_stream(kStreamNonBlocking, 0);
  ASSERT_TRUE(stream.ok());
  const Address values = filled(0, 1000);
  ASSERT_EQ(device().synchronize(), CuResult::kSuccess);
  for (int turn = 0; turn < 50; ++turn) {
    ASSERT_EQ(launch(module.kernels[0], values, 1, 1000, *stream), CuResult::kSuccess);
  }
  std::vector<std::uint32_t> got(1000);
  ASSERT_EQ(device().copy_out(got.data(), values, 4000, *stream), CuResult::kSuccess);
  ASSERT_EQ(device().synchronize_stream(*stream), CuResult::kSuccess);
  EXPECT_EQ(got, std::vector<std::uint32_t>(1000, 150));
  EXPECT_EQ(device().query_stream(*stream), CuResult::kSuccess);
  EXPECT_EQ(device().destroy_stream(*stream), CuResult::kSuccess);
  EXPECT_EQ(device().synchronize_stream(*stream), CuResult::kInvalidHandle);
  EXPECT_EQ(device().destroy_stream(StreamId::kLegacy), CuResult::kInvalidHandle);
}

TEST_P(DeviceContract, AHostFunctionStallsItsStreamAlone) {
  const auto stalled = device().create_stream(kStreamNonBlocking, 0);
  const auto other = device().create_stream(kStreamNonBlocking, 0);
  ASSERT_TRUE(stalled.ok() && other.ok());
  const Address values = filled(1, 16);
  ASSERT_EQ(device().synchronize(), CuResult::kSuccess);
  std::promise<void> go;
  ASSERT_EQ(device().call_host(*stalled, [&go] { go.get_future().wait(); }), CuResult::kSuccess);
  ASSERT_EQ(device().fill(values, 2, 4, 8, *stalled), CuResult::kSuccess);
  std::uint32_t seen = 0;
  ASSERT_EQ(device().copy_out(&seen, values, 4, *other), CuResult::kSuccess);
  ASSERT_EQ(device().synchronize_stream(*other), CuResult::kSuccess);
  EXPECT_EQ(seen, 1U);
  EXPECT_EQ(device().query_stream(*stalled), CuResult::kNotReady);
  go.set_value();
  ASSERT_EQ(device().synchronize_stream(*stalled), CuResult::kSuccess);
  EXPECT_EQ(read(values, 1)[0], 2U);
}

TEST_P(DeviceContract, TheLegacyStreamWaitsForOthersAndTheyForIt) {
  const auto blocking = device().create_stream(0, 0);
  ASSERT_TRUE(blocking.ok());
  const Address values = filled(1, 16);
  std::promise<void> go;
  ASSERT_EQ(device().call_host(*blocking, [&go] { go.get_future().wait(); }), CuResult::kSuccess);
  ASSERT_EQ(device().fill(values, 2, 4, 16, *blocking), CuResult::kSuccess);
  // Each behind the one before, though on another stream.
  ASSERT_EQ(device().fill(values, 3, 4, 8, StreamId::kLegacy), CuResult::kSuccess);
  ASSERT_EQ(device().fill(values, 4, 4, 4, StreamId::kPerThread), CuResult::kSuccess);
  EXPECT_EQ(device().query_stream(StreamId::kPerThread), CuResult::kNotReady);
  go.set_value();
  const auto got = read(values, 16);
  EXPECT_EQ(got[0], 4U);
  EXPECT_EQ(got[4], 3U);
  EXPECT_EQ(got[8], 2U);
}

TEST_P(DeviceContract, EventsOrderStreamsAndMeasureTime) {
  const auto first = device().create_stream(kStreamNonBlocking, 0);
  const auto second = device().create_stream(kStreamNonBlocking, 0);
  const auto start = device().create_event(0), end = device().create_event(0);
  ASSERT_TRUE(first.ok() && second.ok() && start.ok() && end.ok());
  const Address values = filled(1, 16);
  ASSERT_EQ(device().synchronize(), CuResult::kSuccess);
  EXPECT_EQ(device().query_event(*end), CuResult::kSuccess);
  EXPECT_EQ(device().elapsed_ms(*start, *end).result(), CuResult::kInvalidHandle);
  std::promise<void> go;
  ASSERT_EQ(device().record(*start, *first), CuResult::kSuccess);
  ASSERT_EQ(device().call_host(*first, [&go] { go.get_future().wait(); }), CuResult::kSuccess);
  ASSERT_EQ(device().fill(values, 7, 4, 16, *first), CuResult::kSuccess);
  ASSERT_EQ(device().record(*end, *first), CuResult::kSuccess);
  ASSERT_EQ(device().wait_event(*second, *end), CuResult::kSuccess);
  std::uint32_t seen = 0;
  ASSERT_EQ(device().copy_out(&seen, values, 4, *second), CuResult::kSuccess);
  EXPECT_EQ(device().query_event(*end), CuResult::kNotReady);
  EXPECT_EQ(device().elapsed_ms(*start, *end).result(), CuResult::kNotReady);
  go.set_value();
  ASSERT_EQ(device().synchronize_stream(*second), CuResult::kSuccess);
  EXPECT_EQ(seen, 7U);
  EXPECT_EQ(device().synchronize_event(*end), CuResult::kSuccess);
  const auto elapsed = device().elapsed_ms(*start, *end);
  ASSERT_TRUE(elapsed.ok());
  EXPECT_GE(*elapsed, 0.0F);
  EXPECT_EQ(device().destroy_event(*end), CuResult::kSuccess);
  EXPECT_EQ(device().record(*end, *first), CuResult::kInvalidHandle);
}

TEST_P(DeviceContract, OrderedMemoryIsFreedInItsTurn) {
  const auto stream = device().create_stream(kStreamNonBlocking, 0);
  const auto address = device().allocate_ordered(4096, *stream);
  ASSERT_TRUE(address.ok());
  ASSERT_EQ(device().fill(*address, 9, 4, 1024, *stream), CuResult::kSuccess);
  std::uint32_t seen = 0;
  ASSERT_EQ(device().copy_out(&seen, *address + 4092, 4, *stream), CuResult::kSuccess);
  ASSERT_EQ(device().free_ordered(*address, *stream), CuResult::kSuccess);
  ASSERT_EQ(device().synchronize_stream(*stream), CuResult::kSuccess);
  EXPECT_EQ(seen, 9U);
  EXPECT_EQ(device().range_of(*address).result(), CuResult::kNotFound);
}

TEST_P(DeviceContract, OccupancyIsAnswered) {
  const auto module = program();
  const auto blocks = device().blocks_per_multiprocessor(module.kernels[0].id, 64, 0);
  ASSERT_TRUE(blocks.ok());
  EXPECT_GE(*blocks, 1);
  const auto best = device().best_block_size(module.kernels[0].id, 0, 0);
  ASSERT_TRUE(best.ok());
  EXPECT_GE(best->threads, 32);
  EXPECT_GE(best->grid_least, 1);
  EXPECT_EQ(device().blocks_per_multiprocessor(static_cast<KernelId>(99999), 64, 0).result(),
            CuResult::kInvalidHandle);
}

TEST_P(DeviceContract, AFaultIsAnsweredForEver) {
  const auto module = program();
  ASSERT_EQ(launch(module.kernels[0], 0x10, 1, 64), CuResult::kSuccess);
  EXPECT_EQ(device().synchronize(), CuResult::kIllegalAddress);
  EXPECT_EQ(device().sticky_error(), CuResult::kIllegalAddress);
  EXPECT_FALSE(device().fault_text().empty());
  EXPECT_EQ(device().synchronize(), CuResult::kIllegalAddress);
  EXPECT_NE(launch(module.kernels[0], 0x10, 1, 64), CuResult::kSuccess);
}

TEST(CudaDevice, WithoutADriverThereIsAReason) {
  std::string reason;
  EXPECT_EQ(gpu_cuda::make_cuda_device({.library = "libno-such-driver.so"}, reason), nullptr);
  EXPECT_NE(reason.find("libno-such-driver.so"), std::string::npos);
}

}  // namespace
}  // namespace gpu_device
