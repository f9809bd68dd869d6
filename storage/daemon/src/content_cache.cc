#include "content_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace storage_daemon {
namespace {

using base::error_from_errno;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::uint64_t kPieceBytes = 4 * storage::kDataObjectBytes;

Status write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error_from_errno(errno, "writing a copy of a durable file");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status fetch_run(storage_tree::Tree& tree, storage::InodeNumber inode,
                 const storage::Content& content, const storage::Content::Run& run, int fd) {
  const std::uint64_t end =
      std::min(content.size, (run.first + run.count) * storage::kDataObjectBytes);
  for (std::uint64_t at = run.first * storage::kDataObjectBytes; at < end; at += kPieceBytes) {
    TRY(const std::string bytes, tree.read(inode, content, at, std::min(kPieceBytes, end - at)));
    TRY_STATUS(write_all(fd, bytes, at));
  }
  return {};
}

}  // namespace

Status fetch_content(storage_tree::Tree& tree, storage::InodeNumber inode,
                     const storage::Content& content, int fd) {
  if (content.writer.empty()) {
    TRY_STATUS(write_all(fd, content.bytes, 0));
  } else {
    for (const auto& run : content.objects) TRY_STATUS(fetch_run(tree, inode, content, run, fd));
  }
  if (::ftruncate(fd, static_cast<off_t>(content.size)) != 0) {
    return error_from_errno(errno, "writing a copy of a durable file");
  }
  return {};
}

Result<std::unique_ptr<ContentCache>> ContentCache::open(const std::filesystem::path& directory,
                                                         std::int64_t bytes_max) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) return error_from_errno(failure.value(), "making " + directory.native());
  std::unique_ptr<ContentCache> cache(new ContentCache(directory, bytes_max));
  cache->scan();
  return cache;
}

void ContentCache::scan() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("part.")) {
      std::filesystem::remove(entry.path(), ignored);
    } else {
      add(name, static_cast<std::int64_t>(entry.file_size(ignored)));
    }
  }
}

std::int64_t ContentCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

UniqueFd ContentCache::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return {};
  files_.splice(files_.begin(), files_, known->second);
  return UniqueFd(::open((directory_ / name).c_str(), O_RDONLY | O_CLOEXEC));
}

// Who has an evicted file open goes on reading it.
void ContentCache::add(const std::string& name, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (by_name_.contains(name)) return;
  files_.push_front({name, bytes});
  by_name_[name] = files_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && files_.size() > 1) {
    const File& last = files_.back();
    ::unlink((directory_ / last.name).c_str());
    bytes_ -= last.bytes;
    by_name_.erase(last.name);
    files_.pop_back();
  }
}

Result<ContentCache::Found> ContentCache::get(storage_tree::Tree& tree, const std::string& volume,
                                              storage::InodeNumber inode,
                                              const storage::Content& content) {
  const std::string name = volume + "." + std::to_string(inode) + "." + content.writer;
  if (UniqueFd fd = find(name); fd.valid()) return Found{std::move(fd), true};
  std::string part;
  {
    const std::lock_guard lock(mutex_);
    part = directory_ / ("part." + std::to_string(next_part_++));
  }
  UniqueFd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return error_from_errno(errno, "making a copy of a durable file");
  if (auto fetched = fetch_content(tree, inode, content, fd.get()); !fetched) {
    ::unlink(part.c_str());
    return std::move(fetched).error();
  }
  if (::rename(part.c_str(), (directory_ / name).c_str()) != 0) {
    return error_from_errno(errno, "keeping a copy of a durable file");
  }
  add(name, static_cast<std::int64_t>(content.size));
  return Found{std::move(fd), false};
}

}  // namespace storage_daemon
