// A volume when it is attached: what the last daemon left, and what is thrown away.
#include <algorithm>
#include <utility>

#include "locked.h"

namespace storage_ephemeral {

VolumeImpl::VolumeImpl(Context& context, ConnectionPool& pool, std::string volume,
                       BackingFiles backing, Journal journal)
    : context_(context),
      pool_(pool),
      volume_(std::move(volume)),
      backing_(std::move(backing)),
      journal_(std::move(journal)),
      ledger_(context.settings.name) {}

base::Result<std::shared_ptr<VolumeImpl>> VolumeImpl::open(Context& context, ConnectionPool& pool,
                                                           const std::string& name,
                                                           const std::string& directory,
                                                           const std::vector<Attempt>& alive) {
  TRY(BackingFiles backing, BackingFiles::open(directory));
  TRY(Journal journal, Journal::open(backing.outbox_path()));
  const std::shared_ptr<VolumeImpl> volume(
      new VolumeImpl(context, pool, name, std::move(backing), std::move(journal)));
  volume->publisher_ = std::make_shared<Publisher>(
      context, name, [weak = std::weak_ptr(volume)](const auto& action) {
        if (const auto self = weak.lock()) self->with_ledger(action);
      });
  TRY_STATUS(volume->publisher_->load());
  volume->recover(alive);
  return volume;
}

void VolumeImpl::recover(const std::vector<Attempt>& alive) {
  Locked locked(*this);
  for (const auto& entry : journal_.read()) ledger_.replay(entry.key, entry.change);
  const auto lives = [&alive](const std::string& attempt) {
    return std::ranges::find(alive, attempt) != alive.end();
  };
  for (const storage::InodeNumber inode : ledger_.inodes()) {
    const InodeRecord* record = ledger_.record(inode);
    const bool mine = record->writer == context_.settings.name;
    const bool of_attempt = record->lifetime.kind == Lifetime::Kind::kActivation;
    if (mine && of_attempt && !lives(record->lifetime.owner)) {
      ledger_.drop(inode);
    } else {
      recover_file(locked, inode, lives(record->attempt));
    }
  }
  for (const FileKey key : backing_.scan()) {
    const auto held = held_.find(key.inode);
    const bool wanted = held != held_.end() && held->second == key.version;
    if (!wanted && !files_.contains(key)) backing_.remove(key);
  }
}

void VolumeImpl::recover_file(Locked& locked, storage::InodeNumber inode, bool alive) {
  const Entry entry = *ledger_.get(inode);
  InodeRecord record = entry.record;
  const NodeName& self = context_.settings.name;
  const FileKey key{inode, record.version};
  if (record.attributes.type != storage::FileType::kRegular) return;
  if (record.state == FileState::kSealed && entry.holders.contains(self)) {
    const auto fd = backing_.open_file(key);
    const auto size = fd.ok() ? size_of(**fd) : fd.error();
    if (size.ok() && *size == record.size) {
      held_[inode] = key.version;
    } else {
      ledger_.set_holder(inode, record.version, self, false);
      if (entry.holders.size() == 1) ledger_.drop(inode);  // nobody else has it
    }
  } else if (record.state == FileState::kWriting && record.writer == self) {
    auto fd = backing_.open_file(key);
    if (!fd.ok() && alive) fd = backing_.create(key, false);
    if (!fd.ok() || !alive || record.copies > 1) {
      record.state = FileState::kPoisoned;
      record.reason = PoisonReason::kWriterDied;
      ledger_.update(inode, record);
      ++context_.counters.files_poisoned;
      return;
    }
    // How many handles are open is not known any more, so its attempt's end is the file's end.
    const auto file = add_file(key, LocalFile::Role::kMaking,
                               FileLife(SealWhen::kActivation, record.copies), std::move(*fd));
    (*file)->attempt = record.attempt;
    written_[record.attempt].insert(key);
  }
  follow(locked, inode);
}

void VolumeImpl::stop() {
  const base::Error error{base::ErrorCode::kUnavailable, "the volume is not attached any more"};
  {
    Locked locked(*this);
    stopped_ = true;
    for (const auto& [key, file] : files_) {
      file->broken = error;
      wake(locked, file);
      for (auto& waiter : std::exchange(file->kept_waiters, {})) {
        locked.later([waiter = std::move(waiter)] { waiter(false); });
      }
      unwatch(*file);
      if (file->fetch != nullptr) locked.later([task = file->fetch] { task->cancel(); });
      file->streams.clear();
    }
    for (Flush& flush : flushes_) {
      locked.later([done = std::move(flush.done), error] { done(error); });
    }
    flushes_.clear();
  }
  publisher_->stop();
}

bool VolumeImpl::wants_copy(const FileId& id) const {
  const std::lock_guard lock(mutex_);
  const File file = find_file(id);
  return !stopped_ && file != nullptr && file->life.state() == FileState::kWriting;
}

}  // namespace storage_ephemeral
