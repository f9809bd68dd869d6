// Names of namespaces and volumes as names of directories. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace storage {

// The longest encoded name; what the kernel allows a directory entry.
inline constexpr std::size_t kEncodedNameBytesMax = 255;

// `name` with every byte outside [A-Za-z0-9._-], and a leading '.', written as %XX. Different names
// have different encodings, and no encoding is ".", ".." or holds '/'.
// Errors: kInvalidArgument when `name` is empty or its encoding is longer than
// kEncodedNameBytesMax.
base::Result<std::string> encode_name(std::string_view name);

// The name whose encoding is `encoded`. kInvalidArgument when there is none.
base::Result<std::string> decode_name(std::string_view encoded);

}  // namespace storage
