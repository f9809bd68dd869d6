#include "checksum.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"

namespace storage_ephemeral {
namespace {

bool all_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

constexpr std::size_t kZerosBytes = 64 << 10;
const std::array<char, kZerosBytes> kZeros{};

XXH3_state_t* new_state() {
  XXH3_state_t* state = XXH3_createState();
  CHECK(state != nullptr);
  XXH3_64bits_reset(state);
  return state;
}

}  // namespace

std::uint64_t frame_checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

ContentChecksum::ContentChecksum() : block_(new_state()), all_(new_state()) {}

void ContentChecksum::bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = static_cast<std::size_t>(kBlockBytes - size_ % kBlockBytes);
    const std::size_t count = std::min(room, bytes.size());
    part(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
}

void ContentChecksum::frame(std::string_view bytes, std::uint64_t checksum) {
  if (size_ % kBlockBytes != 0 || bytes.size() != kBlockBytes) return this->bytes(bytes);
  size_ += kBlockBytes;
  if (!all_zero(bytes)) fold(*all_, size_ / kBlockBytes, checksum);
}

void ContentChecksum::zeros(std::uint64_t count) {
  while (count > 0) {
    if (size_ % kBlockBytes == 0 && count >= kBlockBytes) {
      const std::uint64_t whole = count / kBlockBytes * kBlockBytes;
      size_ += whole;
      count -= whole;
      continue;
    }
    const std::uint64_t room = kBlockBytes - size_ % kBlockBytes;
    const std::uint64_t now = std::min({count, room, std::uint64_t{kZerosBytes}});
    part({kZeros.data(), static_cast<std::size_t>(now)});
    count -= now;
  }
}

void ContentChecksum::part(std::string_view bytes) {
  block_is_zero_ = block_is_zero_ && all_zero(bytes);
  XXH3_64bits_update(block_.get(), bytes.data(), bytes.size());
  size_ += bytes.size();
  if (size_ % kBlockBytes != 0) return;
  if (!block_is_zero_) fold(*all_, size_ / kBlockBytes, XXH3_64bits_digest(block_.get()));
  XXH3_64bits_reset(block_.get());
  block_is_zero_ = true;
}

void ContentChecksum::fold(XXH3_state_t& all, std::uint64_t index, std::uint64_t hash) {
  const std::array<std::uint64_t, 2> pair{index, hash};
  XXH3_64bits_update(&all, pair.data(), sizeof(pair));
}

std::uint64_t ContentChecksum::value() const {
  const State all(new_state());
  XXH3_copyState(all.get(), all_.get());
  if (!block_is_zero_) fold(*all, size_ / kBlockBytes + 1, XXH3_64bits_digest(block_.get()));
  fold(*all, 0, size_);
  return XXH3_64bits_digest(all.get());
}

base::Result<std::uint64_t> content_checksum(int fd, std::uint64_t size) {
  ContentChecksum sum;
  std::string buffer(std::min<std::uint64_t>(size, kBlockBytes), '\0');
  while (sum.size() < size) {
    const auto at = static_cast<off_t>(sum.size());
    const off_t data = ::lseek(fd, at, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return base::error_from_errno(errno, "lseek in a file");
    const std::uint64_t from = data < 0 ? size : std::min(size, static_cast<std::uint64_t>(data));
    sum.zeros(from - sum.size());
    const auto count = static_cast<std::size_t>(
        std::min({size - from, std::uint64_t{buffer.size()}, kBlockBytes - from % kBlockBytes}));
    if (count == 0) continue;
    const ssize_t got = ::pread(fd, buffer.data(), count, static_cast<off_t>(from));
    if (got < 0) return base::error_from_errno(errno, "read of a file");
    if (got == 0) return base::Error{base::ErrorCode::kDataLoss, "a file is shorter than its size"};
    sum.bytes({buffer.data(), static_cast<std::size_t>(got)});
  }
  // The end of the file looks like a hole.
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::error_from_errno(errno, "stat of a file");
  if (static_cast<std::uint64_t>(info.st_size) < size) {
    return base::Error{base::ErrorCode::kDataLoss, "a file is shorter than its size"};
  }
  return sum.value();
}

}  // namespace storage_ephemeral
