// Whatever another invoker may say: it is read or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "invoker_handoff/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invoker_handoff;  // NOLINT(google-build-using-namespace): this file is about it
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  while (true) {
    const auto first = base_net::first_frame(bytes, kFrameBytesMax);
    if (!first.ok() || first->empty()) return 0;
    const auto message = decode(*first);
    // What was read is written the same way.
    if (message.ok()) {
      const std::string again = encode(*message);
      if (std::string_view(again).substr(base_net::kFrameHeaderBytes) != *first) std::abort();
    }
    bytes.remove_prefix(base_net::kFrameHeaderBytes + first->size());
  }
}
