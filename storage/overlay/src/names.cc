// Operations that make and remove names.
#include <sys/stat.h>

#include <cerrno>

#include "state.h"

namespace storage_overlay {
namespace {

constexpr std::size_t kTargetBytesMax = 4095;

int check_target(const NewFile& file) {
  if (file.type != FileType::kSymlink) return 0;
  if (file.target.empty()) return ENOENT;
  return file.target.size() > kTargetBytesMax ? ENAMETOOLONG : 0;
}

Found found_live(const Entry& entry) { return Found{entry.inode, nullptr, entry}; }

}  // namespace

Answer<View> Overlay::make(InodeNumber directory, std::string_view name, const NewFile& file,
                           const Act& act) {
  State& state = *state_;
  TRY(const Found parent, state.writable_directory(directory));
  TRY(const Found old, state.find(parent, name));
  if (old.exists()) return fail(EEXIST);
  if (const int error = check_target(file); error != 0) return fail(error);
  TRY_STATUS(state.room());
  TRY(const InodeNumber inode, state.new_inode());

  const NameKey key{directory, std::string(name)};
  const bool is_directory = file.type == FileType::kDirectory;
  Node node;
  node.attributes = state.new_attributes(parent.attributes(), file, act);
  node.content.bytes = file.target;
  node.content.size = file.target.size();
  node.links = is_directory ? 2 : 1;
  node.staged = file.type == FileType::kRegular;
  Found made{inode, nullptr, std::nullopt};
  // What is in an ephemeral directory has no other place.
  const bool spills = node.staged && parent.node != nullptr && state.live && state.live->spills();
  if (!spills && state.tier_of(parent, name, is_directory) == hints::Tier::kEphemeral) {
    made = found_live(Entry{inode, node.attributes, node.content, 1, 0});
    if (const int error = state.live->create(key, *made.live); error != 0) return fail(error);
    if (is_directory) {
      state.live_keys[inode] = key;
      state.journal.add(LiveDirectory{inode, key});
    }
  } else {
    made.node = &state.add_node(inode, std::move(node));
    state.set_name(key, inode);
  }
  state.touch(parent, made, act.now, is_directory ? 1 : 0);
  return state.view_of(made);
}

Answer<View> Overlay::make_unnamed(InodeNumber directory, const NewFile& file, const Act& act) {
  State& state = *state_;
  TRY(const Found parent, state.writable_directory(directory));
  TRY_STATUS(state.room());
  TRY(const InodeNumber inode, state.new_inode());
  Node node;
  node.attributes = state.new_attributes(parent.attributes(), file, act);
  node.links = 0;
  node.staged = true;
  node.unnamed = node.born_unnamed = true;
  const Found made{inode, &state.add_node(inode, std::move(node)), std::nullopt};
  return state.view_of(made);
}

Answer<View> Overlay::link(InodeNumber inode, InodeNumber directory, std::string_view name,
                           const Act& act) {
  State& state = *state_;
  TRY(Found file, state.file(inode));
  TRY(const Found parent, state.writable_directory(directory));
  TRY(const Found old, state.find(parent, name));
  if (old.exists()) return fail(EEXIST);
  if (file.is_directory()) return fail(EPERM);
  const bool ephemeral = file.node == nullptr;
  if ((state.tier_of(parent, name) == hints::Tier::kEphemeral) != ephemeral) return fail(EXDEV);
  const NameKey key{directory, std::string(name)};
  if (ephemeral) {
    if (const int error = state.live->link(inode, key); error != 0) return fail(error);
    file.live->attributes.changed = act.now;
    file.live->links++;
    state.live->change(inode, file.live->attributes);
  } else {
    if (file.node->links == 0 && !file.node->unnamed) return fail(ENOENT);
    TRY_STATUS(state.room());
    state.set_name(key, inode);
    ++file.node->links;
    file.node->unnamed = false;
    state.update(inode, *file.node, act.now);
  }
  state.touch(parent, file, act.now, 0);
  return state.view_of(file);
}

Answer<Done> Overlay::unlink(InodeNumber directory, std::string_view name, const Act& act) {
  State& state = *state_;
  TRY(const Found parent, state.writable_directory(directory));
  TRY(const Found file, state.find(parent, name));
  if (!file.exists()) return fail(ENOENT);
  if (file.is_directory()) return fail(EISDIR);
  // In this order: the file may be gone after it has lost its name.
  state.touch(parent, file, act.now, 0);
  state.drop_name_of({directory, std::string(name)}, file, act.now);
  return Done{};
}

Answer<Done> Overlay::remove_directory(InodeNumber directory, std::string_view name,
                                       const Act& act) {
  State& state = *state_;
  TRY(const Found parent, state.writable_directory(directory));
  TRY(const Found file, state.find(parent, name));
  if (!file.exists()) return fail(ENOENT);
  if (!file.is_directory()) return fail(ENOTDIR);
  TRY(const bool empty, state.is_empty(file));
  if (!empty) return fail(ENOTEMPTY);
  state.touch(parent, file, act.now, -1);
  state.drop_name_of({directory, std::string(name)}, file, act.now);
  return Done{};
}

}  // namespace storage_overlay
