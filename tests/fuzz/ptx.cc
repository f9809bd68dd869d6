// Bytes as PTX: through the parser and the lowering, and what comes out of them is run. Nothing may be
// touched but the memory of the device, and every kernel must end.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu_host/host_device.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gpu_host::HostOptions options;
  options.memory_bytes = 1 << 20;
  options.threads = 1;
  options.kernel_time_most = std::chrono::milliseconds(20);
  const auto device = gpu_host::make_host_device(options);
  const auto buffer = device->allocate(4096);
  const auto loaded = device->load(std::as_bytes(std::span(data, size)), nullptr);
  if (!loaded.ok()) return 0;
  for (const auto& kernel : loaded->kernels) {
    // Every eight bytes of the parameters are the address of the buffer.
    std::vector<std::byte> parameters(kernel.parameter_bytes);
    for (std::size_t at = 0; at < parameters.size(); ++at) {
      parameters[at] = static_cast<std::byte>(*buffer >> (8 * (at % 8)));
    }
    gpu_device::Launch launch;
    launch.kernel = kernel.id;
    launch.grid = {2, 1, 1};
    launch.block = {40, 1, 1};
    launch.parameters = parameters;
    (void)device->launch(launch);
  }
  (void)device->synchronize();
  return 0;
}
