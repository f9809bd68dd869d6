// What a session may send to a client: replies and events, cut anywhere.
#include <array>
#include <cstddef>
#include <cstdint>

#include "gpu_wire/client_link.h"
#include "testing_gpu/memory_transport.h"

namespace {

struct Nobody final : gpu_wire::Events {
  void host_call(std::uint64_t) override {}
  void print(std::string_view) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Nobody nobody;
  auto link = gpu_wire::ClientLink::open(
      std::make_unique<testing_gpu::MemoryTransport>(std::as_bytes(std::span(data, size))), {},
      nobody);
  if (!link.ok()) return 0;
  std::array<std::byte, 64> place{};
  (*link)->add_landing(place);
  for (int i = 0; i < 4 && !(*link)->lost(); ++i) (void)(*link)->call(gpu_wire::Load{});
  return 0;
}
