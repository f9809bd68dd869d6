// The snapshot below an attempt becomes another one: because the attempt published what it did,
// because that was undone, or because others published something.
#include "state.h"

namespace storage_overlay {

// --- What was changed is what the snapshot says.

void Overlay::State::settle_name(const NameKey& key, CommitNumber number) {
  const auto parent = nodes.find(key.directory);
  if (parent == nodes.end() || !parent->second.directory) return;
  auto& names = parent->second.directory->names;
  const auto name = names.find(key.name);
  if (name != names.end() && name->second.known) name->second.committed = number;
}

void Overlay::State::drop_listings() {
  for (const InodeNumber inode : listings) {
    const auto at = nodes.find(inode);
    if (at == nodes.end() || !at->second.directory) continue;
    at->second.directory->listing = nullptr;
    at->second.directory->listed = false;
  }
  listings.clear();
}

void Overlay::State::settle_names(CommitNumber number) {
  for (const InodeNumber inode : active) {
    const auto at = nodes.find(inode);
    if (at == nodes.end() || !at->second.directory) continue;
    Directory& directory = *at->second.directory;
    for (const auto& [cookie, name] : directory.own) place(directory, cookie, name);
    directory.own.clear();
    for (auto& [text, name] : directory.names) {
      if (!name.changed) continue;
      name.known = true;
      name.changed = false;
      name.base = name.now;
      name.committed = name.now != 0 ? number : 0;
      name.cookie = 0;
    }
  }
}

// Files with several names are looked up anew: what says when they were committed is not here.
void Overlay::State::settle_nodes(CommitNumber number) {
  std::set<InodeNumber> several;
  for (const InodeNumber inode : active) {
    const auto at = nodes.find(inode);
    if (at == nodes.end()) continue;
    Node& node = at->second;
    if (node.stub || (node.is_new && node.links == 0)) continue;
    const bool written = node.is_new || node.changed;
    const bool shared = node.is_shared();
    if (node.is_new && !node.staged) --files;
    node.is_new = node.changed = false;
    node.touched.reset();
    node.subdirectories = 0;
    node.base_links = node.links;
    if (node.links == 0 || !written) continue;
    node.base_key = node.names.front();
    if (shared) {
      several.insert(inode);
      make_old(node);
    } else {
      node.committed = number;
      settle_name(node.base_key, number);
      // What it was committed with is told after this.
      if (node.staged) make_old(node);
    }
  }
  if (several.empty()) return;
  for (auto& [inode, node] : nodes) {
    if (!node.directory) continue;
    std::erase_if(node.directory->names,
                  [&](const auto& item) { return several.contains(item.second.base); });
  }
}

// --- Undoing.

void Overlay::State::undo_names() {
  for (const InodeNumber inode : active) {
    const auto at = nodes.find(inode);
    if (at == nodes.end() || !at->second.directory) continue;
    at->second.directory->own.clear();
    std::erase_if(at->second.directory->names,
                  [](const auto& item) { return item.second.changed; });
  }
}

void Overlay::State::undo_nodes() {
  for (const InodeNumber inode : active) {
    const auto at = nodes.find(inode);
    if (at == nodes.end()) continue;
    Node& node = at->second;
    if (node.is_new && node.born_unnamed) {
      node.unnamed = true;
      node.links = 0;
      node.names.clear();
    } else if (node.is_new) {
      if (node.staged) ended.push_back(inode);
      --files;
      nodes.erase(at);
    } else if (node.changed || node.touched || node.subdirectories != 0) {
      if (node.directory) node.directory->gone = false;
      node.changed = false;
      node.touched.reset();
      node.subdirectories = 0;
      node.links = node.base_links;
      node.names = {node.base_key};
      make_old(node);
    }
  }
}

// --- Whatever the reason.

void Overlay::State::make_old(Node& node) {
  if (!node.names.empty()) node.base_key = node.names.front();
  node.stub = node.old = true;
}

// What is of the commit `keep` is known; of the rest, only where it was.
void Overlay::State::forget_snapshot(std::optional<CommitNumber> keep) {
  std::vector<InodeNumber> plain;
  for (auto& [inode, node] : nodes) {
    if (node.directory)
      std::erase_if(node.directory->names, [&](const auto& item) {
        const Name& name = item.second;
        return !name.changed && (!keep || name.committed != *keep || name.base == 0);
      });
    if (node.stub) {
      node.old = true;
      const bool unused = node.held == 0 && !node.replayed && !node.staged && !node.directory;
      if (unused && inode != storage::kRootInode) plain.push_back(inode);
      continue;
    }
    if (node.is_new || node.changed || node.links == 0) continue;
    if (keep && node.committed == *keep && !node.is_directory()) continue;
    const bool needed = node.held > 0 || node.replayed || node.staged || node.is_directory();
    if (needed)
      make_old(node);
    else
      plain.push_back(inode);
  }
  for (const InodeNumber inode : plain) nodes.erase(inode);
}

// Nobody can ask for them any more; and what has no name and is not to be published yet stays.
void Overlay::State::drop_dead() {
  for (const InodeNumber inode : std::exchange(active, {})) {
    const auto at = nodes.find(inode);
    if (at == nodes.end()) continue;
    const Node& node = at->second;
    if (node.is_new || node.changed || node.touched) active.insert(inode);
    const bool gone = !node.stub && !node.is_new && node.links == 0 && node.held == 0;
    if (!gone || node.replayed) continue;
    if (node.staged) {
      ended.push_back(inode);
      --files;
    }
    active.erase(inode);
    nodes.erase(at);
  }
}

void Overlay::State::move(const Moved& record) {
  using Kind = Moved::Kind;
  options.snapshot = record.number;
  if (record.kind == Kind::kBegin) return;
  if (record.kind == Kind::kPublished) {
    settle_names(record.number);
    settle_nodes(record.number);
    removed_directories.clear();
    for (auto& [request, earlier] : answers) earlier.published = true;
  }
  if (record.kind == Kind::kUndone) {
    undo_names();
    undo_nodes();
    removed_directories.clear();
    std::erase_if(answers, [](const auto& item) { return !item.second.published; });
    std::erase_if(answer_order, [&](std::uint64_t request) { return !answers.contains(request); });
  }
  drop_listings();
  const bool published = record.kind == Kind::kPublished;
  if (!record.alone) forget_snapshot(published ? std::optional(record.number) : std::nullopt);
  drop_dead();
}

// Names of a new listing that no place in a listing of before stands for.
void Overlay::State::place(Directory& directory) {
  for (const auto& [name, entry] : *directory.listing) {
    if (directory.place_of.contains(name)) continue;
    const bool numbered =
        std::ranges::binary_search(*directory.numbered, std::string_view(name), {},
                                   [](const auto& item) { return std::string_view(item.first); });
    if (numbered) continue;
    directory.next_cookie = std::max(directory.next_cookie, kFirstOwnCookie);
    place(directory, directory.next_cookie++, name);
  }
}

void Overlay::State::place(Directory& directory, std::uint64_t cookie, const std::string& name) {
  const auto [at, is_new] = directory.place_of.try_emplace(name, cookie);
  if (!is_new) directory.placed.erase(std::exchange(at->second, cookie));
  directory.placed.emplace(cookie, name);
}

CommitNumber Overlay::snapshot() const { return state_->options.snapshot; }

void Overlay::published(CommitNumber number, bool alone, const StoredFiles& files) {
  State& state = *state_;
  const Moved moved{number, Moved::Kind::kPublished, alone};
  for (const auto& [inode, file] : files) {
    const auto at = state.nodes.find(inode);
    if (at == state.nodes.end() || at->second.stub || at->second.changed) continue;
    at->second.changed = true;
    state.activate(inode);
    state.note(inode, at->second);
  }
  const auto written = state.active;
  state.move(moved);
  state.journal.add(moved);
  for (const InodeNumber inode : written) {
    const auto at = state.nodes.find(inode);
    if (at == state.nodes.end()) continue;
    Node& node = at->second;
    // With several names, when it was committed is not known here.
    if (!node.staged || !node.old || node.committed != number) continue;
    if (const auto file = files.find(inode); file != files.end()) {
      Attributes& attributes = node.attributes;
      node.content = file->second.content;
      attributes.accessed = file->second.accessed.value_or(attributes.accessed);
      attributes.modified = file->second.modified.value_or(attributes.modified);
      attributes.changed = file->second.changed.value_or(attributes.changed);
    }
    node.stub = node.old = false;
    state.journal.add(SetContent{inode, node.content});
    state.note(inode, node);
  }
}

void Overlay::rewritten(InodeNumber inode) { state_->activate(inode); }

void Overlay::undo(CommitNumber number) {
  const Moved moved{number, Moved::Kind::kUndone, false};
  state_->move(moved);
  state_->journal.add(moved);
}

void Overlay::move_to(CommitNumber number) {
  const Moved moved{number, Moved::Kind::kOn, false};
  state_->move(moved);
  state_->journal.add(moved);
}

bool Overlay::is_staged(InodeNumber inode) const {
  const auto at = state_->nodes.find(inode);
  return at != state_->nodes.end() && at->second.staged;
}

std::vector<InodeNumber> Overlay::staged() const {
  std::vector<InodeNumber> inodes;
  for (const auto& [inode, node] : state_->nodes)
    if (node.staged) inodes.push_back(inode);
  return inodes;
}

bool Overlay::is_lost(InodeNumber inode) const {
  const auto at = state_->nodes.find(inode);
  return at != state_->nodes.end() && at->second.lost;
}

void Overlay::unstage(InodeNumber inode) {
  const auto at = state_->nodes.find(inode);
  if (at == state_->nodes.end() || !at->second.staged) return;
  at->second.staged = false;
  if (!at->second.is_new) --state_->files;
  if (at->second.stub) {
    if (at->second.old) state_->journal.add(OldNode{inode, at->second.base_key, false});
    return;
  }
  state_->journal.add(SetContent{inode, at->second.content});
  state_->note(inode, at->second);
}

}  // namespace storage_overlay
