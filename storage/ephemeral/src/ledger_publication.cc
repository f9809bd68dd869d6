// What this node changed leaves in batches.
#include "base/check.h"
#include "ledger.h"

namespace storage_ephemeral {
namespace {

using storage::ObjectVersion;
using Kind = RecordKey::Kind;

}  // namespace

InodeRecord merge(const std::optional<InodeRecord>& base, const InodeRecord& mine,
                  const InodeRecord& theirs) {
  const bool mine_is_later = mine.version > theirs.version;
  const bool theirs_is_later = theirs.version > mine.version;
  InodeRecord result = theirs_is_later ? theirs : mine;
  if (!mine_is_later && !theirs_is_later && theirs.state != FileState::kWriting) {
    result.state = theirs.state;
    result.reason = theirs.reason;
    result.size = theirs.size;
    result.checksum = theirs.checksum;
  }
  const bool i_changed = !base || base->attributes != mine.attributes;
  result.attributes = i_changed ? mine.attributes : theirs.attributes;
  return result;
}

const Ledger::Batch& Ledger::take_batch(std::size_t most) {
  CHECK(!batch_);
  batch_.emplace();
  // Inodes come first in the order of keys: no name is published before what it leads to.
  while (!dirty_.empty() && flying_.size() < most) {
    const RecordKey& key = *flying_.insert(flying_.end(), dirty_.extract(dirty_.begin()));
    Value value = current(key);
    std::string bytes = encode(key);
    if (key.kind == Kind::kInode && value) {
      const auto& base = inodes_.at(key.inode).base;
      batch_->guards.emplace_back(bytes, base.value_or(""));
    }
    batch_->values.emplace(std::move(bytes), std::move(value));
  }
  return *batch_;
}

void Ledger::published(ObjectVersion version) {
  CHECK(batch_);
  ++batches_published_;
  for (const RecordKey& key : flying_) {
    set_seen(key, version);
    if (key.kind != Kind::kInode) continue;
    const auto found = inodes_.find(key.inode);
    if (found == inodes_.end() || !found->second.known) continue;
    Value& sent = batch_->values.at(encode(key));
    found->second.in_store = sent.has_value();
    found->second.base = dirty_.contains(key) ? std::move(sent) : std::nullopt;
  }
  landed_ = std::exchange(flying_, {});
  std::erase_if(landed_, [this](const RecordKey& key) { return dirty_.contains(key); });
  land({});
}

std::vector<std::string> Ledger::take_landed() {
  std::vector<std::string> keys;
  keys.reserve(landed_.size());
  for (const RecordKey& key : landed_) keys.push_back(encode(key));
  landed_.clear();
  return keys;
}

void Ledger::failed() { land(std::set<RecordKey>(flying_)); }

void Ledger::conflicted(const Values& current) {
  CHECK(batch_);
  std::set<RecordKey> again = flying_;
  for (const auto& [bytes, guard] : batch_->guards) {
    const auto key = decode_record_key(bytes);
    const auto found = inodes_.find(key->inode);
    const auto theirs = current.find(bytes);
    if (found == inodes_.end() || !found->second.known || theirs == current.end()) continue;
    if (theirs->second.value_or("") == guard) continue;
    const auto record = decode_inode_record(theirs->second.value_or(""));
    if (!record.ok()) {  // somebody removed it
      again.erase(*key);
      dirty_.erase(*key);
      forget_record(key->inode);
      continue;
    }
    const auto base = decode_inode_record(guard);
    put_record(
        key->inode, found->second,
        merge(base.ok() ? std::optional(*base) : std::nullopt, found->second.record, *record));
    found->second.base = theirs->second;
    found->second.in_store = true;
  }
  land(std::move(again));
}

// The batch is over; `again` is to be sent once more.
void Ledger::land(std::set<RecordKey> keys) {
  dirty_.merge(keys);
  flying_.clear();
  batch_.reset();
  for (const auto& [values, version] : std::exchange(late_, {})) hear(values, version);
}

}  // namespace storage_ephemeral
