#include <cstring>

#include "storage_fuse/values.h"
#include "wire.h"

namespace storage_fuse {
namespace {

void put(std::byte* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

}  // namespace

bool DirectoryPage::append(std::string_view name, const Node* node, ino_t ino, mode_t type,
                           std::uint64_t next_offset) {
  const std::size_t head = with_attributes_ ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
  const std::size_t size = FUSE_DIRENT_ALIGN(head + name.size());
  const std::size_t at = bytes_.size();
  if (at + size > bytes_max_) return false;
  bytes_.resize(at + size);
  std::byte* out = bytes_.data() + at;
  if (with_attributes_) {
    // Node 0: the kernel takes the name and looks up the rest when somebody asks.
    const fuse_entry_out entry = node == nullptr ? fuse_entry_out{} : wire::entry_of(*node);
    put(out, &entry, sizeof entry);
    out += sizeof entry;
  }
  fuse_dirent dirent{};
  dirent.ino = ino;
  dirent.off = next_offset;
  dirent.namelen = static_cast<std::uint32_t>(name.size());
  dirent.type = (type & S_IFMT) >> 12;
  put(out, &dirent, FUSE_NAME_OFFSET);
  put(out + FUSE_NAME_OFFSET, name.data(), name.size());
  return true;
}

bool DirectoryPage::add(std::string_view name, const Node& node, std::uint64_t next_offset) {
  const auto& stat = node.attributes.stat;
  const bool counts = with_attributes_ && node.id != 0 && name != "." && name != "..";
  if (!append(name, counts ? &node : nullptr, stat.st_ino, stat.st_mode, next_offset)) {
    return false;
  }
  if (counts) looked_up_.push_back(node.id);
  return true;
}

bool DirectoryPage::add_bare(std::string_view name, ino_t ino, mode_t type,
                             std::uint64_t next_offset) {
  return append(name, nullptr, ino, type, next_offset);
}

}  // namespace storage_fuse
