// The pool's decisions. Each event changes the records, then settle() spreads the memory that this
// made available, then the commands that came up on the way are handed out.
//
// After every event holds: no job waits that could have a place by the rules of README.md.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "call_rhythm.h"
#include "container_book.h"
#include "invoker/container_pool.h"
#include "memory_ledger.h"
#include "records.h"
#include "stem_cells.h"
#include "victims.h"
#include "waiting_line.h"

namespace invoker {

class ContainerPool::State {
 public:
  explicit State(PoolConfig config);

  // The events of ContainerPool (events.cc, upkeep.cc).
  void begin(base::Instant now);
  void submit(const JobDemand& demand, base::Instant now);
  void started(ContainerId id, base::Instant now);
  void start_failed(ContainerId id, base::Instant now);
  void initialized(ContainerId id, base::Instant now);
  void job_ended(ContainerId id, JobId job_id, JobEnd end, base::Instant now);
  void paused(ContainerId id, bool succeeded, base::Instant now);
  void resumed(ContainerId id, bool succeeded, base::Instant now);
  void ended(ContainerId id, base::Instant now);
  void removed(ContainerId id, base::Instant now);
  void tick(base::Instant now);
  void drain(base::Instant now);
  void forget(const std::string& warm_key, base::Instant now);

  Commands take_commands() { return std::exchange(commands_, {}); }
  std::optional<base::Instant> next_deadline() const;
  bool empty() const { return book_.empty() && jobs_.empty(); }
  PoolStats stats() const;

 private:
  // Jobs and keys (placing.cc).
  PooledJob& admit(const JobDemand& demand);
  void end_job(PooledJob& job);
  void refuse(JobId id, RefuseReason reason);
  WarmKey& hold_key(const std::string& name);
  void release_key(WarmKey& key);
  void unqueue(PooledJob& job);

  // A job and its place (placing.cc).
  bool place(PooledJob& job);
  void place_again(const std::vector<PooledJob*>& jobs);
  void assign(PooledContainer& container, PooledJob& job);
  void take_stem_cell(PooledContainer& container, PooledJob& job);
  void start_cold(PooledJob& job);
  void give_key(PooledContainer& container, PooledJob& job);
  void run(PooledContainer& container, PooledJob& job);
  void run_pending(PooledContainer& container);
  PooledJob* next_for(PooledContainer& container);
  std::vector<PooledJob*> strip(PooledContainer& container);

  // A container's turns (turns.cc).
  void offer(PooledContainer& container);
  void fill(PooledContainer& container);
  void become_ready(PooledContainer& container);
  void doom(PooledContainer& container);
  void leave_key(PooledContainer& container);
  void remove(PooledContainer& container);

  // Memory (settling.cc).
  void settle();
  bool start_granted();
  bool grant_next();
  void collect(Victims from);
  bool is_overdue(const PooledJob& job) const;
  bool head_takes(const PooledContainer& container) const;
  void close(PooledContainer& container);
  void reopen(PooledContainer& container);
  bool reopen_one();
  void refill_stem_cells();
  void start_stem_cell(StemClass& stem);

  PoolConfig config_;
  MemoryLedger ledger_;
  ContainerBook book_;
  StemCells stem_cells_;
  WaitingLine line_;
  std::unordered_map<JobId, PooledJob> jobs_;
  std::unordered_map<std::string, WarmKey> keys_;
  CallRhythm rhythm_;
  // The overdue head for which memory is being collected, while it is not all on its way.
  PooledJob* claimant_ = nullptr;
  std::vector<PooledContainer*> closed_;  // for the claimant
  std::int64_t closed_bytes_ = 0;
  std::size_t guests_ = 0;
  bool begun_ = false;
  bool draining_ = false;
  base::Instant now_;
  Commands commands_;
  std::uint64_t cold_starts_ = 0, stem_starts_ = 0, warm_starts_ = 0, evictions_ = 0;
};

}  // namespace invoker
