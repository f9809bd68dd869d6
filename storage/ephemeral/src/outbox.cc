#include "outbox.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>

#include "bytes.h"

namespace storage_ephemeral {
namespace {

constexpr std::uint64_t kFirstSize = 64 << 10;
constexpr std::size_t kHeaderBytes = 16;  // how many bytes of entries follow, and the epoch
constexpr std::size_t kPartBytesMax = 16 << 20;

enum class Kind : std::uint8_t { kRemoved, kSet, kUpdated, kPublished };

base::Result<char*> map_file(int fd, std::uint64_t size) {
  // Allocated, not only sized: a full disk is an error here, and not a signal later.
  if (const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(size)); error != 0) {
    return base::error_from_errno(error, "room for the journal of ephemeral names");
  }
  void* map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return base::error_from_errno(errno, "mmap of the journal");
  return static_cast<char*>(map);
}

}  // namespace

base::Result<Outbox> Outbox::open(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::error_from_errno(errno, "open " + path);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return base::error_from_errno(errno, "stat " + path);
  const auto size = std::max(kFirstSize, static_cast<std::uint64_t>(info.st_size));
  TRY(char* map, map_file(fd.get(), size));
  return Outbox(std::move(fd), map, size);
}

Outbox::Outbox(Outbox&& other) noexcept
    : fd_(std::move(other.fd_)), map_(std::exchange(other.map_, nullptr)), size_(other.size_) {}

Outbox::~Outbox() {
  if (map_ != nullptr) ::munmap(map_, size_);
}

std::uint64_t Outbox::bytes() const {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, map_, sizeof(bytes));
  return std::min(bytes, size_ - kHeaderBytes);
}

void Outbox::set_bytes(std::uint64_t bytes) {
  // The entry is there before it counts, for whoever looks after the process was killed.
  std::atomic_signal_fence(std::memory_order_release);
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(map_)).store(bytes);
}

std::uint64_t Outbox::epoch() const {
  std::uint64_t epoch = 0;
  std::memcpy(&epoch, map_ + sizeof(epoch), sizeof(epoch));
  return epoch;
}

void Outbox::set_epoch(std::uint64_t epoch) {
  std::memcpy(map_ + sizeof(epoch), &epoch, sizeof(epoch));
}

Outbox::Entries Outbox::read() const {
  Entries entries;
  ByteReader in({map_ + kHeaderBytes, bytes()});
  while (in.ok() && !in.at_end()) {
    std::string key = in.text(kPartBytesMax);
    const auto kind = in.one_of(Kind::kPublished);
    std::string value = in.text(kPartBytesMax);
    if (!in.ok()) break;
    const bool set = kind == Kind::kSet || kind == Kind::kUpdated;
    entries.push_back({.key = std::move(key),
                       .change = {.value = set ? Value(std::move(value)) : std::nullopt,
                                  .update = kind == Kind::kUpdated},
                       .published = kind == Kind::kPublished});
  }
  return entries;
}

base::Status Outbox::append(const Changes& changes) {
  ByteWriter out;
  for (const auto& [key, change] : changes) {
    const Kind set = change.update ? Kind::kUpdated : Kind::kSet;
    const Kind kind = change.value ? set : Kind::kRemoved;
    out.text(key).number(static_cast<std::uint8_t>(kind));
    out.text(change.value ? std::string_view(*change.value) : std::string_view());
  }
  return append_bytes(out.take());
}

base::Status Outbox::append_published(const std::vector<std::string>& keys) {
  ByteWriter out;
  for (const std::string& key : keys) {
    out.text(key).number(static_cast<std::uint8_t>(Kind::kPublished)).text("");
  }
  return append_bytes(out.take());
}

base::Status Outbox::append_bytes(std::string_view entries) {
  const std::uint64_t used = bytes();
  TRY_STATUS(grow(kHeaderBytes + used + entries.size()));
  std::memcpy(map_ + kHeaderBytes + used, entries.data(), entries.size());
  set_bytes(used + entries.size());
  return {};
}

void Outbox::clear() { set_bytes(0); }

base::Status Outbox::grow(std::uint64_t needed) {
  if (needed <= size_) return {};
  const std::uint64_t size = std::bit_ceil(needed);
  TRY(char* map, map_file(fd_.get(), size));
  ::munmap(std::exchange(map_, map), std::exchange(size_, size));
  return {};
}

base::Result<Journal> Journal::open(const std::string& path) {
  std::vector<Outbox> parts;
  for (const char* suffix : {".0", ".1"}) {
    TRY(Outbox part, Outbox::open(path + suffix));
    parts.push_back(std::move(part));
  }
  Journal journal(std::move(parts));
  journal.active_ = journal.parts_[1].epoch() > journal.parts_[0].epoch() ? 1 : 0;
  return journal;
}

Outbox::Entries Journal::read() const {
  Outbox::Entries all = parts_[1 - active_].read();
  for (auto& entry : parts_[active_].read()) all.push_back(std::move(entry));
  std::set<std::string> published;
  Outbox::Entries waiting;
  for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
    if (entry->published) {
      published.insert(entry->key);
    } else if (!published.contains(entry->key)) {
      waiting.push_back(std::move(*entry));
    }
  }
  std::ranges::reverse(waiting);
  return waiting;
}

void Journal::taken(bool all) {
  covered_ = all;
  Outbox& other = parts_[1 - active_];
  switched_ = all && other.bytes() == 0;
  if (!switched_) return;
  other.set_epoch(parts_[active_].epoch() + 1);
  active_ = 1 - active_;
}

base::Status Journal::landed(bool published,
                             const std::function<std::vector<std::string>()>& keys) {
  const bool covered = std::exchange(covered_, false);
  if (!published) return {};
  if (covered) parts_[1 - active_].clear();
  // Entries that the batch has brought out are still there: it must be known that they are old.
  return switched_ ? base::Status() : parts_[active_].append_published(keys());
}

}  // namespace storage_ephemeral
