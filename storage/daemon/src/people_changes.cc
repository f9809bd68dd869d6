// What people change: each change is a transaction.
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "change.h"
#include "people.h"
#include "people_ephemeral.h"
#include "pour.h"
#include "visit.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using storage_overlay::Overlay;

namespace {

// The directories on the way are made where they are missing.
Result<storage::InodeNumber> make_directories(Change& change, const Place& place,
                                              const std::vector<std::string>& parts,
                                              const storage_overlay::Act& act) {
  storage::InodeNumber at = storage::kRootInode;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    TRY(const auto view, change.apply(base::quoted(place.path), [&](Overlay& overlay) {
      auto found = overlay.lookup(at, parts[i]);
      if (found.ok() || found.error().error != ENOENT) return found;
      return overlay.make(at, parts[i], {FileType::kDirectory, 0755, ""}, act);
    }));
    at = view.inode;
  }
  return at;
}

Result<Json> copy_in(Change& change, const Place& place, const std::vector<std::string>& parts,
                     int file, const storage_overlay::Act& act) {
  TRY(const auto directory, make_directories(change, place, parts, act));
  TRY(const auto view, change.apply(base::quoted(place.path), [&](Overlay& overlay) {
    auto found = overlay.lookup(directory, parts.back());
    if (found.ok() || found.error().error != ENOENT) return found;
    return overlay.make(directory, parts.back(), {FileType::kRegular, 0644, ""}, act);
  }));
  if (view.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  TRY(const base::UniqueFd copy, change.stage(view.inode));
  TRY(const std::int64_t bytes, pour(file, copy.get()));
  return Json::object({{"bytes", bytes}, {"tier", "durable"}});
}

// Where an ephemeral file with that name is, or would be; nothing: it is a durable one.
Result<std::optional<Seen>> ephemeral_parent(const Visit& visit, const Place& place,
                                             const std::vector<std::string>& parts) {
  std::vector<std::string> way(parts.begin(), parts.end() - 1);
  TRY(auto parent, visit.see(way));
  while (!parent && !way.empty()) {  // nothing ephemeral must be on the way to what is made
    way.pop_back();
    TRY(const auto nearest, visit.see(way));
    if (nearest && nearest->live) return not_there(place);
  }
  if (!parent || parent->live) return parent;
  TRY(const auto there, visit.see(parts));
  const bool ephemeral =
      there ? there->live.has_value() : storage_overlay::has_ephemeral_name(parts.back());
  if (!ephemeral) parent.reset();
  return parent;
}

Result<Json> copy_out(storage_tree::Tree& tree, const Entry& entry, const Place& place, int file) {
  if (entry.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  constexpr std::uint64_t kPieceBytes = 4 * storage::kDataObjectBytes;
  for (std::uint64_t at = 0; at < entry.content.size;) {
    TRY(const std::string piece, tree.read(entry.inode, entry.content, at, kPieceBytes));
    TRY_STATUS(write_all(file, piece));
    if (piece.empty()) return Error{ErrorCode::kDataLoss, "the file is shorter than it should be"};
    at += piece.size();
  }
  return Json::object({{"bytes", entry.content.size}, {"tier", "durable"}});
}

}  // namespace

Result<Json> People::remove(const storage_control::Remove& call) {
  const Place& place = call.place;
  TRY(const auto parts, parts_of(place.path));
  if (parts.empty()) {
    if (!call.whole_volume) {
      return Error{ErrorCode::kInvalidArgument,
                   "to remove a whole volume, say so: it goes with everything in it"};
    }
    TRY_STATUS(volumes_.remove({place.namespace_name, place.volume}));
    return Json::object({{"removed", "volume"}});
  }
  TRY(auto volume, volumes_.open({place.namespace_name, place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto seen, visit.see(parts));
  if (!seen) return not_there(place);
  if (seen->live) return remove_ephemeral(visit, *seen);
  const Entry& entry = seen->entry;
  if (seen->is_directory() && !visit.ephemeral().list(entry.inode, "", 1).empty()) {
    return Error{ErrorCode::kConflict, base::quoted(place.path) + " has ephemeral files in it"};
  }
  TRY(auto change, Change::begin(visit.attempt(scratch_)));
  const storage_overlay::Act act{0, 0, clock_.wall()};
  // The overlay knows a file only by a name that was looked up.
  TRY(const auto directory, make_directories(change, place, parts, act));
  TRY_STATUS(change.apply(base::quoted(place.path), [&](Overlay& overlay) {
    return entry.attributes.type == FileType::kDirectory
               ? overlay.remove_directory(directory, parts.back(), act)
               : overlay.unlink(directory, parts.back(), act);
  }));
  TRY(const auto committed, change.commit());
  return Json::object({{"removed", text_of(entry.attributes.type)},
                       {"tier", "durable"},
                       {"commit", committed.number}});
}

Result<Json> People::copy(const storage_control::Copy& call, base::UniqueFd file) {
  const Place& place = call.place;
  TRY(const auto parts, parts_of(place.path));
  if (parts.empty()) {
    return Error{ErrorCode::kInvalidArgument, "a copy needs the name of a file in the volume"};
  }
  const VolumeName name{place.namespace_name, place.volume};
  TRY(auto volume,
      call.into_volume&& call.make_volume ? volumes_.open_or_make(name, 0) : volumes_.open(name));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  if (!call.into_volume) {
    TRY(const auto seen, visit.see(parts));
    if (!seen) return not_there(place);
    if (seen->live) return copy_out_ephemeral(visit, *seen, place, file.get());
    return copy_out(visit.tree(), seen->entry, place, file.get());
  }
  TRY(const auto live_parent, ephemeral_parent(visit, place, parts));
  if (live_parent) {
    return copy_in_ephemeral(visit, *live_parent, parts.back(), file.get(), clock_);
  }
  TRY(const auto root, visit.find({}));
  const storage_overlay::Act act{root->attributes.uid, root->attributes.gid, clock_.wall()};
  TRY(auto change, Change::begin(visit.attempt(scratch_)));
  TRY(Json copied, copy_in(change, place, parts, file.get(), act));
  TRY(const auto committed, change.commit());
  return copied.set("commit", committed.number);
}

}  // namespace storage_daemon
