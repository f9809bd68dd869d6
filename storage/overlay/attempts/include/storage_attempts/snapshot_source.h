// The durable volume as one attempt reads it: what storage_tree knows, asked without waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "storage/tree.h"
#include "storage_overlay/overlay.h"

namespace storage_attempts {

using storage::Content;
using storage::Entry;
using storage::InodeNumber;
using storage::NameKey;
using storage_overlay::Listing;

// Threads: any. Time: returns at once or after short work; `done` is called exactly once, on any
// thread, also before it returns. Errors: what an operation then fails with (EIO, mostly).
class SnapshotSource {
 public:
  template <typename T>
  using Done = std::function<void(base::Result<T>)>;

  virtual ~SnapshotSource() = default;

  virtual void lookup(const NameKey& key, Done<std::optional<Entry>> done) = 0;
  virtual void list(InodeNumber directory, Done<std::shared_ptr<const Listing>> done) = 0;
  // The first of `count` new numbers.
  virtual void reserve(std::uint64_t count, Done<InodeNumber> done) = 0;
  // Fewer than `length` bytes only at the end; holes are zeros.
  virtual void read(InodeNumber inode, const Content& content, std::uint64_t offset,
                    std::uint64_t length, Done<std::string> done) = 0;
};

}  // namespace storage_attempts
