// What the daemon counts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/volume_provider.h"
#include "storage_ephemeral/node.h"

namespace storage_daemon {

// Threads: any.
struct Metrics {
  std::atomic<std::uint64_t> attempts{0}, committed{0}, conflicts{0}, aborted{0}, failed{0};
  std::atomic<std::uint64_t> publications{0};
  struct Moved {
    std::atomic<std::uint64_t> read_local{0}, read_remote{0}, written{0};
  };
  Moved durable, ephemeral;
  std::atomic<std::uint64_t> commit_microseconds{0};
  std::atomic<std::uint64_t> collected_objects{0}, collected_versions{0};
  std::atomic<std::uint64_t> open_attempts{0};
  std::atomic<std::uint64_t> cache_bytes{0};

  void add(const std::vector<storage::TierTraffic>& traffic);
  void commit_took(std::chrono::steady_clock::duration time) {
    commit_microseconds += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  }

  // In Prometheus' text format.
  std::string text(const storage_ephemeral::NodeMetrics& node) const;
};

}  // namespace storage_daemon
