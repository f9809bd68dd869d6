// The least that a copy between two processes can cost: sendfile over TCP.
#pragma once

#include <cstdint>
#include <string>

namespace bench_ephemeral {

// Writes `bytes` to a file in `directory` with writes of `step`, then another process sends it and
// this one reads it into a buffer of `step`, without storing it. Seconds from the first write to
// the last byte.
double plain_copy_seconds(const std::string& directory, std::uint64_t bytes, std::size_t step);

}  // namespace bench_ephemeral
