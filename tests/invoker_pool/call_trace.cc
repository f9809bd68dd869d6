#include "call_trace.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>

#include "invoker/container_pool.h"

namespace pool_testing {
namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::milliseconds;

constexpr base::Instant kBegin{std::chrono::hours(1)};
constexpr int kStranger = 1'000'000;
constexpr int kOther = 2'000'000;
constexpr int kLater = 3'000'000;

// The library's distributions differ from one to the next; these do not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  double share() {
    return (static_cast<double>(random_() >> 11) + 0.5) / static_cast<double>(1ULL << 53);
  }
  int below(int end) { return static_cast<int>(share() * end); }
  Seconds pause(double mean) { return Seconds(-mean * std::log(share())); }

 private:
  std::mt19937_64 random_;
};

base::Instant after(base::Instant at, Seconds time) {
  return at + std::chrono::duration_cast<base::Instant::duration>(time);
}

class Popularity {
 public:
  Popularity(int actions, double skew) : names_(static_cast<std::size_t>(actions)) {
    std::iota(names_.begin(), names_.end(), 0);
    double sum = 0;
    for (int n = 1; n <= actions; ++n) sums_.push_back(sum += std::pow(n, -skew));
  }
  void deal(Dice& dice) {
    for (std::size_t n = names_.size(); n > 1; --n) {
      std::swap(names_[n - 1], names_[static_cast<std::size_t>(dice.below(static_cast<int>(n)))]);
    }
  }
  int draw(Dice& dice) const {
    const auto found = std::ranges::lower_bound(sums_, dice.share() * sums_.back());
    return names_[static_cast<std::size_t>(found - sums_.begin())];
  }

 private:
  std::vector<double> sums_;
  std::vector<int> names_;
};

// The next calls of all actions, the soonest first; `again` says when the same one is next.
template <typename Again>
CallTrace merged(std::priority_queue<std::pair<base::Instant, int>,
                                     std::vector<std::pair<base::Instant, int>>, std::greater<>>
                     next,
                 std::size_t calls, Again again) {
  CallTrace trace;
  while (trace.size() < calls) {
    const auto [at, action] = next.top();
    next.pop();
    trace.push_back({at, action});
    next.emplace(again(at, action), action);
  }
  return trace;
}

// A pool whose commands are done at once.
class PoolOfCalls {
 public:
  explicit PoolOfCalls(int room) : pool_(config(room)) {}

  void call(const TracedCall& call) {
    while (const auto due = pool_.next_deadline()) {
      if (*due > call.at) break;
      now_ = std::max(now_, *due);
      obey(pool_.tick(now_));
    }
    now_ = call.at;
    invoker::JobDemand demand;
    demand.id = invoker::JobId{++calls_};
    demand.warm_key = "guest/action" + std::to_string(call.action);
    demand.kind = "python";
    demand.memory_bytes = kBytes;
    obey(pool_.submit(demand, now_));
  }
  double cold_share() const {
    return static_cast<double>(pool_.stats().cold_starts) / static_cast<double>(calls_);
  }

 private:
  static constexpr std::int64_t kBytes = 256 << 20;

  static invoker::PoolConfig config(int room) {
    invoker::PoolConfig config;
    config.memory_bytes = room * kBytes;
    return config;
  }
  void obey(const invoker::Commands& commands) {
    for (const invoker::Command& command : commands) {
      std::visit([this](const auto& it) { follow(it); }, command);
    }
  }
  void follow(const invoker::command::Start& it) { obey(pool_.started(it.container, now_)); }
  void follow(const invoker::command::Run& it) {
    obey(pool_.job_ended(it.container, it.job, invoker::JobEnd::kKeep, now_));
  }
  void follow(const invoker::command::Pause& it) { obey(pool_.paused(it.container, true, now_)); }
  void follow(const invoker::command::Resume& it) { obey(pool_.resumed(it.container, true, now_)); }
  void follow(const invoker::command::Remove& it) { obey(pool_.removed(it.container, now_)); }
  void follow(const invoker::command::Refuse&) {}

  invoker::ContainerPool pool_;
  base::Instant now_ = kBegin;
  std::uint64_t calls_ = 0;
};

