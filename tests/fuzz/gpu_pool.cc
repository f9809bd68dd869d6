// Whatever a peer of the pool, or a session, says is read or refused, and what is read is the same
// when it is written again.
#include <cstdlib>

#include "gpu_pool/message.h"
#include "gpu_pool/session_channel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = gpu_pool::decode(bytes); message.ok()) {
    const std::string again = gpu_pool::encode(*message).substr(4);
    if (again != bytes) std::abort();
  }
  if (const auto packet = gpu_pool::session_channel::decode(bytes); packet.ok()) {
    if (gpu_pool::session_channel::encode(*packet) != bytes) std::abort();
  }
  return 0;
}
