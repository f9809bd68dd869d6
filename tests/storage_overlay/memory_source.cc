#include "memory_source.h"

#include <algorithm>

namespace storage_attempts {

char made_up_byte(InodeNumber inode, std::uint64_t offset) {
  return static_cast<char>('a' + (inode * 7 + offset / 13 + offset % 11) % 26);
}

MemorySource::MemorySource(storage_overlay::MemoryVolume& volume)
    : volume_(volume), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void MemorySource::later(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
  changed_.notify_one();
}

void MemorySource::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !work_.empty(); })) {
    const auto work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void MemorySource::lookup(const NameKey& key, Done<std::optional<Entry>> done) {
  later([this, key, done = std::move(done)] { done(volume_.find(key)); });
}

void MemorySource::list(InodeNumber directory, Done<std::shared_ptr<const Listing>> done) {
  later([this, directory, done = std::move(done)] { done(volume_.list(directory)); });
}

void MemorySource::reserve(std::uint64_t count, Done<InodeNumber> done) {
  later([this, count, done = std::move(done)] { done(volume_.reserve(count)); });
}

void MemorySource::read(InodeNumber inode, const Content& content, std::uint64_t offset,
                        std::uint64_t length, Done<std::string> done) {
  later([=, this, done = std::move(done)] {
    const std::uint64_t end = std::min(offset + length, content.size);
    std::string bytes(end > offset ? end - offset : 0, '\0');
    for (const auto& run : content.objects) {
      const std::uint64_t first = std::max(run.first * storage::kDataObjectBytes, offset);
      const std::uint64_t last = std::min((run.first + run.count) * storage::kDataObjectBytes, end);
      for (std::uint64_t at = first; at < last; ++at) bytes[at - offset] = made_up_byte(inode, at);
    }
    bytes_read_ += bytes.size();
    done(std::move(bytes));
  });
}

}  // namespace storage_attempts
