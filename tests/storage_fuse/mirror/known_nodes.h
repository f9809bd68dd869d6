// Which inodes of the mirrored file system the kernel knows, by their numbers: what stays the same
// over restarts. A file that is mapped remembers how each is opened, so that a successor can.
//
// Threads: any.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_fuse/values.h"

namespace mirror {

// As name_to_handle_at(2) gives it: opens an inode that has no name any more, too.
struct InodeHandle {
  static constexpr unsigned kBytesMax = 32;
  std::uint32_t bytes = 0;
  std::int32_t type = 0;
  unsigned char data[kBytesMax] = {};
};

class KnownNodes {
 public:
  // `journal` is made where it is missing, and read where it is not.
  static base::Result<std::unique_ptr<KnownNodes>> open(const std::filesystem::path& journal);
  ~KnownNodes();

  void look_up(storage_fuse::NodeId node, const InodeHandle& handle);
  void forget(storage_fuse::NodeId node, std::uint64_t lookups);
  std::optional<InodeHandle> find(storage_fuse::NodeId node) const;

  struct Totals {
    std::uint64_t looked_up = 0, forgotten = 0, known = 0;
  };
  Totals totals() const;

 private:
  struct Record {
    storage_fuse::NodeId node;
    InodeHandle handle;
  };
  struct Known {
    InodeHandle handle;
    std::uint64_t lookups = 0;
  };
  static constexpr std::size_t kRecordsMax = 4U << 20;

  KnownNodes(base::UniqueFd file, Record* records);
  void append(storage_fuse::NodeId node, const InodeHandle& handle);

  const base::UniqueFd file_;
  Record* const records_;
  mutable std::mutex mutex_;  // guards all below
  std::size_t record_count_ = 0;
  std::unordered_map<storage_fuse::NodeId, Known> known_;
  Totals totals_;
};

}  // namespace mirror
