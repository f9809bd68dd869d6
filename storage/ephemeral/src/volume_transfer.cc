// What the volume sends to other nodes, and what it receives.
#include <utility>

#include "locked.h"

namespace storage_ephemeral {

VolumeImpl::File VolumeImpl::find_file(const FetchId& fetch) const {
  File file = find_file(fetch.file);
  return file != nullptr && file->fetch_number == fetch.number ? file : nullptr;
}

// --- Sending ---

// A copy that is not complete is offered to nobody.
base::Result<FileSource::Stream> VolumeImpl::open_stream(const FileId& id,
                                                         std::function<void()> wake_up) {
  const base::Error unknown{base::ErrorCode::kNotFound, "this node cannot send that file"};
  const FileKey key{id.inode, id.version};
  Locked locked(*this);
  File file = find_file(key);
  if (file == nullptr) {
    const InodeRecord* record = record_of(key);
    const auto held = held_.find(key.inode);
    const bool here = held != held_.end() && held->second == key.version;
    const bool mine = record != nullptr && record->writer == context_.settings.name &&
                      record->state == FileState::kWriting;
    if (record == nullptr || !(here || mine)) return unknown;
    TRY(file, local_file(locked, key.inode, *record));
  }
  if (file->role == LocalFile::Role::kFetching) return unknown;
  TRY(const SharedFd bytes, bytes_of(*file));
  const std::uint64_t number = ++next_stream_;
  file->streams.emplace(number, std::move(wake_up));
  return Stream{.id = number, .file = bytes};
}

SourceView VolumeImpl::look(const FileId& id, std::uint64_t, FetchFor purpose) {
  Locked locked(*this);
  const File file = find_file(id);
  if (file == nullptr) {
    return {.state = FileState::kPoisoned, .reason = PoisonReason::kHolderLost};
  }
  // The watch comes first: growth after the look is told, growth before it is seen.
  if (file->role == LocalFile::Role::kMaking && !file->size && !watch_growth(file)) {
    return {.state = FileState::kPoisoned, .reason = PoisonReason::kHolderLost};
  }
  const ReadView now = view(*file);
  SourceView view{.state = now.state, .reason = file->life.reason(), .available = now.available};
  // The second copy must know the end before the file is sealed: its being complete seals it.
  view.end = purpose == FetchFor::kSecondCopy ? file->size : now.end;
  if (view.end) view.checksum = file->checksum;
  return view;
}

void VolumeImpl::close_stream(const FileId& id, std::uint64_t stream) {
  Locked locked(*this);
  const File file = find_file(id);
  if (file == nullptr) return;
  file->streams.erase(stream);
  let_go(locked, file);
}

void VolumeImpl::keep(const FileId& id, const NodeName& from, std::function<void(bool)> done) {
  const FileKey key{id.inode, id.version};
  Locked locked(*this);
  File file = find_file(key);
  if (file == nullptr) {
    auto begun = begin_fetch(locked, key, FetchFor::kSecondCopy);
    if (!begun.ok()) {
      locked.later([done = std::move(done)] { done(false); });
      return;
    }
    file = *begun;
  }
  const bool whole = file->role == LocalFile::Role::kHeld || file->checksum;
  if (whole || file->role == LocalFile::Role::kMaking || file->broken) {
    locked.later([done = std::move(done), whole] { done(whole); });
    return;
  }
  file->copied_from = from;
  file->kept_waiters.push_back(std::move(done));
}

// --- Receiving ---

std::vector<NodeName> VolumeImpl::sources(const FetchId& fetch) {
  Locked locked(*this);
  std::vector<NodeName> nodes;
  const File file = find_file(fetch);
  if (file == nullptr) return nodes;
  if (!file->copied_from.empty()) nodes.push_back(file->copied_from);
  const auto entry = ledger_.get(file->key.inode);
  if (!entry || entry->record.version != file->key.version) return nodes;
  if (entry->record.state == FileState::kSealed) {
    nodes.insert(nodes.end(), entry->holders.begin(), entry->holders.end());
  } else {
    nodes.push_back(entry->record.writer);
  }
  std::erase(nodes, context_.settings.name);
  return nodes;
}

void VolumeImpl::advanced(const FetchId& fetch, std::uint64_t have) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr) return;
  file->have = have;
  wake_readers(locked, *file);
}

