#include "id_bytes.h"

#include <limits>

namespace invoker_zookeeper {

std::string counter_to_bytes(std::int32_t count) {
  const auto bits = static_cast<std::uint32_t>(count);
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(bits >> shift & 0xff));
  return bytes;
}

std::string id_to_bytes(std::int32_t id) {
  std::string bytes = counter_to_bytes(id);
  // A leading zero stays where the next byte would read as a sign.
  while (bytes.size() > 1 && bytes[0] == 0 && (bytes[1] & 0x80) == 0) bytes.erase(0, 1);
  return bytes;
}

std::optional<std::int32_t> id_from_bytes(std::string_view bytes) {
  if (bytes.empty() || (bytes[0] & 0x80) != 0) return std::nullopt;
  std::int64_t value = 0;
  for (const char byte : bytes) {
    value = value << 8 | static_cast<unsigned char>(byte);
    if (value > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  }
  return static_cast<std::int32_t>(value);
}

}  // namespace invoker_zookeeper
