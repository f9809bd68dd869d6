// What is measured, over any object store.
#pragma once

#include <cstddef>
#include <string>

#include "storage/object_store.h"

namespace bench {

inline constexpr std::size_t kValueBytes = 4 << 10;
inline constexpr std::size_t kObjectBytes = 4 << 20;
inline constexpr std::size_t kObjects = 64;   // 256 MiB
inline constexpr std::size_t kUnderWay = 16;  // as `rados bench` has it

// One change: a guard on the head, the head moved on, and `values` values of 4 KiB; what a commit
// of so many small files is. Milliseconds, the mean of `rounds`.
double commit_ms(storage::ObjectStore& store, const std::string& space, int values, int rounds);

// kObjects data objects of kObjectBytes, kUnderWay at a time. MiB/s; they are removed afterwards.
double upload_mib_s(storage::ObjectStore& store, const std::string& space);

}  // namespace bench
