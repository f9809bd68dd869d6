// Ids as OpenWhisk writes them: Java's BigInteger for an id, an int for the counter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace invoker_zookeeper {

// Big-endian two's complement, as short as it can be: 127 is 7f, 128 is 00 80.
std::string id_to_bytes(std::int32_t id);
// Nothing where the bytes are no id: none, negative, or beyond an int.
std::optional<std::int32_t> id_from_bytes(std::string_view bytes);

// Four bytes, big-endian.
std::string counter_to_bytes(std::int32_t count);

}  // namespace invoker_zookeeper
