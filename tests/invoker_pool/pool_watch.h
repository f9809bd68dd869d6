// Somebody else's books about the pool: checks every command against what is known to be true, from
// the commands and events alone, never from the pool's own figures.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "invoker/container_pool.h"

namespace pool_testing {

// What is known of one container.
struct WatchedContainer {
  std::string kind;
  std::int64_t memory_bytes = 0;
  std::optional<invoker::JobId> owner;  // of the start
  std::string key;                      // empty until its first run
  std::string serves;                   // the same, from its start on if that has an owner
  int concurrency_max = 1;
  bool up = false, initialized = false, paused = false, doomed = false, removing = false;
  bool unanswered = false;  // a Start, Pause, Resume or Remove
  std::set<invoker::JobId> active;
  base::Instant idle_since;
  base::Instant last_used;
  bool forgotten = false;

  bool is_idle() const { return up && !unanswered && !doomed && active.empty(); }
};

struct WatchedJob {
  invoker::JobDemand demand;
  base::Instant submitted;
  base::Instant::duration as_head{};  // how long it has been the oldest one waiting
  int reschedules = 0;
};

class PoolWatch {
 public:
  PoolWatch(const invoker::PoolConfig& config, base::Instant::duration longest_head_wait)
      : config_(config), longest_head_wait_(longest_head_wait) {}

  // Before the pool is told.
  void submitted(const invoker::JobDemand& demand, base::Instant now);
  void start_answered(invoker::ContainerId id, bool succeeded);
  void initialized(invoker::ContainerId id, base::Instant now);
  void job_ended(invoker::ContainerId id, invoker::JobId job, invoker::JobEnd end,
                 base::Instant now);
  void rest_answered(invoker::ContainerId id, bool now_paused, bool succeeded, base::Instant now);
  void removed(invoker::ContainerId id);
  void drained() { draining_ = true; }
  void died(invoker::ContainerId id);
  void forgot(const std::string& key);

  // For each command the pool gives.
  void check(const invoker::Command& command, base::Instant now);
  // After each event and its commands.
  void check_pool(const invoker::ContainerPool& pool, base::Instant now);
  void check_end(const invoker::ContainerPool& pool);

  const std::string& error() const { return error_; }
  const std::map<invoker::ContainerId, WatchedContainer>& containers() const { return containers_; }
  bool is_running(invoker::ContainerId id, invoker::JobId job) const;
  const WatchedJob& job(invoker::JobId id) const { return jobs_.at(id); }
  std::size_t jobs_ended() const { return jobs_ended_; }
  std::size_t unfinished() const { return jobs_.size(); }
  base::Instant::duration longest_as_head() const { return longest_as_head_; }

 private:
  void check_command(const invoker::command::Start& start, base::Instant now);
  void check_command(const invoker::command::Run& run, base::Instant now);
  void check_command(const invoker::command::Pause& pause, base::Instant now);
  void check_command(const invoker::command::Resume& resume, base::Instant now);
  void check_command(const invoker::command::Remove& remove, base::Instant now);
  void check_command(const invoker::command::Refuse& refuse, base::Instant now);
  void check_first_run(const invoker::command::Run& run, const WatchedContainer& container);
  void check_waiting(base::Instant now);
  void check_eviction(const WatchedContainer& victim, base::Instant now);
  std::set<std::string> modest_keys(base::Instant now) const;
  bool is_recent(const WatchedContainer& container, base::Instant now) const;
  bool anyone_overdue(base::Instant now) const;
  void check_head(base::Instant now);
  void require(bool condition, const std::string& what);
  void end_job(invoker::JobId id);
  WatchedContainer* find(invoker::ContainerId id);

  invoker::PoolConfig config_;
  base::Instant::duration longest_head_wait_;
  std::map<invoker::ContainerId, WatchedContainer> containers_;
  std::map<invoker::JobId, WatchedJob> jobs_;       // not ended
  std::map<std::int64_t, invoker::JobId> waiting_;  // no Start and no Run yet; oldest first
  std::map<invoker::JobId, std::int64_t> place_;    // the other way round
  std::int64_t first_place_ = 0, last_place_ = 0;
  std::int64_t used_bytes_ = 0;
  std::map<std::string, base::Instant> ready_at_;  // a key's last container
  std::optional<invoker::JobId> head_;
  base::Instant head_seen_;
  base::Instant::duration longest_as_head_{};
  std::size_t jobs_ended_ = 0;
  bool draining_ = false;
  std::string error_;
};

}  // namespace pool_testing
