// What people change: each change is a transaction.
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "change.h"
#include "people.h"
#include "visit.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using storage_overlay::Overlay;

namespace {

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::error_from_errno(errno, "writing the copy");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::int64_t> pour(int from, int to) {
  std::int64_t total = 0;
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got == 0) return total;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::error_from_errno(errno, "reading the file to be copied");
    TRY_STATUS(write_all(to, std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
    total += got;
  }
}

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
  return Json::object({{"bytes", bytes}});
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
  return Json::object({{"bytes", entry.content.size}});
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
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(place);
  TRY(auto change, Change::begin(visit.attempt(scratch_)));
  const storage_overlay::Act act{0, 0, clock_.wall()};
  // The overlay knows a file only by a name that was looked up.
  TRY(const auto directory, make_directories(change, place, parts, act));
  TRY_STATUS(change.apply(base::quoted(place.path), [&](Overlay& overlay) {
    return entry->attributes.type == FileType::kDirectory
               ? overlay.remove_directory(directory, parts.back(), act)
               : overlay.unlink(directory, parts.back(), act);
  }));
  TRY(const auto committed, change.commit());
  return Json::object({{"removed", text_of(entry->attributes.type)}, {"commit", committed.number}});
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
    TRY(const auto entry, visit.find(parts));
    if (!entry) return not_there(place);
    return copy_out(visit.tree(), *entry, place, file.get());
  }
  TRY(const auto root, visit.find({}));
  const storage_overlay::Act act{root->attributes.uid, root->attributes.gid, clock_.wall()};
  TRY(auto change, Change::begin(visit.attempt(scratch_)));
  TRY(Json copied, copy_in(change, place, parts, file.get(), act));
  TRY(const auto committed, change.commit());
  return copied.set("commit", committed.number);
}

}  // namespace storage_daemon
