#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "driver.h"
#include "gpu_cuda/cuda_device.h"

namespace gpu_cuda {

class CudaDevice final : public gpu_device::Device {
 public:
  using Address = gpu_device::Address;
  using CuResult = gpu_device::CuResult;
  using EventId = gpu_device::EventId;
  using KernelId = gpu_device::KernelId;
  using ModuleId = gpu_device::ModuleId;
  using StreamId = gpu_device::StreamId;
  template <typename T>
  using Answer = gpu_device::Answer<T>;

  CudaDevice(const Driver& driver, int device, Handle context);
  ~CudaDevice() override;

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
  CuResult synchronize() override;

  CuResult sticky_error() override;
  std::string fault_text() override;
  std::string take_output() override { return {}; }
  CuResult interrupt() override { return CuResult::kNotSupported; }

 private:
  struct Piece {
    std::uint64_t bytes = 0;
    std::uint64_t id = 0;
    gpu_device::MemoryKind kind = gpu_device::MemoryKind::kDevice;
    void* host = nullptr;
    bool ordered = false;
  };
  struct Kernel {
    Handle function = nullptr;
    ModuleId module{};
    std::uint32_t parameter_bytes = 0;
  };

  // Makes the context current and says what came back; faults are remembered.
  template <typename Call, typename... Arguments>
  CuResult ask(Call call, Arguments... arguments) {
    driver_.context_set(context_);
    return note(call(arguments...));
  }
  CuResult note(Result result);
  void read_properties();
  gpu_device::KernelInfo describe(KernelId id, Handle function);
  // Room under the limit for one more piece, which is then counted.
  bool reserve(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);
  void add_piece(Address address, Piece piece);
  std::optional<Piece> piece_at(Address address);
  std::optional<std::pair<Address, Piece>> piece_around(Address address);
  bool holds(Address address, std::uint64_t bytes);
  std::optional<Handle> stream_of(StreamId stream);
  std::optional<Handle> event_of(EventId event);
  std::optional<Kernel> kernel_of(KernelId kernel);

  const Driver& driver_;
  int device_;
  Handle context_;
  gpu_device::DeviceProperties properties_;
  std::mutex mutex_;  // guards all below
  CuResult sticky_ = CuResult::kSuccess;
  std::uint64_t limit_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t next_id_ = 16;
  std::map<Address, Piece> pieces_;
  std::unordered_map<std::uint64_t, Handle> modules_, streams_, events_;
  std::unordered_map<std::uint64_t, std::vector<KernelId>> module_kernels_;
  // Variables of modules, by module, once they were asked for.
  std::unordered_map<std::uint64_t, std::vector<gpu_device::GlobalInfo>> globals_;
  std::unordered_map<std::uint64_t, Kernel> kernels_;
};

}  // namespace gpu_cuda
