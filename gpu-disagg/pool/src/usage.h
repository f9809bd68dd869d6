// What a session has done, as bytes.
#pragma once

#include <array>

#include "base_net/bytes.h"
#include "gpu_pool/message.h"

namespace gpu_pool {

// Usage or const Usage.
template <typename Any>
auto fields_of(Any& usage) {
  return std::array{&usage.requests,    &usage.calls,     &usage.launches,
                    &usage.bytes_in,    &usage.bytes_out, &usage.memory_bytes_peak,
                    &usage.connected_ms};
}

inline void write(base_net::ByteWriter& out, const Usage& usage) {
  for (const auto* field : fields_of(usage)) out.number(*field);
}

inline void read(base_net::ByteReader& in, Usage& usage) {
  for (auto* field : fields_of(usage)) *field = in.number<std::uint64_t>();
}

}  // namespace gpu_pool
