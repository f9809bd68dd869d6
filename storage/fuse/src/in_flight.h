// The requests that were read and not answered yet, so that an interrupt finds the one it means.
//
// Threads: any. One mutex of a shard at a time, taken alone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

namespace storage_fuse {

class InFlight {
 public:
  // Part of a request; is in the list while it lives.
  class Link {
   public:
    Link(InFlight& list, std::uint64_t unique);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link();

    std::uint64_t unique() const { return unique_; }
    // Calls `call` when the request is interrupted; false: it was already.
    bool on_interrupt(std::function<void()> call);

   private:
    friend class InFlight;
    InFlight& list_;
    const std::uint64_t unique_;
    Link* previous_ = nullptr;
    Link* next_ = nullptr;
    bool interrupted_ = false;
    std::function<void()> call_;
  };

  // False: no such request is known here.
  bool interrupt(std::uint64_t unique);
  std::uint64_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Shard {
    std::mutex mutex;  // guards the list and, of its links, all that changes
    Link* first = nullptr;
  };
  // Uniques of the kernel are even.
  Shard& shard_of(std::uint64_t unique) { return shards_[(unique >> 1) % shards_.size()]; }

  std::array<Shard, 256> shards_;
  std::atomic<std::uint64_t> size_{0};
};

}  // namespace storage_fuse
