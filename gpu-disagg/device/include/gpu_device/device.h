// One GPU, real or played by the CPU, as one session sees it: one context, one address space.
//
// Threads: any method from any thread. Calls of one thread on one stream take effect in their
// order. Time: `launch`, `copy_*`, `fill`, `record`, `wait_event` and `call_host` only queue;
// synchronize*()
//   waits without a limit, as long as the work before it takes (interrupt() ends that where the
//   device can); allocate(), free() and load() may wait for queued work.
// Streams: StreamId 0 and 1 are the legacy default stream, 2 is the per-thread default stream of
// the
//   session's one thread. Work on the legacy stream waits for all work before it on every stream
//   that is not "non-blocking", and such streams wait for it.
// Ownership: memory of the host handed to copy_*() stays the caller's, and must stay as it is until
//   the stream has passed the copy.
// Errors: CUresult numbers. Arguments are checked before anything is queued. A fault of a kernel
//   (illegal address, misaligned address, time-out, assertion ...) is sticky: each later call that
//   can fail answers it, until the device object is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "gpu_device/module.h"
#include "gpu_device/properties.h"
#include "gpu_device/result.h"

namespace gpu_device {

enum class StreamId : std::uint64_t { kLegacy = 0, kLegacyNamed = 1, kPerThread = 2 };
enum class EventId : std::uint64_t {};

struct Dim3 {
  std::uint32_t x = 1, y = 1, z = 1;
};

struct MemoryInfo {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;  // the limit where there is one
};

struct AddressRange {
  Address start = 0;
  std::uint64_t bytes = 0;
};

// Host memory of the device's own process that copies reach fastest and kernels see at `device`.
struct PinnedMemory {
  void* host = nullptr;
  Address device = 0;
};

enum class MemoryKind { kDevice, kPinned, kGlobal };

// What cuPointerGetAttribute tells of an address.
struct PointerInfo {
  MemoryKind kind = MemoryKind::kDevice;
  AddressRange range;
  void* host = nullptr;         // where kPinned memory lies in this process, for `range.start`
  std::uint64_t buffer_id = 0;  // differs for each allocation of the device's life
};

struct Launch {
  KernelId kernel{};
  Dim3 grid, block;
  std::uint32_t shared_bytes = 0;  // dynamic
  std::span<const std::byte>
      parameters;  // packed as KernelInfo says; copied before launch() returns
  StreamId stream = StreamId::kLegacy;
  bool cooperative = false;
};

struct BlockSize {
  int threads = 0;     // per block, for the best occupancy
  int grid_least = 0;  // blocks that fill the device
};

// Bits of CUstream_flags and CUevent_flags.
inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventBlockingSync = 1;
inline constexpr unsigned kEventDisableTiming = 2;

class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceProperties& properties() const = 0;

  // ---- memory
  virtual MemoryInfo memory_info() = 0;
  // Bytes that allocations, module variables and pinned memory may hold together from now on; what
  // is held already stays. kInvalidValue when it is more than the device has.
  virtual CuResult limit_memory(std::uint64_t bytes) = 0;
  // 256-byte aligned, filled with zeros. kInvalidValue for 0 bytes, kOutOfMemory.
  virtual Answer<Address> allocate(std::uint64_t bytes) = 0;
  // After all queued work. Address 0 is nothing to do; kInvalidValue for what no allocate() gave.
  virtual CuResult free(Address address) = 0;
  // The same in the order of a stream: the memory is usable after, and freed at, that point.
  virtual Answer<Address> allocate_ordered(std::uint64_t bytes, StreamId stream) = 0;
  virtual CuResult free_ordered(Address address, StreamId stream) = 0;
  virtual Answer<PinnedMemory> allocate_pinned(std::uint64_t bytes) = 0;
  virtual CuResult free_pinned(void* host) = 0;
  // kNotFound where no allocation holds the address; its start may lie before it.
  virtual Answer<AddressRange> range_of(Address address) = 0;
  virtual Answer<PointerInfo> pointer_info(Address address) = 0;

  // Each range of the device must lie in one allocation: kInvalidValue otherwise.
  virtual CuResult copy_in(Address to, const void* from, std::uint64_t bytes, StreamId stream) = 0;
  virtual CuResult copy_out(void* to, Address from, std::uint64_t bytes, StreamId stream) = 0;
  virtual CuResult copy(Address to, Address from, std::uint64_t bytes, StreamId stream) = 0;
  // `count` elements of 1, 2 or 4 bytes, each the low bytes of `value`.
  virtual CuResult fill(Address to, std::uint32_t value, unsigned element_bytes,
                        std::uint64_t count, StreamId stream) = 0;

  // ---- code
  // Of PTX text (a final NUL may be there), one or more fat binary containers in a row, or a cubin.
  // kInvalidImage, kInvalidPtx, kNoBinaryForGpu (nothing in it that this device can run),
  // kUnsupportedPtxVersion, kOutOfMemory. `error_log`, when given, is replaced: sentences with
  // lines.
  virtual Answer<ModuleInfo> load(std::span<const std::byte> image, std::string* error_log) = 0;
  // After all queued work.
  virtual CuResult unload(ModuleId module) = 0;
  virtual Answer<GlobalInfo> global(ModuleId module, const std::string& name) = 0;
  // Only those that cuFuncSetAttribute may set; what is read is in the reply to load() until set.
  virtual CuResult set_kernel_attribute(KernelId kernel, std::size_t attribute, int value) = 0;
  virtual CuResult launch(const Launch& launch) = 0;
  virtual Answer<int> blocks_per_multiprocessor(KernelId kernel, int block_threads,
                                                std::uint64_t shared_bytes) = 0;
  // `threads_most` 0 is no limit.
  virtual Answer<BlockSize> best_block_size(KernelId kernel, std::uint64_t shared_bytes,
                                            int threads_most) = 0;

  // ---- streams and events
  virtual Answer<StreamId> create_stream(unsigned flags, int priority) = 0;
  // Its queued work is still done.
  virtual CuResult destroy_stream(StreamId stream) = 0;
  // kNotReady while work is queued.
  virtual CuResult query_stream(StreamId stream) = 0;
  virtual CuResult synchronize_stream(StreamId stream) = 0;
  virtual CuResult wait_event(StreamId stream, EventId event) = 0;
  // `call` runs on a thread of the device, must not call the device, and stalls the stream until it
  // returns. Not called once an error is sticky.
  virtual CuResult call_host(StreamId stream, std::function<void()> call) = 0;
  virtual Answer<EventId> create_event(unsigned flags) = 0;
  virtual CuResult destroy_event(EventId event) = 0;
  virtual CuResult record(EventId event, StreamId stream) = 0;
  // kSuccess when never recorded or done, kNotReady before.
  virtual CuResult query_event(EventId event) = 0;
  virtual CuResult synchronize_event(EventId event) = 0;
  // kInvalidHandle when one was never recorded or has no timing, kNotReady when one is not done.
  virtual Answer<float> elapsed_ms(EventId start, EventId end) = 0;
  // All streams.
  virtual CuResult synchronize() = 0;

  // ---- faults and output
  // kSuccess, or the fault that ended the context.
  virtual CuResult sticky_error() = 0;
  // One sentence on the fault, for a person: kernel, line, address; empty when there is none.
  virtual std::string fault_text() = 0;
  // What kernels printed since the last call; whole after a synchronize*().
  virtual std::string take_output() = 0;
  // Ends what runs and what is queued with kLaunchTimeout, sticky, soon. kNotSupported where only
  // the end of the process does that.
  virtual CuResult interrupt() = 0;
};

}  // namespace gpu_device
