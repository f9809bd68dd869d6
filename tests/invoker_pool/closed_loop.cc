#include "closed_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace pool_testing {

using invoker::ContainerId;
using invoker::JobId;
using std::chrono::microseconds;

ClosedLoop::ClosedLoop(const LoopConfig& config) : config_(config), pool_(config.pool) {}

LoopFigures ClosedLoop::run() {
  const base::Instant begin = now_;
  obey(pool_.begin(now_));
  for (int caller = 0; caller < config_.callers; ++caller) call();
  while (figures_.calls < config_.calls && !queue_.empty()) {
    const auto deadline = pool_.next_deadline();
    if (deadline && *deadline <= queue_.top().at) {
      now_ = std::max(now_, *deadline);
      obey(pool_.tick(now_));
      continue;
    }
    const Happening happening = queue_.top();
    queue_.pop();
    now_ = happening.at;
    happening.what();
  }
  figures_.took = std::chrono::duration_cast<microseconds>(now_ - begin);
  return figures_;
}

int ClosedLoop::next_action() {
  if (config_.in_turn) return static_cast<int>(called_.size()) % config_.actions;
  double all = 0;
  for (int i = 1; i <= config_.actions; ++i) all += 1.0 / i;
  double at = all * static_cast<double>(random_() >> 11) / static_cast<double>(1ULL << 53);
  int action = 0;
  while (action + 1 < config_.actions && (at -= 1.0 / (action + 1)) > 0) ++action;
  return action;
}

void ClosedLoop::call() {
  invoker::JobDemand demand;
  demand.warm_key = "guest/action" + std::to_string(next_action());
  demand.id = JobId{called_.size()};
  demand.kind = "python";
  demand.memory_bytes = kActionBytes;
  called_.push_back(now_);
  obey(pool_.submit(demand, now_));
}

void ClosedLoop::answered(ContainerId container, JobId job) {
  const base::Instant called = called_[static_cast<std::size_t>(job)];
  figures_.longest =
      std::max(figures_.longest, std::chrono::duration_cast<microseconds>(now_ - called));
  ++figures_.calls;
  obey(pool_.job_ended(container, job, invoker::JobEnd::kKeep, now_));
  call();
}

void ClosedLoop::obey(const invoker::Commands& commands) {
  for (const invoker::Command& command : commands) {
    std::visit([this](const auto& it) { follow(it); }, command);
  }
}

void ClosedLoop::later(microseconds delay, std::function<void()> what) {
  queue_.push({now_ + delay, ++order_, std::move(what)});
}

void ClosedLoop::follow(const invoker::command::Start& start) {
  later(config_.start, [this, id = start.container] { obey(pool_.started(id, now_)); });
}

void ClosedLoop::follow(const invoker::command::Run& run) {
  if (run.start == invoker::StartKind::kCold) ++figures_.cold;
  const auto third = static_cast<std::uint64_t>(config_.run.count()) / 3;
  later(microseconds(third + random_() % (4 * third + 1)),
        [this, run] { answered(run.container, run.job); });
}

void ClosedLoop::follow(const invoker::command::Pause& pause) {
  later(microseconds(0), [this, id = pause.container] { obey(pool_.paused(id, true, now_)); });
}

void ClosedLoop::follow(const invoker::command::Resume& resume) {
  later(microseconds(0), [this, id = resume.container] { obey(pool_.resumed(id, true, now_)); });
}

void ClosedLoop::follow(const invoker::command::Remove& remove) {
  later(config_.remove, [this, id = remove.container] { obey(pool_.removed(id, now_)); });
}

void ClosedLoop::follow(const invoker::command::Refuse& /*refuse*/) {
  ADD_FAILURE() << "the model's buffer is large enough for its callers";
}

}  // namespace pool_testing
