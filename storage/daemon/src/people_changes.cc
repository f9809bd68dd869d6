// What people change: each change is a transaction.
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "ending.h"
#include "people.h"
#include "visit.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;

namespace {

Error error_of(int error, const Place& place) {
  if (error == ENOENT) return not_there(place);
  return base::error_from_errno(error, base::quoted(place.path));
}

// Carries an operation out, whatever has to be learnt for it.
template <typename Op>
auto wait_for(Attempt& attempt, const Place& place, Op op)
    -> Result<std::remove_cvref_t<decltype(*op(attempt.overlay_locked()))>> {
  while (true) {
    storage_overlay::Need need;
    {
      const std::lock_guard lock(attempt.mutex());
      auto answer = op(attempt.overlay_locked());
      if (answer.ok()) return *std::move(answer);
      if (answer.error().error != 0) return error_of(answer.error().error, place);
      need = answer.error().need;
    }
    TRY_STATUS(attempt.fetch(need));
  }
}

// Commits, and leaves nothing in the scratch folder.
Result<storage::CommitReport> settle(Attempt& attempt) {
  bool unknown = false;
  auto committed = commit(attempt, unknown);
  if (unknown) static_cast<void>(give_up(attempt).ok());
  std::error_code ignored;
  std::filesystem::remove_all(attempt.directory(), ignored);
  return committed;
}

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
Result<storage::InodeNumber> make_directories(Attempt& attempt, const Place& place,
                                              const std::vector<std::string>& parts,
                                              const storage_overlay::Act& act) {
  storage::InodeNumber at = storage::kRootInode;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    TRY(const auto view, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
          auto found = overlay.lookup(at, parts[i]);
          if (found.ok() || found.error().error != ENOENT) return found;
          return overlay.make(at, parts[i], {FileType::kDirectory, 0755, ""}, act);
        }));
    at = view.inode;
  }
  return at;
}

Result<Json> copy_in(Attempt& attempt, const Place& place, const std::vector<std::string>& parts,
                     int file, const storage_overlay::Act& act) {
  TRY(const auto directory, make_directories(attempt, place, parts, act));
  TRY(const auto view, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
        auto found = overlay.lookup(directory, parts.back());
        if (found.ok() || found.error().error != ENOENT) return found;
        return overlay.make(directory, parts.back(), {FileType::kRegular, 0644, ""}, act);
      }));
  if (view.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  TRY(const auto staged, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
        return overlay.stage(view.inode);
      }));
  static_cast<void>(staged);
  const base::UniqueFd copy = attempt.staging().make(view.inode);
  if (!copy.valid()) return base::error_from_errno(errno, "making a staging file");
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
  TRY(const auto attempt, visit.attempt(scratch_));
  const storage_overlay::Act act{0, 0, clock_.wall()};
  // The overlay knows a file only by a name that was looked up.
  TRY(const auto directory, make_directories(*attempt, place, parts, act));
  TRY(const auto done, wait_for(*attempt, place, [&](storage_overlay::Overlay& overlay) {
        return entry->attributes.type == FileType::kDirectory
                   ? overlay.remove_directory(directory, parts.back(), act)
                   : overlay.unlink(directory, parts.back(), act);
      }));
  static_cast<void>(done);
  TRY(const auto committed, settle(*attempt));
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
  TRY(const auto attempt, visit.attempt(scratch_));
  auto copied = copy_in(*attempt, place, parts, file.get(), act);
  if (!copied) {
    std::error_code ignored;
    std::filesystem::remove_all(attempt->directory(), ignored);
    return copied;
  }
  TRY(const auto committed, settle(*attempt));
  return copied->set("commit", committed.number);
}

}  // namespace storage_daemon
