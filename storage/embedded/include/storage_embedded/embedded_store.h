// Objects of one node, in files and SQLite: nothing to install, nothing to run beside.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "storage/object_store.h"

namespace storage_embedded {

struct EmbeddedOptions {
  std::filesystem::path directory;  // is made where it is missing
  std::size_t readers = 4;          // threads that answer reads
  std::size_t file_writers = 8;  // threads that write data objects; the disk syncs for all at once
  std::size_t requests_max = 1024;  // under way
  std::size_t bytes_max = 128 << 20;
  // What the disk must have left for data to be written; half of it for metadata. So there is room
  // to note what is removed: the log grows with that, too.
  std::uint64_t room_bytes_min = 64 << 20;
};

// Opens the store, and removes what a process that died left half-done. One process at a time has
// it, until the store's destruction, which waits for the requests that are under way; watches must
// be gone by then.
//
// Errors: kUnavailable when another process has it; kNoSpace; kPermissionDenied; kDataLoss when
// what is there is no such store; kUnsupported when a newer program wrote it.
base::Result<std::unique_ptr<storage::ObjectStore>> open_store(const EmbeddedOptions& options);

}  // namespace storage_embedded
