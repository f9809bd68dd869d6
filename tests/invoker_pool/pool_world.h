// A world that does what the pool commands: late, in any order, and not always well.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "invoker/container_pool.h"
#include "pool_watch.h"

namespace pool_testing {

// How often, of 1000, something goes wrong.
struct Faults {
  int start = 0, init = 0, run = 0, reschedule = 0, pause = 0, resume = 0, crash = 0, death = 0;
};

struct WorldConfig {
  std::uint64_t seed = 0;
  invoker::PoolConfig pool;
  std::vector<invoker::JobDemand> actions;  // without ids; earlier ones are called more often
  int jobs = 500;
  std::chrono::microseconds between_jobs{5'000};  // on average
  std::chrono::microseconds run_max{400'000};
  std::chrono::microseconds answer_max{50'000};  // of Start, Pause, Resume, Remove
  Faults faults;
  int drain_after = 0;   // of the jobs; 0: at the end
  int forget_every = 0;  // so many jobs; 0: never
  int guests = 0;        // of 1000 jobs
};

// Everything that may vary, from a seed.
WorldConfig random_world(std::uint64_t seed);

class PoolWorld {
 public:
  explicit PoolWorld(const WorldConfig& config);

  // Until nothing more happens. What was wrong, if anything.
  std::string run();

  std::uint64_t events() const { return events_; }
  const PoolWatch& watch() const { return watch_; }

 private:
  struct Happening {
    base::Instant at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Happening& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };

  bool chance(int of_1000);
  std::chrono::microseconds any(std::chrono::microseconds max);
  void later(std::chrono::microseconds delay, std::function<void()> what);
  void next_job();
  void submit();
  void drain();
  void obey(const invoker::Commands& commands);
  void follow(const invoker::command::Start& start);
  void follow(const invoker::command::Run& run);
  void follow(const invoker::command::Pause& pause);
  void follow(const invoker::command::Resume& resume);
  void follow(const invoker::command::Remove& remove);
  void follow(const invoker::command::Refuse&) {}
  void end_run(const invoker::command::Run& run, invoker::JobEnd end);
  void crash(invoker::ContainerId id);
  void die(invoker::ContainerId id);
  bool step();

  WorldConfig config_;
  std::mt19937_64 random_;
  invoker::ContainerPool pool_;
  PoolWatch watch_;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
  base::Instant now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  int submitted_ = 0;
  bool drained_ = false;
};

}  // namespace pool_testing
