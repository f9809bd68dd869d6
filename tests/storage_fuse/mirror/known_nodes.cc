#include "known_nodes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mirror {

using base::error_from_errno;
using base::Result;
using base::UniqueFd;
using storage_fuse::NodeId;

Result<std::unique_ptr<KnownNodes>> KnownNodes::open(const std::filesystem::path& journal) {
  UniqueFd file(::open(journal.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  constexpr std::size_t kBytes = kRecordsMax * sizeof(Record);
  if (!file.valid() || ::ftruncate(file.get(), kBytes) != 0) {
    return error_from_errno(errno, "opening " + journal.string());
  }
  void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) return error_from_errno(errno, "mapping " + journal.string());
  return std::unique_ptr<KnownNodes>(new KnownNodes(std::move(file), static_cast<Record*>(at)));
}

KnownNodes::KnownNodes(UniqueFd file, Record* records) : file_(std::move(file)), records_(records) {
  while (record_count_ < kRecordsMax && records_[record_count_].node != 0) {
    const Record& record = records_[record_count_++];
    known_[record.node].handle = record.handle;
  }
}

KnownNodes::~KnownNodes() { ::munmap(records_, kRecordsMax * sizeof(Record)); }

void KnownNodes::append(NodeId node, const InodeHandle& handle) {
  if (record_count_ == kRecordsMax) return;
  Record& record = records_[record_count_++];
  record.handle = handle;
  __atomic_store_n(&record.node, node, __ATOMIC_RELEASE);  // last: it makes the record
}

void KnownNodes::look_up(NodeId node, const InodeHandle& handle) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[node];
  if (std::memcmp(&known.handle, &handle, sizeof handle) != 0) {
    known.handle = handle;
    append(node, handle);
  }
  ++known.lookups;
  ++totals_.looked_up;
}

void KnownNodes::forget(NodeId node, std::uint64_t lookups) {
  const std::lock_guard lock(mutex_);
  totals_.forgotten += lookups;
  const auto found = known_.find(node);
  if (found == known_.end()) return;
  // A predecessor's lookups may be among them, and its nodes stay known for good.
  found->second.lookups -= std::min(lookups, found->second.lookups);
  if (found->second.lookups == 0) known_.erase(found);
}

std::optional<InodeHandle> KnownNodes::find(NodeId node) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(node);
  if (found == known_.end()) return std::nullopt;
  return found->second.handle;
}

KnownNodes::Totals KnownNodes::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals = totals_;
  totals.known = known_.size();
  return totals;
}

}  // namespace mirror
