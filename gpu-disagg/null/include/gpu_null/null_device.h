// A device on which work costs nothing: launches do nothing, everything is done as soon as it is
// asked for. For measuring what is around a device, and for tests of that.
//
// Its code images are text, a line for each thing: `kernel NAME BYTES...` (of each parameter) or
// `variable NAME BYTES`. As gpu_device::Device says, with these exceptions: call_host() is
// kNotSupported; nothing is ever kNotReady.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "gpu_device/device.h"

namespace gpu_null {

struct Options {
  std::uint64_t memory_bytes = 1ULL << 30;
  // Whether memory holds bytes. Without, copies cost nothing and what is copied out is arbitrary.
  bool has_bytes = true;
};

class NullDevice final : public gpu_device::Device {
 public:
  using CuResult = gpu_device::CuResult;
  using Address = gpu_device::Address;
  using StreamId = gpu_device::StreamId;
  using EventId = gpu_device::EventId;
  using KernelId = gpu_device::KernelId;
  using ModuleId = gpu_device::ModuleId;
  template <typename T>
  using Answer = gpu_device::Answer<T>;

  explicit NullDevice(Options options = {});

  const gpu_device::DeviceProperties& properties() const override { return properties_; }
  gpu_device::MemoryInfo memory_info() override;
  CuResult limit_memory(std::uint64_t bytes) override;
  Answer<Address> allocate(std::uint64_t bytes) override;
  CuResult free(Address address) override;
  Answer<Address> allocate_ordered(std::uint64_t bytes, StreamId stream) override;
  CuResult free_ordered(Address address, StreamId stream) override;
  Answer<gpu_device::PinnedMemory> allocate_pinned(std::uint64_t bytes) override;
  CuResult free_pinned(void* host) override;
  Answer<gpu_device::AddressRange> range_of(Address address) override;
  Answer<gpu_device::PointerInfo> pointer_info(Address address) override;
  CuResult copy_in(Address to, const void* from, std::uint64_t bytes, StreamId stream) override;
  CuResult copy_out(void* to, Address from, std::uint64_t bytes, StreamId stream) override;
  CuResult copy(Address to, Address from, std::uint64_t bytes, StreamId stream) override;
  CuResult fill(Address to, std::uint32_t value, unsigned element_bytes, std::uint64_t count,
                StreamId stream) override;
  Answer<gpu_device::ModuleInfo> load(std::span<const std::byte> image,
                                      std::string* error_log) override;
  CuResult unload(ModuleId module) override;
  Answer<gpu_device::GlobalInfo> global(ModuleId module, const std::string& name) override;
  CuResult set_kernel_attribute(KernelId kernel, std::size_t attribute, int value) override;
  CuResult launch(const gpu_device::Launch& launch) override;
  Answer<int> blocks_per_multiprocessor(KernelId kernel, int block_threads,
                                        std::uint64_t shared_bytes) override;
  Answer<gpu_device::BlockSize> best_block_size(KernelId kernel, std::uint64_t shared_bytes,
                                                int threads_most) override;
  Answer<StreamId> create_stream(unsigned flags, int priority) override;
  CuResult destroy_stream(StreamId stream) override;
  CuResult query_stream(StreamId stream) override;
  CuResult synchronize_stream(StreamId stream) override;
  CuResult wait_event(StreamId stream, EventId event) override;
  CuResult call_host(StreamId stream, std::function<void()> call) override;
  Answer<EventId> create_event(unsigned flags) override;
  CuResult destroy_event(EventId event) override;
  CuResult record(EventId event, StreamId stream) override;
  CuResult query_event(EventId event) override;
  CuResult synchronize_event(EventId event) override;
  Answer<float> elapsed_ms(EventId start, EventId end) override;
  CuResult synchronize() override { return sticky_error(); }
  CuResult sticky_error() override;
  std::string fault_text() override { return {}; }
  std::string take_output() override { return {}; }
  CuResult interrupt() override;

  // How many launches were accepted.
  std::uint64_t launches() const { return launches_; }
  // From now on every call answers this, as after a kernel's fault.
  void fail(CuResult fault);

 private:
  struct Block {
    std::uint64_t bytes = 0;
    std::unique_ptr<std::byte[]> content;
    std::uint64_t number = 0;
  };

  std::byte* at(Address address, std::uint64_t bytes, CuResult& result);
  bool stream_exists(StreamId stream) const;

  const Options options_;
  gpu_device::DeviceProperties properties_;
  std::atomic<std::uint64_t> launches_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  CuResult fault_ = CuResult::kSuccess;
  std::uint64_t limit_ = 0, used_ = 0, last_ = 0;
  std::map<Address, Block> blocks_;
  std::map<ModuleId, gpu_device::ModuleInfo> modules_;
  std::map<KernelId, std::uint32_t> kernels_;  // their parameters' bytes
  std::set<StreamId> streams_;
  std::map<EventId, bool> events_;  // whether it has timing
};

}  // namespace gpu_null
