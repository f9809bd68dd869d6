// A few callers who call many actions, each its next one as soon as the last has answered: how
// often a call finds no warm container.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "invoker/container_pool.h"

namespace pool_testing {

struct LoopConfig {
  int actions = 10;
  int callers = 8;
  int calls = 2'000;
  bool in_turn = true;  // else at random, the first ones most often: 1, 1/2, 1/3, ...
  std::chrono::microseconds start{100'000};  // a container
  std::chrono::microseconds run{3'000};      // on average, from a third to five thirds of it
  std::chrono::microseconds remove{10'000};
  invoker::PoolConfig pool{};  // actions are of kActionBytes
};

inline constexpr std::int64_t kActionBytes = 256LL << 20;

struct LoopFigures {
  int calls = 0;
  int cold = 0;
  std::chrono::microseconds took{};
  std::chrono::microseconds longest{};  // from a call to its answer

  double cold_share() const { return static_cast<double>(cold) / calls; }
  double calls_per_second() const { return 1e6 * calls / static_cast<double>(took.count()); }
};

class ClosedLoop {
 public:
  explicit ClosedLoop(const LoopConfig& config);

  LoopFigures run();

 private:
  struct Happening {
    base::Instant at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Happening& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };

  int next_action();
  void call();
  void answered(invoker::ContainerId container, invoker::JobId job);
  void obey(const invoker::Commands& commands);
  void follow(const invoker::command::Start& start);
  void follow(const invoker::command::Run& run);
  void follow(const invoker::command::Pause& pause);
  void follow(const invoker::command::Resume& resume);
  void follow(const invoker::command::Remove& remove);
  void follow(const invoker::command::Refuse& refuse);
  void later(std::chrono::microseconds delay, std::function<void()> what);

  LoopConfig config_;
  invoker::ContainerPool pool_;
  std::mt19937_64 random_{1};
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
  std::vector<base::Instant> called_;  // by job
  base::Instant now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  LoopFigures figures_;
};

}  // namespace pool_testing
