// What an attempt leaves: its read set and its write set.
#include "state.h"

namespace storage_overlay {
namespace {

Entry entry_of(InodeNumber inode, const Node& node, Bytes bytes) {
  Entry entry;
  entry.inode = inode;
  entry.attributes = node.attributes;
  if (!node.staged || bytes != Bytes::kNew) entry.content = node.content;
  entry.links = node.links;
  return entry;
}

class Collector {
 public:
  Collector(const Overlay::State& state, const std::function<Bytes(InodeNumber)>& bytes_of)
      : state_(state), bytes_of_(bytes_of) {}

  Changes collect() {
    changes_.write.activation = state_.options.activation;
    changes_.write.writer = state_.options.writer;
    changes_.write.removed_directories = state_.removed_directories;
    if (state_.options.publish == Publish::kAtOnce) {
      // What was read is not asked for.
      for (const InodeNumber inode : state_.active) collect(inode);
    } else {
      for (const auto& [inode, node] : state_.nodes) collect(inode, node);
    }
    std::ranges::sort(changes_.staged);
    return std::move(changes_);
  }

 private:
  void collect(InodeNumber inode) {
    if (const auto at = state_.nodes.find(inode); at != state_.nodes.end())
      collect(inode, at->second);
  }
  void collect(InodeNumber inode, const Node& node) {
    if (node.directory) collect_names(inode, node);
    collect_node(inode, node);
  }

  // Names that were made, removed, or lead elsewhere now.
  void collect_names(InodeNumber number, const Node& node) {
    const Directory& directory = *node.directory;
    if (directory.listed) changes_.read.directories[number] = state_.options.snapshot;
    const bool never_was = directory.gone && node.is_new;
    for (const auto& [name, state] : directory.names) {
      const NameKey key{number, name};
      if (state.known) changes_.read.names[key] = state.committed;
      if (state.known && state.base != 0) changes_.read.files.insert(state.base);
      if (state.changed && state.now != state.base && !never_was) write_name(key, state);
    }
  }

  void write_name(const NameKey& key, const Name& name) {
    auto& written = changes_.write.names[key];
    changes_.write.seen[key] = name.committed;
    if (name.now != 0) written = entry(name.now, state_.nodes.at(name.now));
  }

  void collect_node(InodeNumber inode, const Node& node) {
    if (node.stub) return;
    const bool written = node.staged && bytes_of_(inode) != Bytes::kNotNow;
    if (written && node.links > 0 && bytes_of_(inode) == Bytes::kNew)
      changes_.staged.push_back(inode);
    if (node.is_directory()) collect_step(inode, node);
    if (node.is_new ? node.links < 2 || node.is_directory() : !node.changed && !written) return;
    if (node.is_shared()) {
      changes_.write.shared[inode] = entry(inode, node);
      changes_.write.seen_shared[inode] = node.committed;
    } else if (node.links > 0 && !node.names.empty()) {
      const NameKey& key = node.names.front();
      if (changes_.write.names.try_emplace(key, entry(inode, node)).second)
        changes_.write.seen[key] = node.committed;
    }
  }

  void collect_step(InodeNumber inode, const Node& node) {
    const bool gone = node.directory && node.directory->gone;
    if (node.is_new || gone || (!node.touched && node.subdirectories == 0)) return;
    changes_.write.directories[inode] = {node.touched.value_or(FileTime{}), node.subdirectories};
  }

  Entry entry(InodeNumber inode, const Node& node) const {
    return entry_of(inode, node, node.staged ? bytes_of_(inode) : Bytes::kNotNow);
  }

  const Overlay::State& state_;
  const std::function<Bytes(InodeNumber)>& bytes_of_;
  Changes changes_;
};

}  // namespace

Changes Overlay::changes() const {
  return changes([](InodeNumber) { return Bytes::kNew; });
}

Changes Overlay::changes(const std::function<Bytes(InodeNumber)>& bytes_of) const {
  return Collector(*state_, bytes_of).collect();
}

}  // namespace storage_overlay
