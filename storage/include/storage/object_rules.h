// What every ObjectStore refuses alike, with which words. For those who implement one.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace storage {

inline constexpr std::size_t kObjectNameBytesMax = 2 << 10;
inline constexpr std::size_t kObjectSpaceBytesMax = 256;
inline constexpr std::size_t kOmapKeyBytesMax = 2 << 10;

// For messages: "SPACE/NAME", odd bytes as \xHH.
std::string to_string(const ObjectId& object);

// kInvalidArgument for names, keys and changes outside the bounds of object_store.h.
base::Status check_object(const ObjectId& object);
base::Status check_write(const ObjectId& object, const ObjectWrite& change);
base::Status check_omap_keys(const ObjectId& object, const std::vector<std::string>& keys);
base::Status check_omap_list(const ObjectId& object, std::size_t most);

// Does it ask for more than guards?
bool has_steps(const ObjectWrite& change);

// The bytes that a change carries: data, and keys and values of the map.
std::size_t bytes_of(const ObjectWrite& change);

// What failed guards are answered with.
base::Error object_missing(const ObjectId& object);
base::Error object_exists(const ObjectId& object);
base::Error object_changed(const ObjectId& object);

}  // namespace storage
