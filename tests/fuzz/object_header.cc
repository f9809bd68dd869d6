// The header of a data object's file: whatever stands there is decoded or refused, and what was
// decoded is the same once encoded.
#include "object_header.h"

#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  // Most inputs are short: as a file has it, zeros follow.
  bytes.resize(storage_embedded::kHeaderBytes);
  const auto header = storage_embedded::decode(bytes);
  if (!header.ok()) return 0;
  const auto again = storage_embedded::decode(encode(*header));
  if (!again.ok() || !(*again == *header)) __builtin_trap();
  return 0;
}
