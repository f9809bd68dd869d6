// Reading: opens that may wait, and reads that wait at the tail.
#include <utility>

#include "locked.h"

namespace storage_ephemeral {
namespace {

base::Error poisoned_error(PoisonReason reason) {
  return {base::ErrorCode::kDataLoss,
          "the ephemeral file cannot be read: " + std::string(in_words(reason))};
}
base::Error stopping() {
  return {base::ErrorCode::kUnavailable, "ephemeral files: the volume is not attached any more"};
}

}  // namespace

VolumeImpl::File VolumeImpl::find_file(FileKey key) const {
  const auto found = files_.find(key);
  return found == files_.end() ? nullptr : found->second;
}

VolumeImpl::File VolumeImpl::find_file(const FileId& file) const {
  return find_file(FileKey{file.inode, file.version});
}

const InodeRecord* VolumeImpl::record_of(FileKey key) const {
  const InodeRecord* record = ledger_.record(key.inode);
  return record != nullptr && record->version == key.version ? record : nullptr;
}

base::Result<VolumeImpl::File> VolumeImpl::add_file(FileKey key, LocalFile::Role role,
                                                    FileLife life, SharedFd fd) {
  const auto file = std::make_shared<LocalFile>(std::move(life));
  file->key = key;
  file->role = role;
  file->fd = std::move(fd);
  files_[key] = file;
  return file;
}

// What this node has of a file, or begins to have.
base::Result<VolumeImpl::File> VolumeImpl::local_file(Locked& locked, storage::InodeNumber inode,
                                                      const InodeRecord& record) {
  const FileKey key{inode, record.version};
  if (File file = find_file(key)) return file;
  const auto held = held_.find(inode);
  if (held != held_.end() && held->second == key.version) {
    TRY(SharedFd fd, backing_.open_file(key));
    TRY(File file,
        add_file(key, LocalFile::Role::kHeld,
                 FileLife::recovered(FileState::kSealed, {}, record.size), std::move(fd)));
    file->size = record.size;
    file->checksum = record.checksum;
    return file;
  }
  const bool mine = record.writer == context_.settings.name;
  if (!mine || record.state != FileState::kWriting) {
    return begin_fetch(locked, key, FetchFor::kReaders);
  }
  TRY(SharedFd fd, backing_.create(key, false));
  TRY(File file,
      add_file(key, LocalFile::Role::kMaking, FileLife(record.seal, record.copies), std::move(fd)));
  file->copies = record.copies;
  file->attempt = record.attempt;
  if (record.copies > 1) {
    locked.later([self = shared_from_this(), id = id_of(key)] {
      make_second_copy(self->context_, self->pool_, self, id);
    });
  }
  return file;
}

base::Result<VolumeImpl::File> VolumeImpl::begin_fetch(Locked& locked, FileKey key,
                                                       FetchFor purpose) {
  TRY(SharedFd fd, backing_.create(key, true));
  TRY(File file,
      add_file(key, LocalFile::Role::kFetching, FileLife(SealWhen::kActivation, 1), std::move(fd)));
  start_fetch(locked, file, purpose);
  return file;
}

void VolumeImpl::start_fetch(Locked& locked, const File& file, FetchFor purpose) {
  file->fetch_number = ++next_fetch_;
  file->fetch =
      std::make_shared<FetchTask>(context_, pool_, weak_from_this(),
                                  FetchId{id_of(file->key), file->fetch_number}, purpose, file->fd);
  locked.later([this, self = shared_from_this(), task = file->fetch] {
    context_.loop.post([task] { task->start(); });
  });
}

VolumeImpl::ReadView VolumeImpl::view(const LocalFile& file) const {
  ReadView view{.state = file.life.state(), .available = file.have, .end = file.life.end()};
  if (file.role == LocalFile::Role::kFetching) {
    const InodeRecord* record = record_of(file.key);
    const bool sealed = record != nullptr && record->state == FileState::kSealed;
    const bool alone = record != nullptr && record->copies <= 1;
    if (sealed || alone) view.end = file.size;
  } else if (file.size) {
    view.available = *file.size;
  } else {
    const auto size = size_now(file);
    view.available = size.ok() ? *size : 0;
  }
  return view;
}

// A file that was written and closed waits for the end of its activation without a descriptor:
// there may be a million of them.
base::Result<SharedFd> VolumeImpl::bytes_of(LocalFile& file) const {
  if (file.fd == nullptr) {
    TRY(file.fd, backing_.open_file(file.key));
  }
  return file.fd;
}

base::Result<std::uint64_t> VolumeImpl::size_now(const LocalFile& file) const {
  return file.fd != nullptr ? size_of(*file.fd) : backing_.size(file.key);
}

base::Result<OpenFile> VolumeImpl::opened(const File& file) const {
  TRY(const SharedFd bytes, bytes_of(*file));
  TRY(base::UniqueFd fd, duplicate(*bytes));
  return OpenFile{.file = id_of(file->key),
                  .backing = std::move(fd),
                  .complete = file->role == LocalFile::Role::kHeld};
}

void VolumeImpl::open_read(storage::InodeNumber inode, const Attempt& attempt, Visible visible,
                           Done<OpenFile> done) {
  Locked locked(*this);
  const auto answer = [&locked, &done](base::Result<OpenFile> result) {
    auto shared = std::make_shared<base::Result<OpenFile>>(std::move(result));
    locked.later([done, shared] { done(std::move(*shared)); });
  };
  if (stopped_) return answer(stopping());
  const InodeRecord* record = ledger_.record(inode);
  if (record == nullptr || expired(record->lifetime, context_.clock.wall())) {
    return answer(base::Error{base::ErrorCode::kNotFound, "the ephemeral file is gone"});
  }
  if (record->attributes.type != storage::FileType::kRegular) {
    return answer(base::Error{base::ErrorCode::kInvalidArgument, "not a file with bytes"});
  }
  if (record->state == FileState::kPoisoned) return answer(poisoned_error(record->reason));
  const auto file = local_file(locked, inode, *record);
  if (!file.ok()) return answer(file.error());
  const FileKey key{inode, record->version};
  const auto written = written_.find(attempt);
  if (written == written_.end() || !written->second.contains(key)) {
    read_[attempt].try_emplace(
        key, Dependency{id_of(key), record->state, record->reason, ledger_.name_of(inode)});
  }
  ++(*file)->readers;
  if (visible == Visible::kWriting || (*file)->role == LocalFile::Role::kHeld) {
    return answer(opened(*file));
  }
  (*file)->final_waiters.push_back(
      [this, self = shared_from_this(), file = *file, done](const base::Status& status) {
        status.ok() ? done(opened(file)) : done(status.error());
      });
  wake(locked, *file);
}

void VolumeImpl::close_read(const FileId& id) {
  Locked locked(*this);
  const File file = find_file(id);
  if (file == nullptr || file->readers == 0) return;
  --file->readers;
  let_go(locked, file);
}

Volume::Ticket VolumeImpl::await_bytes(const FileId& id, std::uint64_t offset, std::uint64_t length,
                                       Done<std::uint64_t> done) {
  Locked locked(*this);
  const Ticket ticket = ++next_ticket_;
  const File file = find_file(id);
  if (stopped_ || file == nullptr) {
    locked.later([done] { done(stopping()); });
    return ticket;
  }
  file->parked.push_back({ticket, offset, length, std::move(done)});
  tickets_[ticket] = file->key;
  wake_readers(locked, *file);
  // Where it waits for growth of a file of this node: what grew before the watch began counts too.
  if (!file->parked.empty() && file->role == LocalFile::Role::kMaking && !file->size &&
      file->watch < 0) {
    if (!watch_growth(file)) {
      file->broken = base::Error{base::ErrorCode::kNoSpace, "the kernel watches no more files"};
    }
    wake_readers(locked, *file);
    file->broken.reset();
  }
  return ticket;
}

void VolumeImpl::cancel(Ticket ticket) {
  Locked locked(*this);
  const auto found = tickets_.find(ticket);
  const File file = found == tickets_.end() ? nullptr : find_file(found->second);
  if (file == nullptr) return;
  for (auto at = file->parked.begin(); at != file->parked.end(); ++at) {
    if (at->ticket != ticket) continue;
    locked.later([done = std::move(at->done)] {
      done(base::Error{base::ErrorCode::kDeadlineExceeded, "the read was interrupted"});
    });
    file->parked.erase(at);
    break;
  }
  tickets_.erase(found);
  let_go(locked, file);
}

base::Result<std::uint64_t> VolumeImpl::size(storage::InodeNumber inode) const {
  const std::lock_guard lock(mutex_);
  const InodeRecord* record = ledger_.record(inode);
  if (record == nullptr) return base::Error{base::ErrorCode::kNotFound, "the file is gone"};
  if (record->state == FileState::kSealed) return record->size;
  const File file = find_file(FileKey{inode, record->version});
  return file == nullptr ? record->size : view(*file).available;
}

std::optional<Attempt> VolumeImpl::writer(storage::InodeNumber inode) const {
  const std::lock_guard lock(mutex_);
  const InodeRecord* record = ledger_.record(inode);
  if (record == nullptr || record->state != FileState::kWriting) return std::nullopt;
  return record->attempt;
}

// --- Waking ---

bool VolumeImpl::watch_growth(const File& file) {
  if (file->watch >= 0) return true;
  const auto bytes = bytes_of(*file);
  if (!bytes.ok()) return false;
  const auto watch = context_.growth.add(**bytes, [self = weak_from_this(), key = file->key] {
    if (const auto volume = self.lock()) volume->grown(key);
  });
  if (watch.ok()) file->watch = *watch;
  return watch.ok();
}

void VolumeImpl::unwatch(LocalFile& file) {
  if (file.watch >= 0) context_.growth.remove(std::exchange(file.watch, -1));
}

void VolumeImpl::grown(FileKey key) {
  Locked locked(*this);
  const File file = find_file(key);
  if (file == nullptr) return;
  wake(locked, file);
  const bool wanted = !file->parked.empty() || !file->streams.empty();
  if (!wanted) unwatch(*file);
}

void VolumeImpl::wake(Locked& locked, const File& file) {
  wake_readers(locked, *file);
  wake_streams(locked, *file);
  const bool poisoned = file->life.state() == FileState::kPoisoned;
  if (!poisoned && !file->broken && file->role != LocalFile::Role::kHeld) return;
  base::Status status;
  if (poisoned) status = poisoned_error(file->life.reason());
  if (file->broken) status = *file->broken;
  for (auto& waiter : std::exchange(file->final_waiters, {})) {
    if (!status.ok() && file->readers > 0) --file->readers;
    locked.later([waiter = std::move(waiter), status] { waiter(status); });
  }
}

void VolumeImpl::wake_readers(Locked& locked, LocalFile& file) {
  using Kind = ReadAnswer::Kind;
  if (file.parked.empty()) return;
  const ReadView now = view(file);
  for (auto at = file.parked.begin(); at != file.parked.end();) {
    const ReadAnswer answer =
        answer_read(now.state, now.available, now.end, at->offset, at->length);
    const bool parks = answer.kind == Kind::kPark && !file.broken;
    if (parks) {
      ++at;
      continue;
    }
    base::Result<std::uint64_t> result = answer.length;
    if (answer.kind == Kind::kError) result = poisoned_error(file.life.reason());
    if (answer.kind == Kind::kPark) result = *file.broken;
    locked.later([done = std::move(at->done), result] { done(result); });
    tickets_.erase(at->ticket);
    at = file.parked.erase(at);
  }
}

void VolumeImpl::wake_streams(Locked& locked, const LocalFile& file) {
  for (const auto& [id, action] : file.streams) {
    locked.later([this, self = shared_from_this(), action] {
      context_.loop.on_loop_thread() ? action() : static_cast<void>(context_.loop.post(action));
    });
  }
}

// Nobody uses it any more: what must stay is on the disk, and known by the names.
void VolumeImpl::let_go(Locked& locked, const File& file) {
  if (!file->idle() || !files_.contains(file->key)) return;
  const FileState state = file->life.state();
  const bool unfinished = state == FileState::kWriting && !file->removed && !file->broken;
  if (file->role == LocalFile::Role::kMaking && unfinished) {
    file->fd.reset();
    return;
  }
  if (file->role == LocalFile::Role::kFetching && unfinished) {
    // Only the checksum is missing: the copy will be good for the next reader.
    const bool nearly = file->fetch != nullptr && file->size && file->have == *file->size;
    if (nearly || !file->copied_from.empty()) return;
  }
  unwatch(*file);
  files_.erase(file->key);
  if (file->fetch != nullptr) {
    locked.later([this, self = shared_from_this(), task = std::move(file->fetch)] {
      context_.loop.post([task] { task->cancel(); });
    });
  }
  const bool held = file->role == LocalFile::Role::kHeld && !file->removed;
  if (held) return;
  const auto known = held_.find(file->key.inode);
  if (known != held_.end() && known->second == file->key.version) held_.erase(known);
  // A part at once: the next reader may begin it anew. Others may be large, and have no second
  // life.
  if (file->role == LocalFile::Role::kFetching) return backing_.remove_part(file->key);
  context_.hasher.post([backing = backing_, key = file->key] { backing.remove(key); });
}

}  // namespace storage_ephemeral
