#include "inodes.h"

#include <algorithm>

namespace storage_tree {
namespace {

constexpr std::uint64_t kRange = 4096;
constexpr unsigned kLeasesMax = 1000;  // tries against other nodes

}  // namespace

base::Result<InodeNumber> Inodes::reserve(std::uint64_t count) {
  if (count == 0 || count > storage::kInodeMax) {
    return base::Error{base::ErrorCode::kInvalidArgument, "no such number of inodes"};
  }
  {
    const std::lock_guard lock(mutex_);
    if (end_ - next_ >= count) {
      next_ += count;
      return next_ - count;
    }
  }
  const std::uint64_t range = std::max(count, kRange);
  TRY(const InodeNumber first, lease(range));
  const std::lock_guard lock(mutex_);
  next_ = first + count;
  end_ = first + range;
  return first;
}

// Numbers whose lease was not answered are lost; there are many.
base::Result<InodeNumber> Inodes::lease(std::uint64_t count) {
  for (unsigned attempt = 0; attempt < kLeasesMax; ++attempt) {
    TRY(const auto state, volume_.state({kInodesKey}));
    const std::string found = state.raw(kInodesKey);
    TRY(const auto first, decoded<std::uint64_t>(volume_.volume_object(), kInodesKey, found));
    if (first > storage::kInodeMax || count > storage::kInodeMax - first + 1) {
      return base::Error{base::ErrorCode::kNoSpace,
                         "volume " + volume_.space + " has no inode numbers left"};
    }
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kInodesKey, found);
    write.omap_set[kInodesKey] = encode(first + count);
    auto written = volume_.write(std::move(write));
    if (written.ok()) return first;
    if (!is_conflict(written)) return std::move(written).error();
    volume_.pause(attempt);
  }
  return base::Error{base::ErrorCode::kUnavailable,
                     "volume " + volume_.space + ": others take inode numbers all the time"};
}

}  // namespace storage_tree
