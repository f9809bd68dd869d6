#include "opener.h"

namespace storage_tree {
namespace {

base::Status make(Volume& volume) {
  Entry root;
  root.inode = storage::kRootInode;
  root.attributes.permissions = volume.options.root_permissions;
  root.attributes.uid = volume.options.root_uid;
  root.attributes.gid = volume.options.root_gid;
  root.attributes.type = storage::FileType::kDirectory;
  root.attributes.accessed = root.attributes.modified = root.attributes.changed = volume.wall();
  root.links = 2;
  Head head;
  head.keys = 1;
  storage::ObjectWrite write;
  write.absent = true;
  write.omap_set[kFormatKey] = encode(kLayoutVersion);
  write.omap_set[kHeadKey] = encode(head);
  write.omap_set[kInodesKey] = encode(storage::kRootInode + 1);
  write.omap_set[entry_key(storage::kRootKey, 0)] = encode_entry(root);
  auto written = volume.write(std::move(write));
  // Another opener was quicker.
  if (!written.ok() && written.error().code == base::ErrorCode::kAlreadyExists) return {};
  return written;
}

}  // namespace

base::Status make_or_check(Volume& volume) {
  const auto read = [&] { return volume.store.omap_get(volume.volume_object(), {kFormatKey}); };
  auto page = read();
  if (!page.ok() && page.error().code == base::ErrorCode::kNotFound) {
    TRY_STATUS(make(volume));
    page = read();
  }
  TRY(const auto found, std::move(page));
  const auto value = found.entries.find(kFormatKey);
  TRY(const auto version,
      decoded<std::uint64_t>(volume.volume_object(), kFormatKey,
                             value == found.entries.end() ? "" : value->second));
  if (version != kLayoutVersion) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "volume " + volume.space + " has layout " + std::to_string(version) +
                           "; this program knows " + std::to_string(kLayoutVersion)};
  }
  return {};
}

}  // namespace storage_tree
