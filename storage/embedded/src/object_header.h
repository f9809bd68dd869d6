// What stands before the bytes of a data object in its file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/object_store.h"

namespace storage_embedded {

// A page of its own, so that an object's bytes lie as they would without it.
inline constexpr std::size_t kHeaderBytes = 4096;

struct ObjectHeader {
  storage::ObjectVersion version = 0;
  std::uint64_t bytes = 0;
  std::string space;
  std::string name;

  bool operator==(const ObjectHeader&) const = default;
};

// kHeaderBytes of them. Names are within the bounds of object_rules.h.
std::string encode(const ObjectHeader& header);
// kDataLoss for what encode() cannot have given.
base::Result<ObjectHeader> decode(std::string_view bytes);

}  // namespace storage_embedded
