#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

namespace volumes_bench {

using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

constexpr std::uint64_t kStampEvery = 4 * kKiB;

std::uint64_t stamp_of(std::uint64_t offset, std::uint64_t seed) {
  return (offset + 1) * 0x9E3779B97F4A7C15U ^ seed;
}

}  // namespace

base::Error failed(const char* what, const Path& path) {
  return base::error_from_errno(errno, std::string(what) + " " + path.filename().native());
}

Result<UniqueFd> open_file(const Path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd.valid()) return failed("opening", path);
  return fd;
}

void stamp(std::vector<char>& piece, std::uint64_t offset, std::uint64_t seed) {
  for (std::uint64_t at = 0; at + sizeof(std::uint64_t) <= piece.size(); at += kStampEvery) {
    const std::uint64_t value = stamp_of(offset + at, seed);
    std::memcpy(piece.data() + at, &value, sizeof value);
  }
}

Status check_stamps(const char* bytes, std::uint64_t count, std::uint64_t offset,
                    std::uint64_t seed) {
  std::uint64_t at = (kStampEvery - offset % kStampEvery) % kStampEvery;
  for (; at + sizeof(std::uint64_t) <= count; at += kStampEvery) {
    const std::uint64_t wanted = stamp_of(offset + at, seed);
    if (std::memcmp(bytes + at, &wanted, sizeof wanted) != 0)
      return base::Error{base::ErrorCode::kDataLoss,
                         "wrong bytes at " + std::to_string(offset + at)};
  }
  return {};
}

Status write_all(int fd, const char* bytes, std::uint64_t count) {
  while (count > 0) {
    const ssize_t written = ::write(fd, bytes, count);
    if (written <= 0) return base::error_from_errno(errno, "writing");
    bytes += written;
    count -= static_cast<std::uint64_t>(written);
  }
  return {};
}

Status write_file(const Path& path, std::uint64_t bytes, std::uint64_t seed) {
  TRY(UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  std::vector<char> piece(std::min(bytes, kPiece), 'x');
  for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
    stamp(piece, at, seed);
    TRY_STATUS(
        write_all(fd.get(), piece.data(), std::min<std::uint64_t>(piece.size(), bytes - at)));
  }
  if (::close(fd.release()) != 0) return failed("closing", path);
  return {};
}

Result<std::uint64_t> read_file(const Path& path, std::uint64_t seed) {
  TRY(const UniqueFd fd, open_file(path, O_RDONLY));
  std::vector<char> piece(kPiece);
  std::uint64_t at = 0;
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0) return failed("reading", path);
    if (got == 0) return at;
    TRY_STATUS(check_stamps(piece.data(), static_cast<std::uint64_t>(got), at, seed));
    at += static_cast<std::uint64_t>(got);
  }
}

Status read_whole_file(const Path& path, std::uint64_t bytes, std::uint64_t seed) {
  TRY(const std::uint64_t got, read_file(path, seed));
  if (got == bytes) return {};
  return base::Error{base::ErrorCode::kDataLoss, path.filename().native() + " has " +
                                                     std::to_string(got) + " of " +
                                                     std::to_string(bytes) + " bytes"};
}

Status at_once(const std::vector<std::function<Status()>>& work) {
  std::mutex mutex;
  std::optional<base::Error> first;
  {
    std::vector<std::jthread> threads;
    for (const auto& one : work) {
      threads.emplace_back([&] {
        const auto done = one();
        const std::lock_guard lock(mutex);
        if (!done && !first) first = done.error();
      });
    }
  }
  if (first) return *first;
  return {};
}

Status remove_file(const Path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("removing", path);
  return {};
}

}  // namespace volumes_bench
