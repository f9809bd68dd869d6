// Finding files: in the attempt's changes, in what is known of the snapshot, among live names.
#include <cerrno>

#include "hints/rules.h"
#include "state.h"

namespace storage_overlay {
namespace {

Need need_name(NameKey key) {
  Need need;
  need.names.insert(std::move(key));
  return need;
}

Need need_directory(InodeNumber directory) {
  Need need;
  need.directories.insert(directory);
  return need;
}

const Entry* find_in(const Listing& listing, std::string_view name) {
  const auto at = std::ranges::lower_bound(
      listing, name, {}, [](const auto& item) { return std::string_view(item.first); });
  return at != listing.end() && at->first == name ? &at->second : nullptr;
}

}  // namespace

bool has_ephemeral_name(std::string_view name) { return name.size() > 3 && name.ends_with(".id"); }

int check_name(std::string_view name) {
  if (name.size() > 255) return ENAMETOOLONG;
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos)
    return EINVAL;
  return 0;
}

Answer<Node*> Overlay::State::node(InodeNumber inode) {
  const auto at = nodes.find(inode);
  if (inode == storage::kRootInode && (at == nodes.end() || at->second.stub))
    return Stop{0, need_name(storage::kRootKey)};
  if (at == nodes.end()) return fail(ESTALE);
  Node& found = at->second;
  if (found.stub && found.old && is_elsewhere(inode, found)) {
    // As a file that was removed while it was open.
    found.stub = found.old = false;
    found.lost = true;
    found.links = found.base_links = 0;
    found.names.clear();
    if (found.is_directory()) names_of(found).gone = true;
  }
  // A directory that only names in it are known of.
  if (found.stub && found.base_key.name.empty()) return fail(ESTALE);
  if (found.stub) return Stop{0, need_name(found.base_key)};
  return &found;
}

bool Overlay::State::is_elsewhere(InodeNumber inode, const Node& node) const {
  const auto parent = nodes.find(node.base_key.directory);
  if (parent == nodes.end() || !parent->second.directory) return false;
  const auto& names = parent->second.directory->names;
  const auto name = names.find(node.base_key.name);
  return name != names.end() && name->second.known && name->second.base != inode;
}

// That no directory on the way to the root is known from an older snapshot only.
Answer<Done> Overlay::State::know_path(InodeNumber directory) {
  while (directory != storage::kRootInode && nodes.contains(directory)) {
    TRY(const Node* const found, node(directory));
    if (found->names.empty()) return fail(ESTALE);
    directory = found->names.front().directory;
  }
  return Done{};
}

Answer<Found> Overlay::State::file(InodeNumber inode) {
  Found found{inode, nullptr, std::nullopt};
  if (live != nullptr && !nodes.contains(inode)) found.live = live->find(inode);
  if (found.live) return found;
  TRY(found.node, node(inode));
  return found;
}

Answer<Found> Overlay::State::directory(InodeNumber inode) {
  TRY(Found found, file(inode));
  if (!found.is_directory()) return fail(ENOTDIR);
  return found;
}

Answer<Found> Overlay::State::writable_directory(InodeNumber inode) {
  TRY(Found found, directory(inode));
  if (found.node != nullptr && names_of(*found.node).gone) return fail(ENOENT);
  return found;
}

Directory& Overlay::State::names_of(Node& node) {
  if (!node.directory) node.directory = std::make_unique<Directory>();
  return *node.directory;
}

Answer<InodeNumber> Overlay::State::find_durable(InodeNumber number, Node& directory,
                                                 std::string_view name) {
  Directory& names = names_of(directory);
  const auto at = names.names.find(name);
  if (at != names.names.end() && (at->second.changed || at->second.known)) {
    const InodeNumber inode = at->second.current();
    if (inode == 0 || nodes.contains(inode)) return inode;
    // It was forgotten, as only what is as in the snapshot can be.
  } else if (directory.is_new) {
    return InodeNumber{0};
  }
  if (!names.listing) return Stop{0, need_name({number, std::string(name)})};
  const Entry* entry = find_in(*names.listing, name);
  saw(number, name, entry != nullptr ? entry->inode : 0, entry != nullptr ? entry->committed : 0);
  if (entry == nullptr) return InodeNumber{0};
  absorb({number, std::string(name)}, *entry);
  return entry->inode;
}

Answer<Found> Overlay::State::find(const Found& directory, std::string_view name) {
  if (const int error = check_name(name); error != 0) return fail(error);
  Found found;
  if (directory.node != nullptr) {
    TRY(found.inode, find_durable(directory.inode, *directory.node, name));
    if (found.inode != 0) {
      TRY(found.node, node(found.inode));
      return found;
    }
  }
  if (live == nullptr) return found;
  const NameKey key{directory.inode, std::string(name)};
  found.live = live->find(key);
  if (!found.live) return found;
  found.inode = found.live->inode;
  if (found.is_directory()) {
    auto& known = live_keys[found.inode];
    if (known != key) {
      known = key;
      journal.add(LiveDirectory{found.inode, key});
    }
  }
  return found;
}

