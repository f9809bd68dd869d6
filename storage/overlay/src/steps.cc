// The steps that operations are made of. What they do is journalled as they do it.
#include <sys/stat.h>

#include <cerrno>

#include "state.h"

namespace storage_overlay {

void Overlay::State::saw(InodeNumber directory, std::string_view name, InodeNumber base,
                         CommitNumber committed) {
  Name& state = names_of(nodes[directory]).names[std::string(name)];
  if (state.known) return;
  state.known = true;
  state.base = base;
  state.committed = committed;
  journal.add(SawName{{directory, std::string(name)}, base, committed});
}

// A node of the snapshot, as it is there; one that is known already keeps what the attempt did.
void Overlay::State::absorb(const NameKey& key, const Entry& entry) {
  Node& node = nodes[entry.inode];
  if (node.stub || node.lost) {
    if (node.old || node.lost) node.names.clear();
    if (node.lost && node.directory) node.directory->gone = false;
    node.stub = node.old = node.lost = false;
    node.attributes = entry.attributes;
    node.content = entry.content;
    node.links = entry.links;
    node.base_links = entry.links;
    node.committed = entry.committed;
    node.base_key = key;
  }
  const auto parent = nodes.find(key.directory);
  if (key != storage::kRootKey) {
    const Name& name = parent->second.directory->names.find(key.name)->second;
    if (name.current() != entry.inode) return;
  }
  if (std::ranges::find(node.names, key) == node.names.end()) node.names.push_back(key);
}

void Overlay::State::put_name(const NameKey& key, InodeNumber inode, std::uint64_t cookie) {
  activate(key.directory);
  if (inode != 0) activate(inode);
  Directory& directory = names_of(nodes[key.directory]);
  Name& name = directory.names[key.name];
  if (const InodeNumber old = name.current(); old != 0) std::erase(nodes[old].names, key);
  if (name.changed && name.now != 0) directory.own.erase(name.cookie);
  name.changed = !name.known || inode != name.base;
  name.now = inode;
  name.cookie = 0;
  if (inode == 0) return;
  nodes[inode].names.push_back(key);
  if (!name.changed) return;
  if (directory.own.contains(cookie)) cookie = directory.next_cookie;
  name.cookie = cookie;
  directory.own[cookie] = key.name;
  directory.next_cookie = std::max(directory.next_cookie, cookie + 1);
}

void Overlay::State::set_name(const NameKey& key, InodeNumber inode) {
  const std::uint64_t cookie =
      std::max(names_of(nodes[key.directory]).next_cookie, kFirstOwnCookie);
  put_name(key, inode, cookie);
  journal.add(SetName{key, inode, cookie});
}

void Overlay::State::update(InodeNumber inode, Node& node, FileTime now) {
  Attributes attributes = node.attributes;
  attributes.changed = now;
  update(inode, node, std::move(attributes));
}

void Overlay::State::update(InodeNumber inode, Node& node, Attributes attributes) {
  activate(inode);
  node.attributes = std::move(attributes);
  // Its content is not part of the note: it is journalled once, when the node is first touched.
  if (!node.changed && !node.staged && !node.is_directory())
    journal.add(SetContent{inode, node.content});
  node.changed = true;
  note(inode, node);
}

// `child`'s name in the directory was made or removed. An ephemeral one changes nothing durable: a
// durable directory shows the time, and does not keep it.
void Overlay::State::touch(const Found& directory, const Found& child, FileTime now,
                           int subdirectories) {
  if (directory.node == nullptr) {
    if (auto entry = live->find(directory.inode)) {
      entry->attributes.modified = entry->attributes.changed = now;
      live->change(directory.inode, entry->attributes);
    }
    return;
  }
  Node& node = *directory.node;
  node.attributes.modified = node.attributes.changed = now;
  if (child.node == nullptr) return;
  activate(directory.inode);
  node.touched = now;
  node.links = static_cast<std::uint32_t>(static_cast<std::int64_t>(node.links) + subdirectories);
  node.subdirectories += subdirectories;
  note(directory.inode, node);
}

// The file loses the name `key`, of which the directory is told by the caller.
void Overlay::State::drop_name_of(const NameKey& key, const Found& file, FileTime now) {
  if (file.node == nullptr) {
    live->remove(key);
    return;
  }
  Node& node = *file.node;
  set_name(key, 0);
  if (node.is_directory()) {
    names_of(node).gone = true;
    node.links = 0;
    if (!node.is_new) {
      removed_directories.insert(file.inode);
      journal.add(RemovedDirectory{file.inode});
    }
  } else {
    --node.links;
  }
  update(file.inode, node, now);
  erase_if_done(file.inode);
}

// A node that can no more be reached. Of the snapshot's, shared files and directories stay: the
// write set has to say that they, and what was in them, are gone.
void Overlay::State::erase_if_done(InodeNumber inode) {
  const auto at = nodes.find(inode);
  if (at == nodes.end()) return;
  Node& node = at->second;
  if (node.held > 0 || node.replayed || node.links > 0) return;
  if (node.staged) ended.push_back(inode);
  if (node.is_new || node.staged) --files;
  if (!node.is_new && (node.is_shared() || node.is_directory())) {
    node.staged = false;
    note(inode, node);
    return;
  }
  nodes.erase(at);
  journal.add(DropNode{inode});
}

Answer<Done> Overlay::State::room() {
  if (files >= options.files_max) return fail(EDQUOT);
  if (journal_bytes >= options.names_bytes_max) return fail(ENOSPC);
  return Done{};
}

Answer<InodeNumber> Overlay::State::new_inode() {
  if (next_inode == end_inode) {
    Need need;
    need.inodes = true;
    return Stop{0, std::move(need)};
  }
  const InodeNumber inode = next_inode++;
  journal.add(GaveInodes{next_inode, end_inode});
  return inode;
}

Attributes Overlay::State::new_attributes(const Attributes& directory, const NewFile& file,
                                          const Act& act) const {
  Attributes attributes;
  attributes.type = file.type;
  attributes.permissions = file.permissions & 07777;
  attributes.uid = act.uid;
  attributes.gid = act.gid;
  attributes.accessed = attributes.modified = attributes.changed = act.now;
  if ((directory.permissions & S_ISGID) != 0) {
    attributes.gid = directory.gid;
    if (file.type == FileType::kDirectory) attributes.permissions |= S_ISGID;
  }
  return attributes;
}

Node& Overlay::State::add_node(InodeNumber inode, Node node) {
  ++files;
  activate(inode);
  node.stub = false;
  node.is_new = true;
  Node& added = nodes[inode] = std::move(node);
  if (added.attributes.type == FileType::kSymlink) journal.add(SetContent{inode, added.content});
  note(inode, added);
  return added;
}

}  // namespace storage_overlay
