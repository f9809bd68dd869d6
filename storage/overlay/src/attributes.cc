// Attributes, extended ones too.
#include <sys/stat.h>

#include <cerrno>

#include "state.h"

namespace storage_overlay {
namespace {

constexpr std::size_t kXattrNameBytesMax = 255;
constexpr std::size_t kXattrsBytesMax = 64 << 10;
constexpr const char* kCapability = "security.capability";

// What a write, a new size or a new owner takes away from a file that runs with more rights.
void drop_privileges(Attributes& attributes) {
  if (attributes.type == FileType::kDirectory) return;
  attributes.permissions &= ~static_cast<mode_t>(S_ISUID);
  if ((attributes.permissions & S_IXGRP) != 0)
    attributes.permissions &= ~static_cast<mode_t>(S_ISGID);
  attributes.xattrs.erase(kCapability);
}

void apply_change(Attributes& attributes, const AttributeChange& change, FileTime now) {
  if (change.drop_privileges || change.uid || change.gid) drop_privileges(attributes);
  if (change.permissions) attributes.permissions = *change.permissions & 07777;
  if (change.uid) attributes.uid = *change.uid;
  if (change.gid) attributes.gid = *change.gid;
  if (change.written) attributes.modified = now;
  if (change.accessed) attributes.accessed = *change.accessed;
  if (change.modified) attributes.modified = *change.modified;
}

std::size_t bytes_of(const std::map<std::string, std::string>& xattrs) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : xattrs) bytes += name.size() + value.size();
  return bytes;
}

// The tier of what is made in a directory may be said at any time; that of a file was said when it
// was made.
int check_tier(const Found& file, std::string_view value) {
  if (value != "ephemeral" && value != "durable") return EINVAL;
  if (file.is_directory()) return 0;
  const bool ephemeral = file.node == nullptr;
  return ephemeral == (value == "ephemeral") ? 0 : EOPNOTSUPP;
}

}  // namespace

Answer<Done> Overlay::State::keep(const Found& file, Attributes attributes, FileTime now) {
  attributes.changed = now;
  if (file.node == nullptr) {
    if (const int error = live->change(file.inode, attributes); error != 0) return fail(error);
    return Done{};
  }
  TRY_STATUS(room());
  Node& node = *file.node;
  // Times that were set by hand are not overtaken by a step from before.
  if (node.is_directory() && node.touched && attributes.modified != node.attributes.modified)
    node.touched.reset();
  update(file.inode, node, std::move(attributes));
  return Done{};
}

Answer<View> Overlay::change(InodeNumber inode, const AttributeChange& change, const Act& act) {
  TRY(const Found file, state_->file(inode));
  Attributes attributes = file.attributes();
  apply_change(attributes, change, act.now);
  TRY_STATUS(state_->keep(file, std::move(attributes), change.changed.value_or(act.now)));
  return view(inode);
}

Answer<std::string> Overlay::xattr(InodeNumber inode, std::string_view name) {
  TRY(const Found file, state_->file(inode));
  const auto& xattrs = file.attributes().xattrs;
  if (const auto at = xattrs.find(std::string(name)); at != xattrs.end()) return at->second;
  if (name != kTierXattr || state_->live == nullptr) return fail(ENODATA);
  return std::string(file.node == nullptr ? "ephemeral" : "durable");
}

Answer<std::vector<std::string>> Overlay::xattrs(InodeNumber inode) {
  TRY(const Found file, state_->file(inode));
  std::vector<std::string> names;
  for (const auto& [name, value] : file.attributes().xattrs) names.push_back(name);
  return names;
}

Answer<Done> Overlay::set_xattr(InodeNumber inode, std::string_view name, std::string_view value,
                                XattrMode mode, const Act& act) {
  TRY(const Found file, state_->file(inode));
  // Access lists would have to be checked by us: the kernel looks at modes alone here.
  if (name.empty() || name.starts_with("system.")) return fail(EOPNOTSUPP);
  if (name.size() > kXattrNameBytesMax) return fail(ERANGE);
  if (name == kTierXattr)
    if (const int error = check_tier(file, value); error != 0) return fail(error);
  Attributes attributes = file.attributes();
  const bool exists = attributes.xattrs.contains(std::string(name));
  if (mode == XattrMode::kCreate && exists) return fail(EEXIST);
  if (mode == XattrMode::kReplace && !exists) return fail(ENODATA);
  attributes.xattrs[std::string(name)] = value;
  if (bytes_of(attributes.xattrs) > kXattrsBytesMax) return fail(ENOSPC);
  return state_->keep(file, std::move(attributes), act.now);
}

Answer<Done> Overlay::remove_xattr(InodeNumber inode, std::string_view name, const Act& act) {
  TRY(const Found file, state_->file(inode));
  Attributes attributes = file.attributes();
  if (attributes.xattrs.erase(std::string(name)) == 0) return fail(ENODATA);
  return state_->keep(file, std::move(attributes), act.now);
}

}  // namespace storage_overlay
