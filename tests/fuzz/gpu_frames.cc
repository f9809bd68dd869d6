// What a client may send: frames, cut anywhere, with whatever in them.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gpu_wire/frame_reader.h"
#include "gpu_wire/messages.h"
#include "testing_gpu/memory_transport.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte is how the rest is cut into pieces.
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  testing_gpu::MemoryTransport transport(bytes, std::size_t{data[0]} + 1);
  gpu_wire::FrameReader reader(transport, gpu_wire::kRequestBytesMax);
  while (true) {
    const auto frame = reader.next();
    if (!frame.ok()) return 0;
    gpu_wire::dispatch(frame->header.opcode, frame->payload, [](const auto& message) {
      std::vector<std::byte> again(message.encoded_bytes());
      message.encode(again.data());
    });
    if (!reader.skip_tail().ok()) return 0;
  }
}
