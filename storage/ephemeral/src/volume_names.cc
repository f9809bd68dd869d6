// The names of a volume, and what follows when they change.
#include <algorithm>

#include "locked.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;
using storage::NameKey;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kOwnerBytesMax = 256;
constexpr std::uint32_t kCopiesMax = 2;
// Other nodes leave an expired file to the node that wrote it for so long.
constexpr std::chrono::seconds kOthersExpireAfter{10};
// The civil clock may be set, so nobody sleeps for long on its word.
constexpr std::chrono::milliseconds kExpirySleepMax{1000};

base::Error invalid(const char* what) { return {base::ErrorCode::kInvalidArgument, what}; }
base::Error stopping() {
  return {base::ErrorCode::kUnavailable, "ephemeral files: the volume is not attached any more"};
}

base::Status check_name(const NameKey& key) {
  if (key.name.empty() || key.name.size() > kNameBytesMax) return invalid("a name of that length");
  if (key.name.find('/') != std::string::npos) return invalid("a name with a slash");
  if (key.name.find('\0') != std::string::npos) return invalid("a name with a NUL");
  return {};
}

base::Status check_new(const NewInode& what) {
  if (what.inode == 0 || what.inode > storage::kInodeMax) return invalid("an impossible inode");
  if (what.copies == 0 || what.copies > kCopiesMax) return invalid("1 or 2 copies are possible");
  if (what.attempt.size() > kOwnerBytesMax || what.lifetime.owner.size() > kOwnerBytesMax) {
    return invalid("the name of an attempt or a session is too long");
  }
  return {};
}

}  // namespace

std::optional<Entry> VolumeImpl::find(const NameKey& key) const {
  publisher_->looked_at();
  const std::lock_guard lock(mutex_);
  auto entry = ledger_.find(key);
  if (entry && expired(entry->record.lifetime, context_.clock.wall())) return std::nullopt;
  return entry;
}

std::optional<Entry> VolumeImpl::get(InodeNumber inode) const {
  publisher_->looked_at();
  const std::lock_guard lock(mutex_);
  auto entry = ledger_.get(inode);
  if (entry && expired(entry->record.lifetime, context_.clock.wall())) return std::nullopt;
  return entry;
}

std::optional<Look> VolumeImpl::look(const NameKey& key) const {
  publisher_->looked_at();
  const std::lock_guard lock(mutex_);
  const auto inode = ledger_.inode_at(key);
  return inode ? look_locked(*inode) : std::nullopt;
}

std::optional<Look> VolumeImpl::look(InodeNumber inode) const {
  publisher_->looked_at();
  const std::lock_guard lock(mutex_);
  return look_locked(inode);
}

std::optional<Look> VolumeImpl::look_locked(InodeNumber inode) const {
  const InodeRecord* record = ledger_.record(inode);
  if (record == nullptr || expired(record->lifetime, context_.clock.wall())) return std::nullopt;
  return Look{inode, record->attributes, record->target, ledger_.links(inode)};
}

std::vector<std::pair<std::string, Entry>> VolumeImpl::list(InodeNumber directory,
                                                            const std::string& after,
                                                            std::size_t most) const {
  publisher_->looked_at();
  const std::lock_guard lock(mutex_);
  auto names = ledger_.list(directory, after, most);
  const base::WallTime now = context_.clock.wall();
  std::erase_if(names,
                [now](const auto& name) { return expired(name.second.record.lifetime, now); });
  return names;
}

std::uint32_t VolumeImpl::subdirectories(InodeNumber directory) const {
  const std::lock_guard lock(mutex_);
  return ledger_.subdirectories(directory);
}

base::Result<Entry> VolumeImpl::create(const NameKey& key, const NewInode& what) {
  TRY_STATUS(check_name(key));
  TRY_STATUS(check_new(what));
  const bool has_bytes = what.attributes.type == storage::FileType::kRegular;
  InodeRecord record{.attributes = what.attributes,
                     .target = what.target,
                     .lifetime = what.lifetime,
                     .seal = what.seal,
                     .copies = what.copies,
                     .state = has_bytes ? FileState::kWriting : FileState::kSealed,
                     .writer = context_.settings.name,
                     .attempt = what.attempt};
  Locked locked(*this);
  if (stopped_) return stopping();
  TRY_STATUS(ledger_.create(key, what.inode, std::move(record)));
  if (has_bytes) written_[what.attempt].insert({what.inode, 1});
  return *ledger_.get(what.inode);
}

base::Status VolumeImpl::link(InodeNumber inode, const NameKey& key) {
  TRY_STATUS(check_name(key));
  Locked locked(*this);
  if (stopped_) return stopping();
  return ledger_.link(inode, key);
}

base::Status VolumeImpl::remove(const NameKey& key) {
  Locked locked(*this);
  if (stopped_) return stopping();
  return ledger_.remove(key);
}

base::Status VolumeImpl::rename(const NameKey& from, const NameKey& to) {
  TRY_STATUS(check_name(to));
  Locked locked(*this);
  if (stopped_) return stopping();
  return ledger_.rename(from, to);
}

base::Status VolumeImpl::set_attributes(InodeNumber inode, const storage::Attributes& attributes) {
  Locked locked(*this);
  if (stopped_) return stopping();
  const InodeRecord* known = ledger_.record(inode);
  if (known == nullptr) return base::Error{base::ErrorCode::kNotFound, "no such inode"};
  InodeRecord record = *known;
  record.attributes = attributes;
  ledger_.update(inode, record);
  return {};
}

void VolumeImpl::refresh(DoneStatus done) { publisher_->refresh(std::move(done)); }

