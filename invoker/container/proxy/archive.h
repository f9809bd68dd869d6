// Unpacking the zip archive of an action.
#pragma once

#include <string_view>

#include "base/result.h"

namespace proxy {

inline constexpr std::size_t kEntriesMax = 50'000;
inline constexpr std::size_t kNameLengthMax = 1'024;

bool looks_like_zip(std::string_view bytes);

// Unpacks `zip_bytes` into the folder `directory` (a descriptor), which nobody else changes
// meanwhile. Nothing is ever written outside of it: names that are absolute or climb with "..",
// links and devices are refused. How much may be written is for the file system to say. Errors:
// kInvalidArgument with a sentence for the developer of the action; kNoSpace.
base::Status unpack(std::string_view zip_bytes, int directory);

}  // namespace proxy
