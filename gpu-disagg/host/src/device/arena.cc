#include "device/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/check.h"

namespace gpu_host {
namespace {

using gpu_device::Address;
using gpu_device::CuResult;
using gpu_device::MemoryKind;

// Far from the addresses of programs here, so that neither is taken for the other.
constexpr Address kBase = 0x0000'7000'0000'0000;
constexpr std::uint64_t kAlignment = 256;
// Between two pieces: who runs over the end of one does not land in the next.
constexpr std::uint64_t kGap = 256;

}  // namespace

Arena::Arena(std::uint64_t bytes) : bytes_(bytes), limit_(bytes) {
  // The gaps need addresses too; pages take memory only once they are written.
  const std::uint64_t reserved = bytes * 2;
  void* start = mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(start != MAP_FAILED);
  start_ = static_cast<std::byte*>(start);
  free_[0] = reserved;
}

Arena::~Arena() { munmap(start_, bytes_ * 2); }

gpu_device::Answer<Address> Arena::allocate(std::uint64_t bytes, MemoryKind kind) {
  if (bytes == 0) return CuResult::kInvalidValue;
  const std::lock_guard lock(mutex_);
  if (bytes > limit_ || used_ > limit_ - bytes) return CuResult::kOutOfMemory;
  const std::uint64_t reserved = ((bytes + kAlignment - 1) & ~(kAlignment - 1)) + kGap;
  for (auto hole = free_.begin(); hole != free_.end(); ++hole) {
    const auto [offset, size] = *hole;
    if (size < reserved) continue;
    free_.erase(hole);
    if (size > reserved) free_[offset + reserved] = size - reserved;
    pieces_[offset] = Piece{bytes, reserved, next_id_++, kind};
    used_ += bytes;
    snapshot_.reset();
    return kBase + offset;
  }
  return CuResult::kOutOfMemory;
}

// Free memory is all zeros: whole pages go back to the system, and what is left is written.
void Arena::clear(std::uint64_t offset, std::uint64_t bytes) const {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t end = offset + bytes;
  const std::uint64_t first = (offset + page - 1) & ~(page - 1), last = end & ~(page - 1);
  if (first >= last) {
    std::memset(at(offset), 0, bytes);
    return;
  }
  std::memset(at(offset), 0, first - offset);
  std::memset(at(last), 0, end - last);
  CHECK(madvise(at(first), last - first, MADV_DONTNEED) == 0);
}

void Arena::give_back(std::uint64_t offset, std::uint64_t bytes) {
  const auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + bytes) {
    bytes += next->second;
    free_.erase(next);
  }
  const auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      before->second += bytes;
      return;
    }
  }
  free_[offset] = bytes;
}

bool Arena::free(Address address, MemoryKind kind) {
  const std::lock_guard lock(mutex_);
  const auto piece = pieces_.find(address - kBase);
  if (piece == pieces_.end() || piece->second.kind != kind) return false;
  const auto [offset, what] = *piece;
  clear(offset, what.bytes);
  used_ -= what.bytes;
  pieces_.erase(piece);
  give_back(offset, what.reserved);
  snapshot_.reset();
  return true;
}

std::optional<gpu_device::PointerInfo> Arena::find(Address address) const {
  const std::lock_guard lock(mutex_);
  auto after = pieces_.upper_bound(address - kBase);
  if (address < kBase || after == pieces_.begin()) return std::nullopt;
  const auto& [offset, piece] = *--after;
  if (address - kBase - offset >= piece.bytes) return std::nullopt;
  gpu_device::PointerInfo info;
  info.kind = piece.kind;
  info.range = {kBase + offset, piece.bytes};
  info.host = at(offset);
  info.buffer_id = piece.id;
  return info;
}

std::byte* Arena::host(Address address, std::uint64_t bytes) const {
  const auto found = find(address);
  if (!found) return nullptr;
  const std::uint64_t inside = address - found->range.start;
  if (bytes > found->range.bytes - inside) return nullptr;
  return static_cast<std::byte*>(found->host) + inside;
}

std::optional<Address> Arena::address_of(const void* host) const {
  const auto* place = static_cast<const std::byte*>(host);
  if (place < start_ || place >= start_ + bytes_ * 2) return std::nullopt;
  return kBase + static_cast<std::uint64_t>(place - start_);
}

gpu_device::MemoryInfo Arena::info() const {
  const std::lock_guard lock(mutex_);
  return {used_ < limit_ ? limit_ - used_ : 0, limit_};
}

bool Arena::limit(std::uint64_t bytes) {
  if (bytes > bytes_) return false;
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
  return true;
}

std::shared_ptr<const AddressMap> Arena::snapshot() const {
  const std::lock_guard lock(mutex_);
  if (!snapshot_) {
    AddressMap map;
    map.reserve(pieces_.size());
    for (const auto& [offset, piece] : pieces_) {
      map.push_back(Mapped{kBase + offset, kBase + offset + piece.bytes, at(offset)});
    }
    snapshot_ = std::make_shared<const AddressMap>(std::move(map));
  }
  return snapshot_;
}

}  // namespace gpu_host
