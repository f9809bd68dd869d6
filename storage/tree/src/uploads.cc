#include "uploads.h"

#include <algorithm>
#include <utility>

#include "bytes.h"

namespace storage_tree {
namespace {

constexpr std::size_t kFilesMax = 1000;  // in one operation

}  // namespace

base::Status Uploads::announce(const std::string& writer, const Objects& objects) {
  Objects left = not_announced(writer, objects);
  while (!left.empty()) {
    Objects some;
    while (!left.empty() && some.size() < kFilesMax) some.insert(left.extract(left.begin()));
    TRY_STATUS(announce_some(writer, some));
  }
  return {};
}

Uploads::Objects Uploads::not_announced(const std::string& writer, const Objects& objects) const {
  const Objects known = of(writer).value_or(Objects());
  Objects left;
  for (const auto& [inode, count] : objects) {
    const auto found = known.find(inode);
    // Values that are written ahead may be so again, long after: the mark is asked for anew.
    if (inode == 0 || found == known.end() || found->second < count) left.emplace(inode, count);
  }
  return left;
}

base::Status Uploads::announce_some(const std::string& writer, const Objects& some) {
  storage::ObjectWrite write;
  for (const auto& [inode, count] : some) {
    write.omap_set[upload_intent_key(writer, inode)] = encode(count);
  }
  const bool first = !of(writer);
  auto begin = write;
  begin.omap_set[upload_key(writer)] = mark();
  begin.omap_equals.emplace_back(upload_key(writer), "");
  base::Status written = base::Error{base::ErrorCode::kConflict, "not the first"};
  if (first) written = volume_.write(std::move(begin));
  // Another file of the writer was first, or an answer was lost.
  if (is_conflict(written)) {
    write.omap_equals.emplace_back(upload_key(writer), mark());
    written = volume_.write(std::move(write));
  }
  if (is_conflict(written)) {
    return base::Error{base::ErrorCode::kConflict, "volume " + volume_.space + ": what " + writer +
                                                       " stored has been collected"};
  }
  if (!written.ok()) return written;
  const std::lock_guard lock(mutex_);
  for (const auto& [inode, count] : some) writers_[writer][inode] = count;
  return {};
}

base::Status Uploads::adopt(const std::string& writer) {
  TRY(const auto listed, volume_.list_all(kVolumeObject, upload_intents(writer)));
  TRY(const auto state, volume_.state({upload_key(writer)}));
  const std::string found = state.raw(upload_key(writer));
  if (found.empty() || found != mark()) {
    return base::Error{base::ErrorCode::kNotFound, "volume " + volume_.space + ": nothing that " +
                                                       writer + " stored is there any more"};
  }
  Objects objects;
  for (const auto& [key, value] : listed) {
    const auto inode = unsortable(std::string_view(key).substr(upload_intents(writer).size()));
    TRY(const auto count, decoded<std::uint64_t>(volume_.volume_object(), key, value));
    if (!inode) return damaged(volume_.volume_object(), key);
    objects[*inode] = count;
  }
  const std::lock_guard lock(mutex_);
  writers_[writer] = std::move(objects);
  return {};
}

std::optional<Uploads::Objects> Uploads::of(const std::string& writer) const {
  const std::lock_guard lock(mutex_);
  const auto found = writers_.find(writer);
  if (found == writers_.end()) return std::nullopt;
  return found->second;
}

void Uploads::forget(const std::string& writer) {
  const std::lock_guard lock(mutex_);
  writers_.erase(writer);
}

// The mark goes first: from then on the attempt cannot commit, and what it stored is nobody's.
base::Status Uploads::give_up(const std::string& writer, const std::string& guard) {
  if (!guard.empty()) {
    storage::ObjectWrite fence;
    fence.omap_equals.emplace_back(upload_key(writer), guard);
    fence.omap_remove.push_back(upload_key(writer));
    TRY_STATUS(volume_.write(std::move(fence)));
  }
  TRY(auto intents, volume_.list_all(kVolumeObject, upload_intents(writer)));
  while (!intents.empty()) {
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(upload_key(writer), "");
    while (!intents.empty() && write.omap_remove.size() < kFilesMax) {
      auto node = intents.extract(intents.begin());
      const auto inode =
          unsortable(std::string_view(node.key()).substr(upload_intents(writer).size()));
      write.omap_remove.push_back(node.key());
      if (inode) write.omap_set[deletion_key(*inode, writer)] = std::move(node.mapped());
    }
    TRY_STATUS(volume_.write(std::move(write)));
  }
  return {};
}

}  // namespace storage_tree
