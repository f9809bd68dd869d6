#include "people_ephemeral.h"

#include <fcntl.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <utility>

#include "base/text.h"
#include "pour.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using storage_ephemeral::FileState;
using LiveVolume = storage_ephemeral::Volume;

namespace {

// The file as it is when it is final, on this node.
Result<storage_ephemeral::OpenFile> open_final(LiveVolume& files, storage::InodeNumber inode,
                                               const std::string& attempt) {
  using Opened = Result<storage_ephemeral::OpenFile>;
  const auto answer = std::make_shared<std::promise<Opened>>();
  files.open_read(inode, attempt, LiveVolume::Visible::kSealed,
                  [answer](Opened opened) { answer->set_value(std::move(opened)); });
  return answer->get_future().get();
}

// From the start, whatever the position.
Result<std::int64_t> pour_from_start(const base::UniqueFd& from, int to) {
  if (::lseek(from.get(), 0, SEEK_SET) < 0) {
    return base::error_from_errno(errno, "reading an ephemeral file");
  }
  return pour(from.get(), to);
}

Status flush(LiveVolume& files, const std::string& attempt) {
  return wait_for([&](auto done) { files.flush(attempt, std::move(done)); });
}

Result<storage::InodeNumber> make_or_find(const Visit& visit, const storage::NameKey& key,
                                          const std::string& attempt, const base::Clock& clock) {
  if (const auto there = visit.ephemeral().find(key)) {
    if (there->record.attributes.type == FileType::kRegular) return there->inode;
    return Error{ErrorCode::kInvalidArgument, base::quoted(key.name) + " is not a regular file"};
  }
  TRY(const auto root, visit.find({}));
  storage_ephemeral::NewInode made;
  TRY(made.inode, visit.tree().reserve(1));
  made.attributes.uid = root->attributes.uid;
  made.attributes.gid = root->attributes.gid;
  made.attributes.accessed = made.attributes.modified = made.attributes.changed = clock.wall();
  made.attempt = attempt;
  made.lifetime.kind = storage_ephemeral::Lifetime::Kind::kVolume;
  made.seal = storage_ephemeral::SealWhen::kClose;
  TRY_STATUS(visit.ephemeral().create(key, made));
  return made.inode;
}

}  // namespace

Result<Json> copy_out_ephemeral(const Visit& visit, const Seen& seen, const Place& place,
                                int file) {
  const auto& record = seen.live->record;
  if (record.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  if (record.state == FileState::kWriting) {
    return Error{ErrorCode::kConflict, base::quoted(place.path) + " is still being written"};
  }
  if (record.state == FileState::kPoisoned) {
    return Error{ErrorCode::kDataLoss, base::quoted(place.path) + " is not whole: " +
                                           std::string(storage_ephemeral::in_words(record.reason))};
  }
  LiveVolume& files = visit.ephemeral();
  const std::string attempt = "person-" + random_name();
  auto opened = open_final(files, seen.entry.inode, attempt);
  Result<std::int64_t> bytes = std::int64_t{0};
  if (opened) {
    bytes = pour_from_start(opened->backing, file);
    files.close_read(opened->file);
  }
  files.release(attempt);
  if (!opened) return std::move(opened).error();
  TRY(const std::int64_t count, std::move(bytes));
  return Json::object({{"bytes", count}, {"tier", "ephemeral"}});
}

Result<Json> copy_in_ephemeral(const Visit& visit, const Seen& directory, const std::string& name,
                               int file, const base::Clock& clock) {
  LiveVolume& files = visit.ephemeral();
  const std::string attempt = "person-" + random_name();
  TRY(const auto inode, make_or_find(visit, {directory.entry.inode, name}, attempt, clock));
  TRY(const auto opened, files.open_write(inode, attempt, LiveVolume::Rewrite::kTruncate));
  auto bytes = pour(file, opened.backing.get());
  files.close_write(opened.file);
  files.settle(attempt, bytes ? storage_ephemeral::Outcome::kSucceeded
                              : storage_ephemeral::Outcome::kFailed);
  const Status flushed = flush(files, attempt);
  files.release(attempt);
  TRY(const std::int64_t count, std::move(bytes));
  TRY_STATUS(Status(flushed));
  return Json::object({{"bytes", count}, {"tier", "ephemeral"}});
}

Result<Json> remove_ephemeral(const Visit& visit, const Seen& seen) {
  LiveVolume& files = visit.ephemeral();
  if (seen.is_directory() && !files.list(seen.entry.inode, "", 1).empty()) {
    return Error{ErrorCode::kConflict, base::quoted(seen.key.name) + " is not empty"};
  }
  TRY_STATUS(files.remove(seen.key));
  TRY_STATUS(flush(files, {}));
  return Json::object({{"removed", text_of(seen.entry.attributes.type)}, {"tier", "ephemeral"}});
}

}  // namespace storage_daemon