void VolumeImpl::ended(const FetchId& fetch, std::uint64_t size) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr) return;
  file->size = size;
  wake_readers(locked, *file);
}

void VolumeImpl::finished(const FetchId& fetch, std::uint64_t size, std::uint64_t checksum) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr) return;
  file->fetch = nullptr;
  if (auto stored = backing_.complete(file->key); !stored.ok()) {
    file->broken = std::move(stored).error();
  } else {
    file->size = file->have = size;
    file->checksum = checksum;
    settle_file(locked, file);
  }
  for (auto& waiter : std::exchange(file->kept_waiters, {})) {
    locked.later([waiter = std::move(waiter), kept = !file->broken] { waiter(kept); });
  }
  wake(locked, file);
  let_go(locked, file);
}

void VolumeImpl::poisoned(const FetchId& fetch, PoisonReason reason) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr) return;
  file->fetch = nullptr;
  // Who has it says so, and the names will say it too: nothing is to be published from here.
  file->life.fail(reason);
  for (auto& waiter : std::exchange(file->kept_waiters, {})) {
    locked.later([waiter = std::move(waiter)] { waiter(false); });
  }
  wake(locked, file);
  let_go(locked, file);
}

// Nobody can give the rest. What was sealed is out of reach from here. What was unfinished is
// poisoned for everybody, unless its writer was faster: the store decides, and readers wait for it.
void VolumeImpl::lost(const FetchId& fetch) {
  {
    Locked locked(*this);
    const File file = find_file(fetch);
    if (file == nullptr) return;
    const InodeRecord* known = record_of(file->key);
    if (known != nullptr && known->state == FileState::kWriting && file->copied_from.empty()) {
      file->accused = true;
      InodeRecord record = *known;
      record.state = FileState::kPoisoned;
      record.reason = PoisonReason::kHolderLost;
      ledger_.update(file->key.inode, record);
      locked.later([this, self = shared_from_this(), fetch] {
        publisher_->flush([self, fetch](const base::Status&) { self->judge(fetch); });
        // A store that cannot be reached must not hold up readers for ever.
        context_.loop.after(context_.settings.patience, [weak = weak_from_this(), fetch] {
          if (const auto volume = weak.lock()) volume->judge(fetch);
        });
      });
      return;
    }
  }
  failed(fetch, base::Error{base::ErrorCode::kDataLoss, "no node that has the file answers"});
}

void VolumeImpl::judge(const FetchId& fetch) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr || !std::exchange(file->accused, false)) return;
  const InodeRecord* record = record_of(file->key);
  if (record != nullptr && record->state == FileState::kSealed) {
    start_fetch(locked, file, FetchFor::kReaders);
    return;
  }
  file->fetch = nullptr;
  file->life.fail(PoisonReason::kHolderLost);
  ++context_.counters.files_poisoned;
  wake(locked, file);
  let_go(locked, file);
}

void VolumeImpl::failed(const FetchId& fetch, const base::Error& error) {
  Locked locked(*this);
  const File file = find_file(fetch);
  if (file == nullptr) return;
  file->fetch = nullptr;
  file->broken = error;
  for (auto& waiter : std::exchange(file->kept_waiters, {})) {
    locked.later([waiter = std::move(waiter)] { waiter(false); });
  }
  wake(locked, file);
  let_go(locked, file);
}

// --- The second copy of what this node writes ---

void VolumeImpl::copied(const FileId& id, const NodeName& node) {
  Locked locked(*this);
  const File file = find_file(id);
  if (file == nullptr || file->role != LocalFile::Role::kMaking) return;
  file->copied_to = node;
  file->life.copy_complete();
  settle_file(locked, file);
  let_go(locked, file);
}

void VolumeImpl::copy_failed(const FileId& id) {
  Locked locked(*this);
  const File file = find_file(id);
  if (file == nullptr || file->role != LocalFile::Role::kMaking) return;
  poison(locked, file, PoisonReason::kCopyFailed);
  let_go(locked, file);
}

}  // namespace storage_ephemeral
