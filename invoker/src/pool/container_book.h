// The containers of the pool, and the indexes by which they are found.
//
// Whoever changes a container calls refresh(): where it stands in each index follows from its
// fields alone, so no index can be forgotten on some path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "records.h"

namespace invoker {

enum class Tally : std::size_t { kWarm, kBusy, kPaused, kStemCells, kStarting, kRemoving };
inline constexpr std::size_t kTallies = 6;

class ContainerBook {
 public:
  explicit ContainerBook(const PoolConfig& config)
      : pause_grace_(config.pause_grace),
        idle_container_(config.idle_container),
        recent_use_(config.recent_use) {}

  PooledContainer& add(std::string kind, std::int64_t memory_bytes);
  PooledContainer& get(ContainerId id);
  PooledContainer* find(ContainerId id);  // nullptr: unknown
  void erase(PooledContainer& container);
  bool empty() const { return containers_.empty(); }
  const auto& all() const { return containers_; }

  // `container` is used now: the others are older.
  void touch(PooledContainer& container, base::Instant now) {
    container.used_at = ++last_use_;
    container.last_used = now;
  }
  void refresh(PooledContainer& container);

  // The container of `key` that suits one more job best.
  static PooledContainer* best_of(const WarmKey& key);

  // Idle containers may be removed without anybody's loss; oldest first, stem cells apart.
  const ContainersInOrder& idle_warm() const { return idle_warm_; }
  // The same ones in two parts: whose key has been called once, and the others.
  const ContainersInOrder& idle_called_once() const { return idle_called_once_; }
  const ContainersByNextCall& idle_by_next_call() const { return idle_by_next_call_; }
  const ContainersInOrder& idle_stem_cells() const { return idle_stem_cells_; }
  std::int64_t idle_bytes() const { return idle_bytes_; }
  // Stale: idle, and not used for `recent_use` when age() was last called; all stem cells too.
  void age(base::Instant now);
  bool is_stale(const PooledContainer& container) const { return container.used_at < recent_from_; }
  std::int64_t stale_bytes() const { return idle_bytes_ - recent_bytes_; }
  std::optional<base::Instant> next_stale() const;

  // A container whose rest is over: to be paused, or to be removed when paused.
  PooledContainer* due(base::Instant now);
  std::optional<base::Instant> next_due() const;

  std::size_t count(Tally tally) const { return tallies_[static_cast<std::size_t>(tally)]; }

 private:
  void refresh_shelf(PooledContainer& container);
  void refresh_idle(PooledContainer& container);
  void enter_idle(PooledContainer& container);
  void leave_idle(PooledContainer& container);
  void refresh_timer(PooledContainer& container);
  void refresh_tally(PooledContainer& container);
  std::optional<base::Instant> rest_ends(const PooledContainer& container) const;

  std::chrono::milliseconds pause_grace_;
  std::chrono::milliseconds idle_container_;
  std::chrono::milliseconds recent_use_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_use_ = 0;
  std::unordered_map<ContainerId, std::unique_ptr<PooledContainer>> containers_;
  ContainersInOrder idle_warm_;
  ContainersInOrder idle_called_once_;
  ContainersByNextCall idle_by_next_call_;
  ContainersInOrder idle_stem_cells_;
  std::int64_t idle_bytes_ = 0;
  std::int64_t recent_bytes_ = 0;  // of idle warm ones that are not stale
  std::uint64_t recent_from_ = 0;  // whatever was used before this use is stale
  std::set<std::pair<base::Instant, ContainerId>> timers_;
  std::array<std::size_t, kTallies> tallies_{};
};

}  // namespace invoker
