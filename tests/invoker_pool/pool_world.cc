#include "pool_world.h"

#include <algorithm>
#include <utility>

#include "pool_script.h"

namespace pool_testing {

using invoker::ContainerId;
using invoker::JobEnd;
using invoker::JobId;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

template <typename T>
const T& pick(std::mt19937_64& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

std::vector<invoker::JobDemand> random_actions(std::mt19937_64& random, std::int64_t pool_mb) {
  std::vector<invoker::JobDemand> actions(1 + random() % 20);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    invoker::JobDemand& action = actions[i];
    action.warm_key = "guest/action" + std::to_string(i);
    action.kind = pick<std::string>(random, {"python", "node", "native"});
    action.may_use_stem_cell = random() % 4 != 0;
    action.memory_bytes = pick<std::int64_t>(random, {128, 256, 256, 512, 1024}) * kMegabyte;
    if (random() % 16 == 0) action.memory_bytes = pool_mb * kMegabyte;
    action.concurrency_max = pick<int>(random, {1, 1, 1, 2, 5});
  }
  return actions;
}

Faults random_faults(std::mt19937_64& random) {
  if (random() % 3 == 0) return {};
  const auto some = [&random] { return static_cast<int>(random() % 80); };
  return {.start = some(),
          .init = some(),
          .run = some(),
          .reschedule = some(),
          .pause = some(),
          .resume = some(),
          .crash = some(),
          .death = some()};
}

// The head's patience, the time for which a key may keep its containers, and whatever is under way
// then; twice, since a place found may be lost to a fault.
base::Instant::duration longest_head_wait(const WorldConfig& config) {
  return 10 * config.pool.head_patience + 4 * (config.run_max + 2 * config.answer_max);
}

}  // namespace