// The publisher's way to the ledger: notes for the journal when a batch left and when it arrived.
void VolumeImpl::with_ledger(const std::function<void(Ledger&)>& action) {
  Locked locked(*this);
  const bool was_flying = ledger_.in_flight();
  const std::uint64_t published = ledger_.batches_published();
  action(ledger_);
  if (was_flying && !ledger_.in_flight()) {
    const auto noted = journal_.landed(ledger_.batches_published() > published,
                                       [this] { return ledger_.take_landed(); });
    if (!noted.ok()) {
      context_.log.warn("ephemeral", "the journal of names cannot grow",
                        {{"volume", volume_}, {"why", noted.error().message}});
    }
  } else if (!was_flying && ledger_.in_flight()) {
    journal_.taken(!ledger_.dirty());
  }
}

void VolumeImpl::follow_changes(Locked& locked) {
  for (auto touched = ledger_.take_touched(); !touched.empty(); touched = ledger_.take_touched()) {
    for (const InodeNumber inode : touched) follow(locked, inode);
  }
  check_flushes(locked);
  const Changes changes = ledger_.take_changes();
  if (changes.empty()) return;
  if (const auto noted = journal_.append(changes); !noted.ok()) {
    context_.log.error("ephemeral", "names would not outlive the daemon until they are published",
                       {{"volume", volume_}, {"why", noted.error().message}});
  }
  publisher_->changed();
}

// What this node has of an inode, after its record changed or went.
void VolumeImpl::follow(Locked& locked, InodeNumber inode) {
  const InodeRecord* record = ledger_.record(inode);
  std::vector<File> files;
  for (auto at = files_.lower_bound({inode, 0}); at != files_.end() && at->first.inode == inode;
       ++at) {
    files.push_back(at->second);
  }
  for (const File& file : files) follow(locked, file, record);
  const auto held = held_.find(inode);
  const bool stale = held != held_.end() && (record == nullptr || record->version > held->second);
  if (stale && !files_.contains({inode, held->second})) {
    context_.hasher.post(
        [backing = backing_, key = FileKey{inode, held->second}] { backing.remove(key); });
    held_.erase(held);
  }
  if (record != nullptr && record->lifetime.kind == Lifetime::Kind::kTtl) arm_expiry();
  for (auto& [attempt, read] : read_) {
    for (auto at = read.lower_bound({inode, 0}); at != read.end() && at->first.inode == inode;
         ++at) {
      auto& [key, dependency] = *at;
      if (dependency.state != FileState::kWriting) continue;
      if (record != nullptr && record->version == key.version) {
        dependency.state = record->state;
        dependency.reason = record->reason;
      } else if (!files_.contains(key)) {  // nobody can tell any more how it ended
        dependency.state = FileState::kPoisoned;
        dependency.reason = PoisonReason::kHolderLost;
      }
    }
  }
}

void VolumeImpl::follow(Locked& locked, const File& file, const InodeRecord* record) {
  if (record == nullptr || record->version != file->key.version) {
    file->removed = true;
  } else if (file->life.state() == FileState::kWriting) {
    if (record->state == FileState::kPoisoned && !file->accused) {
      file->life.fail(record->reason);
      ++context_.counters.files_poisoned;
    } else if (record->state == FileState::kSealed && file->role == LocalFile::Role::kFetching) {
      settle_file(locked, file);
    }
  }
  wake(locked, file);
  let_go(locked, file);
}

void VolumeImpl::drop(Locked&, const std::vector<InodeNumber>& inodes) {
  for (const InodeNumber inode : inodes) ledger_.drop(inode);
}

void VolumeImpl::arm_expiry() {
  if (expiry_armed_ || stopped_) return;
  expiry_armed_ = true;
  const auto left = ledger_.next_expiry().value_or(context_.clock.wall()) - context_.clock.wall();
  const auto wait =
      std::clamp<std::chrono::nanoseconds>(left, std::chrono::milliseconds(1), kExpirySleepMax);
  context_.loop.post([self = weak_from_this(), wait] {
    const auto volume = self.lock();
    if (volume == nullptr) return;
    volume->context_.loop.after(wait, [self] {
      if (const auto alive = self.lock()) alive->expire();
    });
  });
}

void VolumeImpl::expire() {
  Locked locked(*this);
  expiry_armed_ = false;
  if (stopped_) return;
  const base::WallTime now = context_.clock.wall();
  std::vector<InodeNumber> ended;
  for (const InodeNumber inode : ledger_.expired(now)) {
    const InodeRecord& record = *ledger_.record(inode);
    const bool mine = record.writer == context_.settings.name;
    if (mine || record.lifetime.expires + kOthersExpireAfter <= now) ended.push_back(inode);
  }
  drop(locked, ended);
  if (ledger_.next_expiry()) arm_expiry();
}

void VolumeImpl::node_lost(const NodeName& node) {
  Locked locked(*this);
  for (const InodeNumber inode : ledger_.inodes()) {
    const Entry entry = *ledger_.get(inode);
    InodeRecord record = entry.record;
    ledger_.set_holder(inode, record.version, node, false);
    const bool wrote = record.writer == node;
    const bool ended = wrote && record.lifetime.kind == Lifetime::Kind::kActivation;
    const bool only = entry.holders == std::set<NodeName>{node};
    if (ended || (only && record.state == FileState::kSealed)) {
      ledger_.drop(inode);
    } else if (wrote && record.state == FileState::kWriting) {
      record.state = FileState::kPoisoned;
      record.reason = PoisonReason::kHolderLost;
      ledger_.update(inode, record);
    }
  }
}

}  // namespace storage_ephemeral
