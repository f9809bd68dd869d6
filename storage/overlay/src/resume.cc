// The journal of an overlay: written as it goes, written anew, and read back.
#include "state.h"

namespace storage_overlay {

SetNode Overlay::State::record_of(InodeNumber inode, const Node& node) {
  SetNode record;
  record.inode = inode;
  record.attributes = node.attributes;
  record.links = node.links;
  record.base_links = node.base_links;
  record.committed = node.committed;
  record.base_key = node.base_key;
  record.has_touched = node.touched.has_value();
  record.touched = node.touched.value_or(FileTime{});
  record.subdirectories = node.subdirectories;
  record.is_new = node.is_new;
  record.changed = node.changed;
  record.staged = node.staged;
  record.unnamed = node.unnamed;
  record.gone = node.directory && node.directory->gone;
  return record;
}

// --- Reading.

void Overlay::State::apply(const SawName& record) {
  Name& name = names_of(nodes[record.key.directory]).names[record.key.name];
  name.known = true;
  name.base = record.inode;
  name.committed = record.committed;
  if (record.inode == 0) return;
  Node& node = nodes[record.inode];
  if (node.stub && node.names.empty()) node.base_key = record.key;
  node.replayed = true;
  if (name.current() == record.inode &&
      std::ranges::find(node.names, record.key) == node.names.end())
    node.names.push_back(record.key);
}

void Overlay::State::apply(const SawListing& record) {
  names_of(nodes[record.directory]).listed = true;
  listings.insert(record.directory);
}

void Overlay::State::apply(const SetName& record) {
  put_name(record.key, record.inode, record.cookie);
}

void Overlay::State::apply(const SetNode& record) {
  Node& node = nodes[record.inode];
  if (!node.stub && (node.is_new || node.staged)) --files;
  node.attributes = record.attributes;
  node.links = record.links;
  node.base_links = record.base_links;
  node.committed = record.committed;
  node.base_key = record.base_key;
  node.touched = record.has_touched ? std::optional(record.touched) : std::nullopt;
  node.subdirectories = record.subdirectories;
  node.is_new = record.is_new;
  node.changed = record.changed;
  node.staged = record.staged;
  node.unnamed = record.unnamed;
  node.born_unnamed |= record.unnamed;
  node.stub = node.old = node.lost = false;
  activate(record.inode);
  node.replayed = true;
  if (node.is_directory()) names_of(node).gone = record.gone;
  if (record.inode == storage::kRootInode && node.names.empty())
    node.names.push_back(storage::kRootKey);
  if (node.is_new || node.staged) ++files;
}

void Overlay::State::apply(const SetContent& record) {
  nodes[record.inode].content = record.content;
}

void Overlay::State::apply(const DropNode& record) {
  const auto at = nodes.find(record.inode);
  if (at == nodes.end() || !at->second.names.empty()) return;
  if (!at->second.stub && (at->second.is_new || at->second.staged)) --files;
  nodes.erase(at);
}

void Overlay::State::apply(const RemovedDirectory& record) {
  removed_directories.insert(record.inode);
}

void Overlay::State::apply(const GaveInodes& record) {
  next_inode = record.next;
  end_inode = record.end;
}

void Overlay::State::apply(const LiveDirectory& record) { live_keys[record.inode] = record.key; }

void Overlay::State::apply(const NextCookie& record) {
  names_of(nodes[record.directory]).next_cookie = record.next;
}

void Overlay::State::apply(const Answered& record) {
  remember_answer(record.request, {record.error, record.inode, false});
}

std::size_t Overlay::replay(std::string_view journal) {
  const std::size_t good = read_journal(journal, [&](const JournalRecord& record) {
    std::visit([&](const auto& value) { state_->apply(value); }, record);
  });
  state_->journal_bytes += good;
  return good;
}

// --- Writing.

std::string Overlay::take_journal() {
  std::string frame = state_->journal.take();
  state_->journal_bytes += frame.size();
  return frame;
}

void Overlay::State::apply(const OldNode& record) {
  Node& node = nodes[record.inode];
  if (!node.stub) return;
  node.base_key = record.base_key;
  node.names = {record.base_key};
  if (record.staged && !node.staged) ++files;
  node.staged = record.staged;
  node.old = node.replayed = true;
}

void Overlay::State::write_old(JournalWriter& out) const {
  for (const auto& [inode, node] : nodes) {
    if (node.stub && node.old) out.add(OldNode{inode, node.base_key, node.staged});
  }
}

void Overlay::State::write_names(JournalWriter& out) const {
  for (const auto& [inode, node] : nodes) {
    if (!node.directory) continue;
    if (node.directory->listed) out.add(SawListing{inode});
    if (node.directory->next_cookie > 0) out.add(NextCookie{inode, node.directory->next_cookie});
    for (const auto& [name, state] : node.directory->names)
      if (state.known) out.add(SawName{{inode, name}, state.base, state.committed});
  }
}

void Overlay::State::write_nodes(JournalWriter& out) const {
  for (const auto& [inode, node] : nodes) {
    const bool as_before = !node.is_new && !node.changed && !node.staged && !node.touched &&
                           node.subdirectories == 0 && (node.links > 0 || node.lost);
    if (node.stub || as_before) continue;
    const bool has_content = !node.staged || options.publish != Publish::kAtEnd;
    if (has_content && !node.is_directory()) out.add(SetContent{inode, node.content});
    out.add(record_of(inode, node));
  }
}

void Overlay::State::write_changed_names(JournalWriter& out) const {
  for (const auto& [inode, node] : nodes) {
    if (!node.directory) continue;
    for (const auto& [name, state] : node.directory->names)
      if (state.changed) out.add(SetName{{inode, name}, state.now, state.cookie});
  }
}

void Overlay::journal_replaced(std::uint64_t bytes) { state_->journal_bytes = bytes; }

std::string Overlay::whole_journal() const {
  JournalWriter out;
  if (state_->options.publish != Publish::kAtEnd)
    out.add(Moved{state_->options.snapshot, Moved::Kind::kBegin, true});
  out.add(GaveInodes{state_->next_inode, state_->end_inode});
  state_->write_old(out);
  state_->write_names(out);
  state_->write_nodes(out);
  state_->write_changed_names(out);
  for (const InodeNumber inode : state_->removed_directories) out.add(RemovedDirectory{inode});
  for (const auto& [inode, key] : state_->live_keys) out.add(LiveDirectory{inode, key});
  for (const std::uint64_t request : state_->answer_order) {
    const Earlier& earlier = state_->answers.at(request);
    if (!earlier.published) out.add(Answered{request, earlier.error, earlier.inode});
  }
  return out.take();
}

}  // namespace storage_overlay
