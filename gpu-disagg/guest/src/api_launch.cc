// Launches. What can be wrong with their arguments is found here, because nobody waits for the
// session.
#include <array>
#include <cstring>

#include "guest.h"
#include "streamed.h"

namespace gpu_guest {
namespace {

constexpr std::size_t kMaxThreads = 1, kMaxBlockX = 2, kMaxGridX = 5, kSharedOptin = 97,
                      kSharedPerBlock = 8;
constexpr std::size_t kParameterBytesMax = 32'764;

struct Shape {
  std::array<unsigned, 3> grid, block;
  unsigned shared_bytes;
};

CUresult check(const Guest& guest, const Kernel& kernel, const Shape& shape) {
  std::uint64_t threads = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    if (shape.grid[i] == 0 || shape.block[i] == 0) return kInvalidValue;
    if (shape.grid[i] > static_cast<unsigned>(guest.attribute(kMaxGridX + i))) return kInvalidValue;
    if (shape.block[i] > static_cast<unsigned>(guest.attribute(kMaxBlockX + i)))
      return kInvalidValue;
    threads *= shape.block[i];
  }
  if (threads > static_cast<std::uint64_t>(guest.attribute(kMaxThreads))) return kInvalidValue;
  // Its registers or its bounds allow fewer.
  const int most = kernel.attributes[0].load(std::memory_order_relaxed);
  if (most > 0 && threads > static_cast<std::uint64_t>(most)) return kLaunchOutOfResources;
  const int shared_most = std::max(guest.attribute(kSharedOptin), guest.attribute(kSharedPerBlock));
  if (shape.shared_bytes > static_cast<unsigned>(shared_most)) return kInvalidValue;
  return kSuccess;
}

// The `extra` form: a list of words, ended by a null one; the size is behind a pointer.
CUresult packed_by_caller(void** extra, std::span<const std::byte>* parameters) {
  const void* buffer = nullptr;
  const std::size_t* bytes = nullptr;
  for (; extra[0] != nullptr; extra += 2) {
    const auto word = reinterpret_cast<std::uintptr_t>(extra[0]);
    if (word == 1) buffer = extra[1];
    if (word == 2) bytes = static_cast<const std::size_t*>(extra[1]);
    if (word > 2) return kInvalidValue;
  }
  if (buffer == nullptr || bytes == nullptr) return kInvalidValue;
  *parameters = {static_cast<const std::byte*>(buffer), *bytes};
  return kSuccess;
}

CUresult launch(CUfunction function, const Shape& shape, CUstream stream, void** parameters,
                void** extra, bool cooperative, bool per_thread) {
  ENTER_CONTEXT();
  const Kernel* const kernel = guest.kernels.find(function);
  if (kernel == nullptr) return kInvalidHandle;
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  if (const CUresult bad = check(guest, *kernel, shape); bad != kSuccess) return bad;
  if (parameters != nullptr && extra != nullptr) return kInvalidValue;
  if (kernel->parameter_bytes > kParameterBytesMax) return kInvalidValue;
  std::array<std::byte, kParameterBytesMax> packed;  // NOLINT: filled as far as it is used
  std::span<const std::byte> sent(packed.data(), kernel->parameter_bytes);
  if (extra != nullptr) {
    if (const CUresult bad = packed_by_caller(extra, &sent); bad != kSuccess) return bad;
    // What lies between and behind the parameters may be missing at the end.
    if (sent.size() > kernel->parameter_bytes) sent = sent.first(kernel->parameter_bytes);
    if (sent.size() < kernel->parameter_bytes) return kInvalidValue;
  } else if (kernel->parameter_bytes > 0) {
    if (parameters == nullptr) return kInvalidValue;
    std::memset(packed.data(), 0, kernel->parameter_bytes);
    for (std::size_t i = 0; i < kernel->parameters.size(); ++i) {
      const auto [offset, bytes] = kernel->parameters[i];
      std::memcpy(packed.data() + offset, parameters[i], bytes);
    }
  }
  return guest.post(gpu_wire::Launch{.stream = wire,
                                     .module = kernel->module,
                                     .kernel = kernel->index,
                                     .cooperative = cooperative ? 1U : 0U,
                                     .grid = shape.grid,
                                     .block = shape.block,
                                     .shared_bytes = shape.shared_bytes,
                                     .parameters = sent});
}

// Attributes that change how a launch is scheduled may be left out; those that change what it means
// may not.
constexpr unsigned kIgnore = 0, kAccessPolicy = 1, kCooperative = 2, kSyncPolicy = 3,
                   kClusterDimension = 4, kProgrammaticSerialization = 6, kPriority = 8,
                   kMemSyncDomainMap = 9, kMemSyncDomain = 10;

CUresult launch_ex(const CUlaunchConfig* config, CUfunction function, void** parameters,
                   void** extra, bool per_thread) {
  if (config == nullptr) return kInvalidValue;
  bool cooperative = false;
  for (unsigned i = 0; i < config->attribute_count; ++i) {
    if (config->attributes == nullptr) return kInvalidValue;
    const CUlaunchAttribute& attribute = config->attributes[i];
    unsigned first[3];
    std::memcpy(first, attribute.value, sizeof first);
    switch (attribute.id) {
      case kCooperative:
        cooperative = first[0] != 0;
        break;
      case kClusterDimension:
        if (first[0] > 1 || first[1] > 1 || first[2] > 1) return kNotSupported;
        break;
      case kIgnore:
      case kAccessPolicy:
      case kSyncPolicy:
      case kProgrammaticSerialization:
      case kPriority:
      case kMemSyncDomainMap:
      case kMemSyncDomain:
        break;
      default:
        return kNotSupported;
    }
  }
  return launch(function,
                {{config->grid[0], config->grid[1], config->grid[2]},
                 {config->block[0], config->block[1], config->block[2]},
                 config->shared_bytes},
                config->stream, parameters, extra, cooperative, per_thread);
}

CUresult host_function(CUstream stream, std::function<void()> function, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  const std::uint64_t number = guest.host_functions.add(guest.link(), std::move(function));
  return guest.post(gpu_wire::HostFunction{.stream = wire, .function = number});
}

CUresult launch_host(CUstream stream, CUhostFn function, void* user, bool per_thread) {
  if (function == nullptr) return kInvalidValue;
  return host_function(stream, [function, user] { function(user); }, per_thread);
}

CUresult add_callback(CUstream stream, CUstreamCallback callback, void* user, unsigned flags,
                      bool per_thread) {
  if (callback == nullptr || flags != 0) return kInvalidValue;
  return host_function(
      stream, [stream, callback, user] { callback(stream, kSuccess, user); }, per_thread);
}

}  // namespace