WorldConfig random_world(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  WorldConfig world;
  world.seed = seed;
  const std::int64_t pool_mb = pick<std::int64_t>(random, {256, 512, 1000, 1024, 2048, 4096});
  world.pool.memory_bytes = pool_mb * kMegabyte;
  world.pool.pause_grace = pick<milliseconds>(
      random, {milliseconds(0), milliseconds(1), milliseconds(50), milliseconds(10'000)});
  world.pool.idle_container =
      pick<milliseconds>(random, {milliseconds(1), milliseconds(100), milliseconds(600'000)});
  world.pool.head_patience =
      pick<milliseconds>(random, {milliseconds(0), milliseconds(20), milliseconds(200)});
  world.pool.second_container_patience = pick<milliseconds>(
      random, {milliseconds(0), milliseconds(5), milliseconds(100), milliseconds(1'000)});
  world.pool.recent_use = pick<milliseconds>(
      random, {milliseconds(0), milliseconds(20), milliseconds(300), milliseconds(5'000)});
  world.pool.buffer_max = pick<std::size_t>(random, {0, 3, 50, 10'000});
  for (std::size_t i = random() % 4; i > 0; --i) {
    world.pool.stem_cells.push_back({pick<std::string>(random, {"python", "node", "native"}),
                                     pick<std::int64_t>(random, {128, 256, 512}) * kMegabyte,
                                     static_cast<int>(1 + random() % 3)});
  }
  world.actions = random_actions(random, pool_mb);
  world.jobs = static_cast<int>(100 + random() % 500);
  world.between_jobs = microseconds(500 + random() % 40'000);
  world.faults = random_faults(random);
  if (random() % 3 == 0) world.drain_after = 1 + world.jobs / 2;
  if (random() % 3 == 0) world.forget_every = 40;
  if (random() % 2 == 0) world.guests = static_cast<int>(random() % 600);
  return world;
}

PoolWorld::PoolWorld(const WorldConfig& config)
    : config_(config),
      random_(config.seed),
      pool_(config.pool),
      watch_(config.pool, longest_head_wait(config)) {}

bool PoolWorld::chance(int of_1000) { return static_cast<int>(random_() % 1000) < of_1000; }

// Mostly short, now and then as long as it gets, sometimes no time at all.
microseconds PoolWorld::any(microseconds max) {
  const auto most = static_cast<std::uint64_t>(max.count());
  switch (random_() % 8) {
    case 0:
      return microseconds(random_() % (most + 1));
    case 1:
      return microseconds(0);
    default:
      return microseconds(random_() % (most / 20 + 1));
  }
}

void PoolWorld::later(microseconds delay, std::function<void()> what) {
  queue_.push({now_ + delay, ++order_, std::move(what)});
}

void PoolWorld::next_job() {
  if (submitted_ == config_.jobs) {
    return later(std::chrono::seconds(1), [this] { drain(); });
  }
  const auto most = static_cast<std::uint64_t>(2 * config_.between_jobs.count());
  const bool burst = random_() % 4 == 0;
  later(microseconds(burst ? 0 : random_() % (most + 1)), [this] { submit(); });
}

void PoolWorld::submit() {
  const std::size_t skew =
      std::min(random_() % config_.actions.size(), random_() % config_.actions.size());
  invoker::JobDemand demand = config_.actions[skew];
  demand.id = JobId{static_cast<std::uint64_t>(++submitted_)};
  demand.guest = chance(config_.guests);
  if (config_.drain_after == submitted_) drain();
  watch_.submitted(demand, now_);
  obey(pool_.submit(demand, now_));
  if (config_.forget_every != 0 && submitted_ % config_.forget_every == 0) {
    const std::string& key = pick(random_, config_.actions).warm_key;
    watch_.forgot(key);
    obey(pool_.forget(key, now_));
  }
  next_job();
}

void PoolWorld::drain() {
  if (std::exchange(drained_, true)) return;
  watch_.drained();
  obey(pool_.drain(now_));
}

void PoolWorld::obey(const invoker::Commands& commands) {
  ++events_;
  for (const invoker::Command& command : commands) {
    watch_.check(command, now_);
    if (!watch_.error().empty()) return;
    std::visit([this](const auto& it) { follow(it); }, command);
  }
  watch_.check_pool(pool_, now_);
}

void PoolWorld::follow(const invoker::command::Start& start) {
  const bool succeeds = !chance(config_.faults.start);
  if (succeeds && chance(config_.faults.death)) {
    later(any(4 * config_.run_max), [this, id = start.container] { die(id); });
  }
  later(any(config_.answer_max), [this, id = start.container, succeeds] {
    watch_.start_answered(id, succeeds);
    obey(succeeds ? pool_.started(id, now_) : pool_.start_failed(id, now_));
  });
}

void PoolWorld::follow(const invoker::command::Run& run) {
  microseconds delay = any(config_.run_max);
  const int reschedules = watch_.job(run.job).reschedules;
  JobEnd end = JobEnd::kKeep;
  if (chance(run.initialize ? config_.faults.init : config_.faults.run)) end = JobEnd::kDestroy;
  if (reschedules < 3 && chance(config_.faults.reschedule)) end = JobEnd::kReschedule;
  if (run.initialize && end == JobEnd::kKeep && random_() % 8 != 0) {
    later(any(config_.answer_max), [this, run] {
      if (!watch_.is_running(run.container, run.job)) return;
      watch_.initialized(run.container, now_);
      obey(pool_.initialized(run.container, now_));
    });
    delay += config_.answer_max;
  }
  if (chance(config_.faults.crash)) later(delay / 2, [this, id = run.container] { crash(id); });
  later(delay, [this, run, end] { end_run(run, end); });
}

void PoolWorld::end_run(const invoker::command::Run& run, JobEnd end) {
  if (!watch_.is_running(run.container, run.job)) return;  // it ended with a crash
  watch_.job_ended(run.container, run.job, end, now_);
  obey(pool_.job_ended(run.container, run.job, end, now_));
}

// All that run in it end badly, one after the other.
void PoolWorld::crash(ContainerId id) {
  const auto container = watch_.containers().find(id);
  if (container == watch_.containers().end()) return;
  for (const JobId job : std::set(container->second.active)) {
    watch_.job_ended(id, job, JobEnd::kDestroy, now_);
    obey(pool_.job_ended(id, job, JobEnd::kDestroy, now_));
  }
}

// Told of the container, whatever it does then, or when it is gone.
void PoolWorld::die(ContainerId id) {
  watch_.died(id);
  obey(pool_.ended(id, now_));
}

void PoolWorld::follow(const invoker::command::Pause& pause) {
  const bool succeeds = !chance(config_.faults.pause);
  later(any(config_.answer_max), [this, id = pause.container, succeeds] {
    watch_.rest_answered(id, succeeds, succeeds, now_);
    obey(pool_.paused(id, succeeds, now_));
  });
}

void PoolWorld::follow(const invoker::command::Resume& resume) {
  const bool succeeds = !chance(config_.faults.resume);
  later(any(config_.answer_max), [this, id = resume.container, succeeds] {
    watch_.rest_answered(id, !succeeds, succeeds, now_);
    obey(pool_.resumed(id, succeeds, now_));
  });
}

void PoolWorld::follow(const invoker::command::Remove& remove) {
  later(any(config_.answer_max), [this, id = remove.container] {
    watch_.removed(id);
    obey(pool_.removed(id, now_));
  });
}

bool PoolWorld::step() {
  const auto deadline = pool_.next_deadline();
  if (deadline && (queue_.empty() || *deadline <= queue_.top().at)) {
    now_ = std::max(now_, *deadline);
    obey(pool_.tick(now_));
    const auto next = pool_.next_deadline();
    return !next || *next > now_;  // else it would be called for ever
  }
  const Happening happening = queue_.top();
  queue_.pop();
  now_ = happening.at;
  happening.what();
  return true;
}

std::string PoolWorld::run() {
  obey(pool_.begin(now_));
  next_job();
  while (watch_.error().empty() && (!queue_.empty() || pool_.next_deadline())) {
    if (!step()) return "broken: a tick leaves nothing due";
  }
  if (watch_.error().empty()) watch_.check_end(pool_);
  return watch_.error();
}

}  // namespace pool_testing
