// A MemoryVolume as the file system reads it; answers come from another thread, as from a store.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "memory_volume.h"
#include "storage_attempts/snapshot_source.h"

namespace storage_attempts {

// The bytes of a file that nobody wrote: so large ones cost nothing.
char made_up_byte(InodeNumber inode, std::uint64_t offset);

class MemorySource final : public SnapshotSource {
 public:
  // `volume` outlives it, and changes only while nothing is asked.
  explicit MemorySource(storage_overlay::MemoryVolume& volume);

  void lookup(const NameKey& key, Done<std::optional<Entry>> done) override;
  void list(InodeNumber directory, Done<std::shared_ptr<const Listing>> done) override;
  void reserve(std::uint64_t count, Done<InodeNumber> done) override;
  void read(InodeNumber inode, const Content& content, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override;

  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void later(std::function<void()> work);
  void run(const std::stop_token& stop);

  storage_overlay::MemoryVolume& volume_;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::mutex mutex_;  // guards work_
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> work_;
  std::jthread thread_;
};

}  // namespace storage_attempts
