// What the pool remembers of jobs, containers, warm keys and stem cells.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "invoker/container_pool.h"

namespace invoker {

struct PooledContainer;
struct PooledJob;
struct StemClass;
struct WarmKey;

using JobsInOrder = std::map<std::int64_t, PooledJob*>;               // by PooledJob::order
using ContainersInOrder = std::map<std::uint64_t, PooledContainer*>;  // by used_at
// By the time of the next call, as far as it can be told, and used_at.
using ContainersByNextCall = std::map<std::pair<base::Instant, std::uint64_t>, PooledContainer*>;

enum class JobPlace {
  kNowhere,  // being placed
  kWaiting,  // in the line
  kGranted,  // in the line, and memory is promised to it
  kPending,  // bound to a container that is not ready yet
  kRunning,
};

struct PooledJob {
  JobId id{};
  std::string kind;
  std::int64_t memory_bytes = 0;
  int concurrency_max = 1;
  bool guest = false;
  WarmKey* key = nullptr;
  StemClass* stem = nullptr;  // whose cells it may take, if any
  base::Instant submitted;
  std::int64_t order = 0;  // smaller: nearer to the front of the line
  std::uint64_t grant_order = 0;
  JobPlace place = JobPlace::kNowhere;
  PooledContainer* container = nullptr;
};

enum class Phase {
  kStarting,
  kStem,  // up, not yet anybody's
  kInitialising,
  kReady,  // initialised; running or idle
  kPausing,
  kPaused,
  kResuming,
  kDoomed,  // takes nobody more; removed when its last job ends
  kRemoving,
};

// Where a key's containers with room for one more job stand. The order is the order of choice:
// whatever runs at once first, then whatever is ready soonest.
enum class Shelf : std::size_t { kOpen, kResuming, kPaused, kPausing, kForming };
inline constexpr std::size_t kShelves = 5;

using ContainerList = std::list<PooledContainer*>;

struct WarmKey {
  std::string name;
  std::array<ContainerList, kShelves> shelves;  // each: most recently used first
  JobsInOrder waiting;                          // of this key, in the line
  JobsInOrder unpromised;                       // those of them to whom no memory is promised
  JobsInOrder joined;    // pending ones that may still go elsewhere: all but those who own a start
  std::size_t live = 0;  // containers that serve it or soon will
  std::size_t forming = 0;  // those of them that are being started or initialised
  base::Instant ready_at;   // when the last one was initialised
  // Usual, from one call to the next; nothing while only one call is known.
  std::optional<base::Instant::duration> interval;
  std::size_t references = 0;  // by jobs and containers; the key goes with the last

  // Kept by WaitingLine::reconsider().
  PooledJob* candidate = nullptr;  // the first of `unpromised`
  bool modest = false;             // it may not evict what was used recently
  std::optional<base::Instant> modest_until;

  std::size_t promised() const { return waiting.size() - unpromised.size(); }
};

struct StemClass {
  std::string kind;
  std::int64_t memory_bytes = 0;
  std::size_t count = 0;
  ContainersInOrder ready;
  JobsInOrder waiting;  // jobs in the line that may take one
  std::size_t starting = 0;
  // After a failure: one attempt at a time, not before `retry_at`.
  bool failing = false;
  std::chrono::milliseconds retry_delay{};
  base::Instant retry_at;
};

struct PooledContainer {
  ContainerId id{};
  std::string kind;
  std::int64_t memory_bytes = 0;
  Phase phase = Phase::kStarting;
  StartKind origin = StartKind::kCold;
  StemClass* stem = nullptr;  // while it is a stem cell
  WarmKey* key = nullptr;     // afterwards, until it is removed
  int concurrency_max = 1;
  int active = 0;
  std::vector<PooledJob*> pending;  // of a start, the first is its owner
  bool proven = false;              // a job has ended well since it was last idle
  bool forgotten = false;           // its action is gone, or it has ended
  bool closed = false;              // kept free of new jobs for the head of the line
  base::Instant warm_since;
  base::Instant resting_since;  // idle, or paused
  std::uint64_t used_at = 0;    // order of last use
  base::Instant last_used;
  base::Instant called_at;  // when the last job that it was given was submitted

  // Kept by ContainerBook::refresh().
  ContainerList node;  // its own list node while on no shelf
  ContainerList::iterator node_at;
  std::optional<Shelf> shelf;
  bool counted_idle = false;
  std::optional<base::Instant> next_call;  // while it is idle, where it can be told
  std::optional<base::Instant> timer;
  std::optional<std::size_t> tally;

  bool is_idle() const {
    return (phase == Phase::kReady && active == 0 && pending.empty()) || phase == Phase::kPaused ||
           phase == Phase::kStem;
  }
  bool is_forming() const { return phase == Phase::kStarting || phase == Phase::kInitialising; }
  bool has_room() const {
    return key != nullptr && !closed && phase != Phase::kDoomed && phase != Phase::kRemoving &&
           active + static_cast<int>(pending.size()) < concurrency_max;
  }
};

}  // namespace invoker
