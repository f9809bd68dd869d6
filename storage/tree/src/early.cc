#include "early.h"

#include <algorithm>

namespace storage_tree {

Digest digest_of(std::span<const char> bytes) { return XXH3_128bits(bytes.data(), bytes.size()); }

EarlyPieces::~EarlyPieces() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return under_way_ == 0; });
}

Early EarlyPieces::begin(const std::string& writer, InodeNumber inode, std::uint64_t index,
                         std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Writer& owner = writers_[writer];
  File& file = owner.files[inode];
  if (file.closed || file.pieces.contains(index)) return Early::kBefore;
  if (under_way_ >= most_) return Early::kNotNow;
  file.pieces[index].bytes = bytes;
  ++owner.under_way;
  ++under_way_;
  return Early::kBegun;
}

void EarlyPieces::end(const std::string& writer, InodeNumber inode, std::uint64_t index,
                      std::optional<Digest> digest, bool doubtful) {
  const std::lock_guard lock(mutex_);
  Writer& owner = writers_[writer];
  Piece& piece = owner.files[inode].pieces[index];
  piece.under_way = false;
  piece.digest = digest;
  owner.doubtful = owner.doubtful || doubtful;
  --owner.under_way;
  --under_way_;
  // Under the lock: who waits for the last one may free this object.
  if (room_) room_();
  changed_.notify_all();
}

bool EarlyPieces::is_doubtful(const std::string& writer) const {
  const std::lock_guard lock(mutex_);
  const auto found = writers_.find(writer);
  return found != writers_.end() && found->second.doubtful;
}

EarlyPieces::Pieces EarlyPieces::close(const std::string& writer, InodeNumber inode) {
  const std::lock_guard lock(mutex_);
  const auto found = writers_.find(writer);
  if (found == writers_.end()) return {};
  File& file = found->second.files[inode];
  file.closed = true;
  return file.pieces;
}

EarlyPieces::Pieces EarlyPieces::wait(const std::string& writer, InodeNumber inode) {
  std::unique_lock lock(mutex_);
  const auto found = writers_.find(writer);
  if (found == writers_.end()) return {};
  const Pieces& pieces = found->second.files[inode].pieces;
  changed_.wait(lock, [&] {
    return std::ranges::none_of(pieces, [](const auto& item) { return item.second.under_way; });
  });
  return pieces;
}

void EarlyPieces::wait(const std::string& writer) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const auto found = writers_.find(writer);
    return found == writers_.end() || found->second.under_way == 0;
  });
}

void EarlyPieces::forget(const std::string& writer) {
  const std::lock_guard lock(mutex_);
  const auto found = writers_.find(writer);
  if (found != writers_.end() && found->second.under_way == 0) writers_.erase(found);
}

}  // namespace storage_tree