Answer<bool> Overlay::State::is_empty(const Found& directory) {
  if (live != nullptr && !live->list(directory.inode).empty()) return false;
  if (directory.node == nullptr) return true;
  Directory& names = names_of(*directory.node);
  for (const auto& [name, state] : names.names)
    if (state.current() != 0) return false;
  if (directory.node->is_new) return true;
  if (!names.listing) return Stop{0, need_directory(directory.inode)};
  if (!names.listed) journal.add(SawListing{directory.inode});
  names.listed = true;
  return std::ranges::all_of(*names.listing, [&](const auto& item) {
    const auto at = names.names.find(item.first);
    return at != names.names.end() && at->second.current() == 0;
  });
}

std::optional<NameKey> Overlay::State::key_of(InodeNumber directory) const {
  if (const auto at = nodes.find(directory); at != nodes.end()) {
    if (at->second.names.empty()) return std::nullopt;
    return at->second.names.front();
  }
  const auto at = live_keys.find(directory);
  return at != live_keys.end() ? std::optional(at->second) : std::nullopt;
}

bool Overlay::State::is_below(InodeNumber directory, InodeNumber ancestor) const {
  while (directory != ancestor) {
    if (directory == storage::kRootInode) return false;
    const auto key = key_of(directory);
    if (!key) return false;
    directory = key->directory;
  }
  return true;
}

View Overlay::State::view_of(const Found& found) const {
  View view;
  view.inode = found.inode;
  view.attributes = found.attributes();
  if (found.node != nullptr) {
    const Node& node = *found.node;
    view.links = node.links;
    view.staged = node.staged;
    view.size = node.content.writer.empty() && view.attributes.type == FileType::kSymlink
                    ? node.content.bytes.size()
                    : node.content.size;
  } else {
    view.tier = hints::Tier::kEphemeral;
    view.links = found.live->links;
    if (view.attributes.type == FileType::kRegular) view.size = live->size(found.inode);
    if (view.attributes.type == FileType::kSymlink) view.size = found.live->content.bytes.size();
  }
  if (view.attributes.type == FileType::kDirectory) {
    view.size = kDirectorySize;
    if (found.node == nullptr) view.links = 2;
    if (live != nullptr && view.links > 0) view.links += live->subdirectories(found.inode);
  }
  return view;
}

std::string Overlay::State::path_of(InodeNumber directory, std::string_view name) const {
  std::string path(name);
  while (directory != storage::kRootInode) {
    const auto key = key_of(directory);
    if (!key) break;
    path = key->name + "/" + path;
    directory = key->directory;
  }
  return path;
}

// What the name says, then the nearest directory that says something, then the volume's rules.
hints::Tier Overlay::State::tier_of(const Found& directory, std::string_view name,
                                    bool is_directory) const {
  using hints::Tier;
  if (live == nullptr) return Tier::kDurable;
  if (directory.node == nullptr) return Tier::kEphemeral;
  if (has_ephemeral_name(name)) return Tier::kEphemeral;
  for (InodeNumber inode = directory.inode; inode != 0;) {
    const auto at = nodes.find(inode);
    if (at == nodes.end()) break;
    const auto& xattrs = at->second.attributes.xattrs;
    if (const auto said = xattrs.find(std::string(kTierXattr)); said != xattrs.end())
      return said->second == "ephemeral" ? Tier::kEphemeral : Tier::kDurable;
    const auto key = key_of(inode);
    inode = key ? key->directory : 0;
  }
  if (options.volume.rules.empty()) return options.volume.tier;
  const std::string path = path_of(directory.inode, name);
  // What is durable needs durable directories on the way to it.
  if (is_directory && hints::may_hold(options.volume, path, Tier::kDurable)) return Tier::kDurable;
  return hints::tier_of(options.volume, path);
}

// --- The public operations that only look.

Answer<View> Overlay::lookup(InodeNumber directory, std::string_view name) {
  TRY(const Found parent, state_->directory(directory));
  TRY(const Found found, state_->find(parent, name));
  if (!found.exists()) return fail(ENOENT);
  return state_->view_of(found);
}

Answer<View> Overlay::view(InodeNumber inode) {
  TRY(const Found found, state_->file(inode));
  return state_->view_of(found);
}

Answer<Content> Overlay::content(InodeNumber inode) {
  TRY(const Found found, state_->file(inode));
  return found.node != nullptr ? found.node->content : found.live->content;
}

std::string Overlay::path_of(const NameKey& key) const {
  return state_->path_of(key.directory, key.name);
}

std::string Overlay::path_of(InodeNumber inode) const {
  const auto key = state_->key_of(inode);
  return key ? path_of(*key) : "";
}

Answer<InodeNumber> Overlay::parent_of(InodeNumber directory) {
  TRY(const Found found, state_->directory(directory));
  if (directory == storage::kRootInode) return directory;
  const auto key = state_->key_of(found.inode);
  return key ? key->directory : directory;
}

}  // namespace storage_overlay
