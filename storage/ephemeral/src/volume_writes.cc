// Writing, and how what is written ends.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "checksum.h"
#include "locked.h"

namespace storage_ephemeral {
namespace {

// Smaller files are hashed where they are closed: that costs less than waking a thread.
constexpr std::uint64_t kHashAtOnceBytesMax = 64 << 10;

base::Error stopping() {
  return {base::ErrorCode::kUnavailable, "ephemeral files: the volume is not attached any more"};
}
base::Error gone() { return {base::ErrorCode::kNotFound, "the ephemeral file is gone"}; }

}  // namespace

base::Result<OpenFile> VolumeImpl::open_write(storage::InodeNumber inode, const Attempt& attempt,
                                              Rewrite rewrite) {
  Locked locked(*this);
  if (stopped_) return stopping();
  const InodeRecord* record = ledger_.record(inode);
  if (record == nullptr) return gone();
  if (record->attributes.type != storage::FileType::kRegular) {
    return base::Error{base::ErrorCode::kInvalidArgument, "not a file with bytes"};
  }
  File file = find_file(FileKey{inode, record->version});
  const bool unfinished =
      record->state == FileState::kWriting && (file == nullptr || !file->life.writer_done());
  if (unfinished && record->writer != context_.settings.name) {
    return base::Error{base::ErrorCode::kConflict, "another node is writing the file"};
  }
  if (unfinished) {
    TRY(file, local_file(locked, inode, *record));
    TRY(const SharedFd bytes, bytes_of(*file));
    if (rewrite == Rewrite::kTruncate && ::ftruncate(bytes->get(), 0) != 0) {
      return base::error_from_errno(errno, "truncation of an ephemeral file");
    }
  } else {
    TRY(file, begin_version(locked, inode, *record, attempt, rewrite));
  }
  file->life.writer_opened();
  written_[attempt].insert(file->key);
  return opened(file);
}

// A version after the last, which is final and stays for those who read it.
base::Result<VolumeImpl::File> VolumeImpl::begin_version(Locked& locked, storage::InodeNumber inode,
                                                         InodeRecord record, const Attempt& attempt,
                                                         Rewrite rewrite) {
  const FileKey old{inode, record.version};
  const FileKey key{inode, record.version + 1};
  SharedFd fd;
  if (rewrite == Rewrite::kTruncate) {
    TRY(fd, backing_.create(key, false));
  } else {
    if (record.state == FileState::kPoisoned) {
      return base::Error{base::ErrorCode::kDataLoss, "the file's bytes are lost"};
    }
    const File file = find_file(old);
    const bool whole = file != nullptr ? file->role == LocalFile::Role::kHeld || file->size
                                       : held_.contains(inode) && held_.at(inode) == old.version;
    if (!whole) return base::Error{base::ErrorCode::kUnavailable, "the file's bytes are elsewhere"};
    SharedFd from = file != nullptr ? file->fd : nullptr;
    if (from == nullptr) {
      TRY(from, backing_.open_file(old));
    }
    TRY(const std::uint64_t size, size_of(*from));
    TRY(fd, backing_.copy(from->get(), file != nullptr ? file->size.value_or(size) : size, key));
  }
  record.version = key.version;
  record.state = FileState::kWriting;
  record.reason = PoisonReason::kNone;
  record.size = record.checksum = 0;
  record.writer = context_.settings.name;
  record.attempt = attempt;
  TRY(File file,
      add_file(key, LocalFile::Role::kMaking, FileLife(record.seal, record.copies), std::move(fd)));
  file->copies = record.copies;
  file->attempt = attempt;
  ledger_.update(inode, record);
  if (record.copies > 1) {
    locked.later([self = shared_from_this(), id = id_of(key)] {
      make_second_copy(self->context_, self->pool_, self, id);
    });
  }
  return file;
}

void VolumeImpl::close_write(const FileId& id, const Written& written) {
  Locked locked(*this);
  const InodeRecord* known = ledger_.record(id.inode);
  if (known != nullptr && written.modified > known->attributes.modified) {
    InodeRecord record = *known;
    record.attributes.modified = written.modified;
    record.attributes.changed = written.changed;
    ledger_.update(id.inode, record);
  }
  const File file = find_file(id);
  if (file == nullptr) return;
  file->life.writer_closed();
  writer_done(locked, file);
  let_go(locked, file);
}

// If nobody will write any more: readers may meet the end, and the checksum is made.
void VolumeImpl::writer_done(Locked& locked, const File& file) {
  if (file->role != LocalFile::Role::kMaking || !file->life.needs_size()) return;
  const auto bytes = bytes_of(*file);
  const auto size = bytes.ok() ? size_of(**bytes) : bytes.error();
  if (!size.ok()) return poison(locked, file, PoisonReason::kDamaged);
  file->size = *size;
  file->life.sized(*size);
  unwatch(*file);
  wake(locked, file);
  hash(locked, file);
}

void VolumeImpl::hash(Locked& locked, const File& file) {
  file->hashing = true;
  if (*file->size <= kHashAtOnceBytesMax) {
    return hashed(locked, file, content_checksum(file->fd->get(), *file->size));
  }
  context_.hasher.post([self = weak_from_this(), file] {
    const auto sum = content_checksum(file->fd->get(), *file->size);
    const auto volume = self.lock();
    if (volume == nullptr) return;
    Locked relocked(*volume);
    volume->hashed(relocked, file, sum);
  });
}

void VolumeImpl::hashed(Locked& locked, const File& file,
                        const base::Result<std::uint64_t>& checksum) {
  file->hashing = false;
  if (!checksum.ok()) {
    poison(locked, file, PoisonReason::kDamaged);
  } else {
    file->checksum = *checksum;
    file->life.copy_complete();
    settle_file(locked, file);
    wake(locked, file);
  }
  let_go(locked, file);
}

// What this node has is complete: says so when the file is final.
void VolumeImpl::settle_file(Locked& locked, const File& file) {
  const InodeRecord* known = record_of(file->key);
  if (file->role == LocalFile::Role::kMaking) {
    if (file->life.state() != FileState::kSealed) return;
    file->role = LocalFile::Role::kHeld;
    if (known != nullptr) {
      InodeRecord record = *known;
      record.state = FileState::kSealed;
      record.size = *file->size;
      record.checksum = *file->checksum;
      ledger_.update(file->key.inode, record);
      ledger_.set_holder(file->key.inode, file->key.version, context_.settings.name, true);
      if (!file->copied_to.empty()) {
        ledger_.set_holder(file->key.inode, file->key.version, file->copied_to, true);
      }
    }
  } else {
    const bool sealed = known != nullptr && known->state == FileState::kSealed;
    if (file->role != LocalFile::Role::kFetching || !sealed || !file->checksum) return;
    if (*file->checksum != known->checksum || *file->size != known->size) {
      file->broken = base::Error{base::ErrorCode::kDataLoss, "the copy is not what was sealed"};
      return;
    }
    file->role = LocalFile::Role::kHeld;
    file->life = FileLife::recovered(FileState::kSealed, {}, known->size);
    ledger_.set_holder(file->key.inode, file->key.version, context_.settings.name, true);
  }
  if (known != nullptr) held_[file->key.inode] = file->key.version;
  wake(locked, file);
}

void VolumeImpl::poison(Locked& locked, const File& file, PoisonReason reason) {
  if (file->life.state() != FileState::kWriting) return;
  file->life.fail(reason);
  ++context_.counters.files_poisoned;
  if (const InodeRecord* known = record_of(file->key); known != nullptr) {
    InodeRecord record = *known;
    if (record.state == FileState::kWriting) {
      record.state = FileState::kPoisoned;
      record.reason = reason;
      ledger_.update(file->key.inode, record);
    }
  }
  wake(locked, file);
}

// --- Attempts ---

void VolumeImpl::settle(const Attempt& attempt, Outcome outcome) {
  Locked locked(*this);
  const auto found = written_.find(attempt);
  if (found == written_.end()) return;
  for (const FileKey key : found->second) {
    File file = find_file(key);
    const InodeRecord* record = record_of(key);
    if (file == nullptr && record != nullptr && record->state == FileState::kWriting) {
      // It was made, and never opened.
      if (auto made = local_file(locked, key.inode, *record); made.ok()) file = *made;
    }
    if (file == nullptr || file->role != LocalFile::Role::kMaking) continue;
    if (outcome == Outcome::kSucceeded) {
      file->life.activation_succeeded();
      writer_done(locked, file);
    } else if (!file->life.writer_done()) {
      poison(locked, file,
             outcome == Outcome::kFailed ? PoisonReason::kWriterFailed : PoisonReason::kWriterDied);
    }
    let_go(locked, file);
  }
}

bool VolumeImpl::unsettled(const Attempt& attempt) const {
  const auto found = written_.find(attempt);
  if (found == written_.end()) return false;
  return std::ranges::any_of(found->second, [this](FileKey key) {
    const File file = find_file(key);
    return file != nullptr && file->role == LocalFile::Role::kMaking &&
           file->life.state() == FileState::kWriting && file->life.writer_done();
  });
}

void VolumeImpl::check_flushes(Locked& locked) {
  for (auto at = flushes_.begin(); at != flushes_.end();) {
    if (unsettled(at->attempt)) {
      ++at;
      continue;
    }
    locked.later([publisher = publisher_, done = std::move(at->done)] { publisher->flush(done); });
    at = flushes_.erase(at);
  }
}

void VolumeImpl::flush(const Attempt& attempt, DoneStatus done) {
  Locked locked(*this);
  if (stopped_) {
    locked.later([done = std::move(done)] { done(stopping()); });
    return;
  }
  if (!unsettled(attempt) && !ledger_.dirty() && !ledger_.in_flight()) {
    locked.later([done = std::move(done)] { done({}); });
    return;
  }
  flushes_.push_back({attempt, std::move(done)});
}

void VolumeImpl::release(const Attempt& attempt) {
  Locked locked(*this);
  drop(locked, ledger_.owned_by(Lifetime::Kind::kActivation, attempt));
  written_.erase(attempt);
  read_.erase(attempt);
}

void VolumeImpl::end_session(const std::string& session) {
  Locked locked(*this);
  drop(locked, ledger_.owned_by(Lifetime::Kind::kSession, session));
}

void VolumeImpl::end_volume() {
  Locked locked(*this);
  drop(locked, ledger_.inodes());
}

std::vector<Dependency> VolumeImpl::dependencies(const Attempt& attempt) const {
  const std::lock_guard lock(mutex_);
  std::vector<Dependency> result;
  const auto found = read_.find(attempt);
  if (found == read_.end()) return result;
  for (const auto& [key, dependency] : found->second) {
    result.push_back(dependency);
    const File file = find_file(key);
    if (file == nullptr || dependency.state != FileState::kWriting) continue;
    result.back().state = file->life.state();
    result.back().reason = file->life.reason();
  }
  return result;
}

}  // namespace storage_ephemeral
