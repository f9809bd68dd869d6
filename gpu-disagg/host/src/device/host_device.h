#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>

#include "device/arena.h"
#include "device/block_pool.h"
#include "device/engine.h"
#include "device/module.h"
#include "gpu_host/host_device.h"

namespace gpu_host {

class HostDevice final : public gpu_device::Device {
 public:
  using Address = gpu_device::Address;
  using CuResult = gpu_device::CuResult;
  using EventId = gpu_device::EventId;
  using KernelId = gpu_device::KernelId;
  using ModuleId = gpu_device::ModuleId;
  using StreamId = gpu_device::StreamId;
  template <typename T>
  using Answer = gpu_device::Answer<T>;

  explicit HostDevice(const HostOptions& options);
  ~HostDevice() override;

  const gpu_device::DeviceProperties& properties() const override { return properties_; }

  gpu_device::MemoryInfo memory_info() override { return arena_.info(); }
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
  CuResult destroy_stream(StreamId stream) override { return engine_.destroy_stream(stream); }
  CuResult query_stream(StreamId stream) override { return engine_.query_stream(stream); }
  CuResult synchronize_stream(StreamId stream) override {
    return engine_.synchronize_stream(stream);
  }
  CuResult wait_event(StreamId stream, EventId event) override {
    return engine_.wait_event(stream, event);
  }
  CuResult call_host(StreamId stream, std::function<void()> call) override {
    return engine_.call_host(stream, std::move(call));
  }
  Answer<EventId> create_event(unsigned flags) override { return engine_.create_event(flags); }
  CuResult destroy_event(EventId event) override { return engine_.destroy_event(event); }
  CuResult record(EventId event, StreamId stream) override { return engine_.record(event, stream); }
  CuResult query_event(EventId event) override { return engine_.query_event(event); }
  CuResult synchronize_event(EventId event) override { return engine_.synchronize_event(event); }
  Answer<float> elapsed_ms(EventId start, EventId end) override {
    return engine_.elapsed_ms(start, end);
  }
  CuResult synchronize() override { return engine_.synchronize(); }

  CuResult sticky_error() override { return engine_.sticky(); }
  std::string fault_text() override { return engine_.fault_text(); }
  std::string take_output() override;
  CuResult interrupt() override;

 private:
  struct Kernel {
    LoadedKernel loaded;
    ModuleId module{};
    std::uint32_t dynamic_shared_most = 0;
  };
  struct Module {
    LoadedModule loaded;
    std::vector<KernelId> kernels;
  };

  gpu_device::KernelInfo describe(KernelId id, const Kernel& kernel) const;
  std::optional<Kernel> find_kernel(KernelId kernel);
  CuResult check(const gpu_device::Launch& launch, const Kernel& kernel) const;
  Fault run_grid(Grid::Setup setup);
  void print(const std::string& text);

  gpu_device::DeviceProperties properties_;
  HostOptions options_;
  Arena arena_;
  std::atomic<bool> interrupted_{false};
  std::atomic<std::uint64_t> next_grid_{1};
  std::mutex mutex_;  // guards the modules and kernels
  std::uint64_t next_id_ = 1;
  std::map<ModuleId, Module> modules_;
  std::unordered_map<std::uint64_t, Kernel> kernels_;
  std::mutex output_mutex_;  // guards output_
  std::string output_;
  BlockPool pool_;
  Engine engine_;  // the last: its threads use all the others
};

}  // namespace gpu_host