// Keeps the `room` actions of the highest worth; `worths` are of each call, and grow with time or
// not as the caller wants.
double cold_by_worth(const CallTrace& trace, const std::vector<double>& worths, int room) {
  std::set<std::pair<double, int>> kept;
  std::unordered_map<int, double> worth_of;
  std::size_t cold = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const int action = trace[i].action;
    if (const auto found = worth_of.find(action); found != worth_of.end()) {
      kept.erase({found->second, action});
    } else {
      ++cold;
      if (kept.size() == static_cast<std::size_t>(room)) {
        worth_of.erase(kept.begin()->second);
        kept.erase(kept.begin());
      }
    }
    worth_of[action] = worths[i];
    kept.emplace(worths[i], action);
  }
  return static_cast<double>(cold) / static_cast<double>(trace.size());
}

}  // namespace

CallTrace in_turn(int actions, std::size_t calls) {
  CallTrace trace;
  for (std::size_t i = 0; i < calls; ++i) {
    trace.push_back({kBegin + i * milliseconds(10), static_cast<int>(i) % actions});
  }
  return trace;
}

CallTrace by_popularity(int actions, double skew, std::size_t calls, std::size_t phase) {
  Dice dice(1);
  Popularity popularity(actions, skew);
  CallTrace trace;
  base::Instant at = kBegin;
  for (std::size_t i = 0; i < calls; ++i) {
    if (phase > 0 && i % phase == 0) popularity.deal(dice);
    at = after(at, dice.pause(0.01));
    trace.push_back({at, popularity.draw(dice)});
  }
  return trace;
}

CallTrace in_bursts(int actions, std::size_t calls) {
  Dice dice(2);
  std::priority_queue<std::pair<base::Instant, int>, std::vector<std::pair<base::Instant, int>>,
                      std::greater<>>
      next;
  for (int action = 0; action < actions; ++action) {
    next.emplace(after(kBegin, dice.pause(30)), action);
  }
  return merged(std::move(next), calls, [&dice](base::Instant at, int /*action*/) {
    return after(at, dice.below(20) > 0 ? dice.pause(0.05) : dice.pause(30));
  });
}

CallTrace by_timers(int actions, std::size_t calls) {
  constexpr int kIntervals[] = {1, 2, 5, 10, 30, 60, 300};
  Dice dice(3);
  std::vector<Seconds> intervals;
  std::priority_queue<std::pair<base::Instant, int>, std::vector<std::pair<base::Instant, int>>,
                      std::greater<>>
      next;
  for (int action = 0; action < actions; ++action) {
    intervals.emplace_back(kIntervals[dice.below(std::size(kIntervals))]);
    next.emplace(after(kBegin, dice.share() * intervals.back()), action);
  }
  return merged(std::move(next), calls, [&](base::Instant at, int action) {
    const double late = 0.95 + 0.1 * dice.share();
    return after(at, late * intervals[static_cast<std::size_t>(action)]);
  });
}

CallTrace with_strangers(CallTrace trace, int percent) {
  Dice dice(4);
  int strangers = 0;
  for (TracedCall& call : trace) {
    if (dice.below(100) < percent) call.action = kStranger + ++strangers;
  }
  return trace;
}

CallTrace with_turns(CallTrace trace, int percent, int actions) {
  Dice dice(5);
  int turns = 0;
  for (TracedCall& call : trace) {
    if (dice.below(100) < percent) call.action = kOther + ++turns % actions;
  }
  return trace;
}

CallTrace one_after_the_other(const CallTrace& first, const CallTrace& second) {
  CallTrace both = first;
  for (TracedCall call : second) {
    call.at += first.back().at - kBegin;
    call.action += kLater;
    both.push_back(call);
  }
  return both;
}

double cold_in_the_pool(const CallTrace& trace, int room) {
  PoolOfCalls pool(room);
  for (const TracedCall& call : trace) pool.call(call);
  return pool.cold_share();
}

double cold_of_least_recent(const CallTrace& trace, int room) {
  std::vector<double> worths(trace.size());
  std::iota(worths.begin(), worths.end(), 0);
  return cold_by_worth(trace, worths, room);
}

double cold_of_the_best(const CallTrace& trace, int room) {
  std::vector<double> worths(trace.size());
  std::unordered_map<int, double> next;
  for (std::size_t i = trace.size(); i-- > 0;) {
    const auto found = next.find(trace[i].action);
    worths[i] = found == next.end() ? -std::numeric_limits<double>::max() : -found->second;
    next[trace[i].action] = static_cast<double>(i);
  }
  return cold_by_worth(trace, worths, room);
}

}  // namespace pool_testing
