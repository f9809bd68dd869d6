// How many events the container pool decides in a second, in a world that answers every command
// after a fixed time and costs next to nothing itself. An event is one call of the pool.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "invoker/container_pool.h"

namespace {

using base::Instant;
using invoker::Command;
using invoker::Commands;
using invoker::ContainerId;
using invoker::JobId;
using std::chrono::microseconds;

constexpr std::int64_t kMegabyte = 1 << 20;

struct Scene {
  int containers;  // that fit into the pool
  int keys;        // called in turn
  int at_once;     // jobs in the pool at all times: running or waiting
};

struct Answer {
  Instant at;
  ContainerId container;
  JobId job;
};

// Answers of one kind take the same time, so each queue is in order.
enum Kind : std::size_t { kStart, kRun, kRemove, kKinds };
constexpr std::array<microseconds, kKinds> kTakes{microseconds(5'000), microseconds(1'000),
                                                  microseconds(2'000)};

class World {
 public:
  explicit World(const Scene& scene) : pool_(config(scene)) {
    for (int key = 0; key < scene.keys; ++key) {
      keys_.push_back("guest/action" + std::to_string(key) + "/1-0123456789abcdef");
    }
    for (int i = 0; i < scene.at_once; ++i) submit();
  }

  // The next event, and whatever follows from it at once.
  void step() {
    const std::size_t kind = next_kind();
    const Answer answer = answers_[kind].front();
    answers_[kind].pop_front();
    now_ = answer.at;
    if (kind == kStart) return obey(pool_.started(answer.container, now_));
    if (kind == kRemove) return obey(pool_.removed(answer.container, now_));
    obey(pool_.job_ended(answer.container, answer.job, invoker::JobEnd::kKeep, now_));
    submit();
    if (const auto due = pool_.next_deadline(); due && *due <= now_) obey(pool_.tick(now_));
  }

  std::int64_t events() const { return events_; }
  invoker::PoolStats stats() const { return pool_.stats(); }

 private:
  static invoker::PoolConfig config(const Scene& scene) {
    invoker::PoolConfig config;
    config.memory_bytes = scene.containers * 256 * kMegabyte;
    config.buffer_max = 100'000;
    return config;
  }

  std::size_t next_kind() const {
    std::size_t next = kKinds;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (answers_[kind].empty()) continue;
      if (next == kKinds || answers_[kind].front().at < answers_[next].front().at) next = kind;
    }
    return next;
  }

  void submit() {
    const auto number = static_cast<std::uint64_t>(++jobs_);
    invoker::JobDemand demand;
    demand.id = JobId{number};
    demand.warm_key = keys_[number % keys_.size()];
    demand.kind = "python:3";
    demand.memory_bytes = 256 * kMegabyte;
    obey(pool_.submit(demand, now_));
  }

  void obey(const Commands& commands) {
    ++events_;
    for (const Command& command : commands) {
      std::visit([this](const auto& it) { follow(it); }, command);
    }
  }

  void answer(Kind kind, ContainerId container, JobId job = {}) {
    answers_[kind].push_back({now_ + kTakes[kind], container, job});
  }
  void follow(const invoker::command::Start& it) { answer(kStart, it.container); }
  void follow(const invoker::command::Run& it) { answer(kRun, it.container, it.job); }
  void follow(const invoker::command::Remove& it) { answer(kRemove, it.container); }
  void follow(const invoker::command::Pause& it) { obey(pool_.paused(it.container, true, now_)); }
  void follow(const invoker::command::Resume& it) { obey(pool_.resumed(it.container, true, now_)); }
  void follow(const invoker::command::Refuse&) {}

  invoker::ContainerPool pool_;
  std::vector<std::string> keys_;
  std::array<std::deque<Answer>, kKinds> answers_;
  Instant now_{std::chrono::hours(1)};
  std::int64_t jobs_ = 0;
  std::int64_t events_ = 0;
};

void decide(benchmark::State& state, const Scene& scene) {
  World world(scene);
  for (int i = 0; i < 50'000; ++i) world.step();
  const std::int64_t before = world.events();
  while (state.KeepRunning()) world.step();
  state.SetItemsProcessed(world.events() - before);
  const invoker::PoolStats stats = world.stats();
  state.counters["waiting"] = static_cast<double>(stats.waiting);
  state.counters["warm"] = static_cast<double>(stats.warm_starts) /
                           static_cast<double>(stats.warm_starts + stats.cold_starts);
}

void warm_hits(benchmark::State& state) {
  decide(state, {.containers = 2'000, .keys = 500, .at_once = 500});
}
BENCHMARK(warm_hits);

void three_times_the_keys_that_fit(benchmark::State& state) {
  decide(state, {.containers = 1'000, .keys = 3'000, .at_once = 200});
}
BENCHMARK(three_times_the_keys_that_fit);

void ten_thousand_waiting_of_20_keys(benchmark::State& state) {
  decide(state, {.containers = 1'000, .keys = 20, .at_once = 11'000});
}
BENCHMARK(ten_thousand_waiting_of_20_keys);

void ten_thousand_waiting_of_3000_keys(benchmark::State& state) {
  decide(state, {.containers = 1'000, .keys = 3'000, .at_once = 11'000});
}
BENCHMARK(ten_thousand_waiting_of_3000_keys);

// Remembers the slowest scene.
class Slowest final : public benchmark::ConsoleReporter {
 public:
  Slowest() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto found = run.counters.find("items_per_second");
      if (found != run.counters.end()) slowest_ = std::min(slowest_, found->second.value);
    }
  }
  double events_per_second() const { return slowest_; }

 private:
  double slowest_ = std::numeric_limits<double>::max();
};

constexpr double kEventsPerSecondPromised = 100'000;

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  Slowest slowest;
  benchmark::RunSpecifiedBenchmarks(&slowest);
  std::printf("RESULT|container pool, events per second, slowest scene|%.0f|%.0f|%s\n",
              slowest.events_per_second(), kEventsPerSecondPromised,
              slowest.events_per_second() >= kEventsPerSecondPromised ? "yes" : "no");
  return 0;
}
