// rename(2) with the flags of renameat2(2), within a tier and from the ephemeral one to the
// durable.
#include <cerrno>
#include <cstdio>

#include "state.h"

namespace storage_overlay {
namespace {

Answer<Done> check_flags(unsigned flags) {
  if ((flags & ~unsigned{RENAME_NOREPLACE | RENAME_EXCHANGE}) != 0) return fail(EINVAL);
  if (flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) return fail(EINVAL);
  return Done{};
}

int as_subdirectory(const Found& file) { return file.exists() && file.is_directory() ? 1 : 0; }

}  // namespace

Answer<Done> Overlay::State::check_move(const Move& move) {
  const bool moves_directory = move.source.is_directory();
  if (moves_directory && options.publish != Publish::kAtEnd)
    TRY_STATUS(know_path(move.to.directory));
  if (moves_directory && is_below(move.to.directory, move.source.inode)) return fail(EINVAL);
  if (!move.target.exists()) return Done{};
  if (move.target.is_directory() && is_below(move.from.directory, move.target.inode))
    return fail(move.exchange ? EINVAL : ENOTEMPTY);
  if (move.exchange) return Done{};
  if (moves_directory && !move.target.is_directory()) return fail(ENOTDIR);
  if (!moves_directory && move.target.is_directory()) return fail(EISDIR);
  if (!moves_directory) return Done{};
  TRY(const bool empty, is_empty(move.target));
  if (!empty) return fail(ENOTEMPTY);
  return Done{};
}

// Durable files do not become ephemeral ones: EXDEV makes mv(1) copy them. What was ephemeral
// becomes durable where its new name says so, except whole directories.
Answer<bool> Overlay::State::check_tiers(const Move& move) {
  if (live == nullptr) return false;
  const bool is_live = move.source.node == nullptr;
  const bool wants_live = tier_of(move.to_directory, move.to.name) == hints::Tier::kEphemeral;
  if (move.exchange) {
    const bool target_live = move.target.node == nullptr;
    if (is_live || target_live || wants_live ||
        tier_of(move.from_directory, move.from.name) == hints::Tier::kEphemeral)
      return fail(EXDEV);
    return false;
  }
  if (!is_live && wants_live) return fail(EXDEV);
  // What is published at once is undone where others were first; nothing ephemeral can be.
  if (options.publish == Publish::kAtOnce && is_live)
    if (!wants_live || (move.target.exists() && move.target.node != nullptr)) return fail(EXDEV);
  if (!is_live || wants_live) return false;
  TRY_STATUS(check_promotion(move.source));
  return true;
}

// The file's bytes have to be in a staging file before it can become part of the write set.
Answer<Done> Overlay::State::check_promotion(const Found& file) {
  if (file.is_directory() || file.live->links > 1) return fail(EXDEV);
  TRY_STATUS(room());
  if (file.attributes().type != FileType::kRegular || promotable.contains(file.inode))
    return Done{};
  Need need;
  need.promote.insert(file.inode);
  return Stop{0, std::move(need)};
}

void Overlay::State::move_names(const Move& move, FileTime now) {
  if (move.target.exists()) {
    touch(move.to_directory, move.target, now, -as_subdirectory(move.target));
    drop_name_of(move.to, move.target, now);
  }
  set_name(move.from, 0);
  set_name(move.to, move.source.inode);
  touch(move.from_directory, move.source, now, -as_subdirectory(move.source));
  touch(move.to_directory, move.source, now, as_subdirectory(move.source));
  update(move.source.inode, *move.source.node, now);
}

void Overlay::State::exchange_names(const Move& move, FileTime now) {
  set_name(move.from, 0);
  set_name(move.to, move.source.inode);
  set_name(move.from, move.target.inode);
  const int change = as_subdirectory(move.target) - as_subdirectory(move.source);
  touch(move.from_directory, move.source, now, change);
  touch(move.to_directory, move.source, now, -change);
  update(move.source.inode, *move.source.node, now);
  update(move.target.inode, *move.target.node, now);
}

Answer<Done> Overlay::State::move_live(const Move& move, FileTime now) {
  if (const int error = live->rename(move.from, move.to); error != 0) return fail(error);
  if (move.target.node != nullptr) {
    touch(move.to_directory, move.target, now, -as_subdirectory(move.target));
    drop_name_of(move.to, move.target, now);
  }
  if (move.source.is_directory()) {
    live_keys[move.source.inode] = move.to;
    journal.add(LiveDirectory{move.source.inode, move.to});
  }
  Attributes attributes = move.source.attributes();
  attributes.changed = now;
  live->change(move.source.inode, attributes);
  touch(move.from_directory, move.source, now, 0);
  touch(move.to_directory, move.source, now, 0);
  return Done{};
}

// From now on the file is the attempt's own, under the same number.
Answer<Done> Overlay::State::promote(Move move, FileTime now) {
  const Entry entry = *move.source.live;
  if (const int error = live->remove(move.from); error != 0) return fail(error);
  promotable.erase(entry.inode);
  Node node;
  node.attributes = entry.attributes;
  if (entry.attributes.type == FileType::kSymlink) node.content = entry.content;
  node.attributes.changed = now;
  node.staged = entry.attributes.type == FileType::kRegular;
  if (move.target.exists()) {
    touch(move.to_directory, move.target, now, -as_subdirectory(move.target));
    drop_name_of(move.to, move.target, now);
  }
  touch(move.from_directory, move.source, now, 0);
  move.source = Found{entry.inode, &add_node(entry.inode, std::move(node)), std::nullopt};
  set_name(move.to, entry.inode);
  touch(move.to_directory, move.source, now, 0);
  return Done{};
}

Answer<Done> Overlay::rename(const NameKey& from, const NameKey& to, unsigned flags,
                             const Act& act) {
  State& state = *state_;
  TRY_STATUS(check_flags(flags));
  Move move{from, to, {}, {}, {}, {}, (flags & RENAME_EXCHANGE) != 0};
  TRY(move.from_directory, state.writable_directory(from.directory));
  TRY(move.to_directory, state.writable_directory(to.directory));
  TRY(move.source, state.find(move.from_directory, from.name));
  TRY(move.target, state.find(move.to_directory, to.name));
  if (!move.source.exists()) return fail(ENOENT);
  if (flags == RENAME_NOREPLACE && move.target.exists()) return fail(EEXIST);
  if (move.exchange && !move.target.exists()) return fail(ENOENT);
  if (move.source.inode == move.target.inode) return Done{};
  TRY_STATUS(state.check_move(move));
  TRY(const bool promoted, state.check_tiers(move));
  if (promoted) return state.promote(std::move(move), act.now);
  if (move.source.node == nullptr) return state.move_live(move, act.now);
  TRY_STATUS(state.room());
  move.exchange ? state.exchange_names(move, act.now) : state.move_names(move, act.now);
  return Done{};
}

}  // namespace storage_overlay
