// Amounts of bytes and of time as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// "2 GB", "512m", "100 B", "64kb" or a bare number of bytes. Units are powers of 1024 and are read
// without regard to case, as OpenWhisk's ByteSize does; blanks around number and unit are allowed.
// Errors: kInvalidArgument for anything else and for what does not fit 64 bits.
Result<std::int64_t> parse_bytes(std::string_view text);

// The largest unit that divides `bytes`: "2 GB", "1536 MB", "7 B". parse_bytes() reads it back.
std::string format_bytes(std::int64_t bytes);

// A number with a unit: ms, s, m (also min), h, d, or the word: "10 minutes", "250ms", "1 second".
// Errors: kInvalidArgument for anything else and for more than a hundred years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The largest unit that divides `duration`: "10 m", "1500 ms", "0 ms".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace base