STREAMED(cuLaunchKernel, _ptsz,
         (CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
          unsigned bz, unsigned shared, CUstream stream, void** parameters, void** extra),
         launch(function, {{gx, gy, gz}, {bx, by, bz}, shared}, stream, parameters, extra, false,
                per_thread))
STREAMED(cuLaunchCooperativeKernel, _ptsz,
         (CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
          unsigned bz, unsigned shared, CUstream stream, void** parameters),
         launch(function, {{gx, gy, gz}, {bx, by, bz}, shared}, stream, parameters, nullptr, true,
                per_thread))
STREAMED(cuLaunchKernelEx, _ptsz,
         (const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra),
         launch_ex(config, function, parameters, extra, per_thread))
STREAMED(cuLaunchHostFunc, _ptsz, (CUstream stream, CUhostFn function, void* user),
         launch_host(stream, function, user, per_thread))
STREAMED(cuStreamAddCallback, _ptsz,
         (CUstream stream, CUstreamCallback callback, void* user, unsigned flags),
         add_callback(stream, callback, user, flags, per_thread))

// ---- occupancy

namespace {

CUresult occupancy(int* blocks, CUfunction function, int threads, std::size_t shared) {
  ENTER_CONTEXT();
  if (blocks == nullptr) return kInvalidValue;
  const Kernel* const kernel = guest.kernels.find(function);
  if (kernel == nullptr) return kInvalidHandle;
  gpu_wire::OccupancyReply reply;
  const CUresult result = guest.call(gpu_wire::Occupancy{.module = kernel->module,
                                                         .kernel = kernel->index,
                                                         .block_threads = threads,
                                                         .shared_bytes = shared},
                                     &reply);
  if (result == kSuccess) *blocks = reply.blocks;
  return result;
}

CUresult best_block(int* grid, int* block, CUfunction function, CUoccupancyB2DSize shared_of,
                    std::size_t shared, int threads_most) {
  ENTER_CONTEXT();
  if (grid == nullptr || block == nullptr) return kInvalidValue;
  // How much shared memory a block takes is known for each size by asking the program, which the
  // session cannot.
  if (shared_of != nullptr) return kNotSupported;
  const Kernel* const kernel = guest.kernels.find(function);
  if (kernel == nullptr) return kInvalidHandle;
  gpu_wire::BestBlockReply reply;
  const CUresult result = guest.call(gpu_wire::BestBlock{.module = kernel->module,
                                                         .kernel = kernel->index,
                                                         .shared_bytes = shared,
                                                         .threads_most = threads_most},
                                     &reply);
  if (result != kSuccess) return result;
  *grid = reply.grid_least;
  *block = reply.threads;
  return kSuccess;
}

}  // namespace

EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function,
                                                            int threads, std::size_t shared) {
  return occupancy(blocks, function, threads, shared);
}
EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int* blocks, CUfunction function, int threads, std::size_t shared, unsigned flags) {
  return flags > 1 ? kInvalidValue : occupancy(blocks, function, threads, shared);
}
EXPORT CUresult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, CUfunction function,
                                                 CUoccupancyB2DSize shared_of, std::size_t shared,
                                                 int threads_most) {
  return best_block(grid, block, function, shared_of, shared, threads_most);
}
EXPORT CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int* grid, int* block,
                                                          CUfunction function,
                                                          CUoccupancyB2DSize shared_of,
                                                          std::size_t shared, int threads_most,
                                                          unsigned flags) {
  return flags > 1 ? kInvalidValue
                   : best_block(grid, block, function, shared_of, shared, threads_most);
}

}  // namespace gpu_guest
