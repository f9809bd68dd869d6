// The invoker's wiring: messages become jobs, the pool decides, threads carry its commands out.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "engine/end_watch.h"
#include "engine/executor.h"
#include "engine/job.h"
#include "engine/job_run.h"
#include "engine/pool_owner.h"
#include "invoker/invoker.h"

namespace invoker {

// An action as one namespace invokes it.
inline std::string caller_key(std::string_view namespace_name, std::string_view action_id) {
  return std::string(namespace_name).append(1, '\n').append(action_id);
}

// A container and what the pool calls it. The pool sees to it that `container` is there before
// anything uses it, and that nothing does any more when it is removed.
struct Slot {
  ContainerId id{};
  std::unique_ptr<Container> container;
  bool started = false;  // `container` is there; used in the pool owner's turns
};

class Invoker::Engine {
 public:
  Engine(InvokerConfig config, const Outside& outside);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  base::Status submit(ActivationMessage message);
  void forget(const std::string& action_id);
  InvokerStats stats() const;
  void stop(base::Instant deadline);

  void run_here(JobId id, base::Json locality);
  void place_again(JobId id);
  void handed_over(JobId id);
  void ended_elsewhere(JobId id);
  void lost_elsewhere(JobId id, const std::string& why);

  void reserve_guest(GuestId id, JobDemand demand, std::function<void(bool)> reserved);
  void begin_guest(GuestId id, ActivationMessage message, base::Json locality);
  void take_out_guest(GuestId id, std::function<void(bool)> taken_out);
  void release_guest(GuestId id);
  void fail_guest(GuestId id, const std::string& why);

 private:
  using SharedJob = std::shared_ptr<Job>;
  using SharedSlot = std::shared_ptr<Slot>;

  // A message that runs nowhere: it ends with `response`.
  void fetch_action(const SharedJob& job);
  // The action is there: the job goes to the pool, or ends for a fault in what was asked for.
  void begin(const SharedJob& job, std::shared_ptr<const Action> action);
  // A line of the log with one of OpenWhisk's markers.
  void mark(const ActivationMessage& message, std::string_view marker) const;
  bool wait_for_fetches(base::Instant deadline);
  void abort();
  void complete_without_action(const ActivationMessage& message, Response response);
  void complete_without_container(const Job& job, Response response);
  void complete(const ActivationMessage& message, Activation activation, Progress progress);
  std::optional<std::string> broken_limit_of(const Job& job) const;
  base::Result<hints::Hints> read_hints(const Job& job) const;
  base::Status unlock_content(ActivationMessage& message) const;
  // Hints are read and parameters decrypted; or the response that ends it.
  std::optional<Response> prepare(Job& job) const;
  void enqueue(SharedJob job);
  bool goes_elsewhere(const SharedJob& job);
  SharedJob take_delegated(JobId id);
  JobDemand demand_of(const Job& job) const;

  SharedJob find_guest(GuestId id, bool take);
  void prepare_guest(const SharedJob& job);
  void trouble(const Job& job, GuestTrouble trouble) const;

  // The rest runs in the pool owner's turns, as do all uses of jobs_, slots_ and latest_keys_.
  Commands admit_guest(const SharedJob& job, const std::function<void(bool)>& reserved,
                       ContainerPool& pool, base::Instant now);
  Commands start_guest(const SharedJob& job);
  // False: it runs.
  bool take_out(const SharedJob& job, ContainerPool& pool, base::Instant now, Commands& commands);
  // The pool's command for a guest that may not, or not any more, be begun.
  bool holds_back(const SharedJob& job, const Command& command);
  Commands undo(const SharedJob& job, const Command& command, ContainerPool& pool,
                base::Instant now);
  Commands admit(const SharedJob& job, ContainerPool& pool, base::Instant now);
  void execute(Command& command);
  void execute(const command::Start& start);
  void execute(const command::Run& run);
  void execute(const command::Pause& pause);
  void execute(const command::Resume& resume);
  void execute(const command::Remove& remove);
  void execute(const command::Refuse& refuse);
  void mark_started(const SharedSlot& slot);
  void kill(const SharedSlot& slot);
  void end_job(ContainerId container, JobId job, JobEnd end);

  // On a worker thread.
  void start(const SharedSlot& slot, const SharedJob& job, const ContainerSpec& spec);
  void run(const SharedSlot& slot, const SharedJob& job, const command::Run& how);
  ContainerSpec spec_of(const command::Start& start, const Job* job);

  const InvokerConfig config_;
  const Outside outside_;
  // Held shared by submit() and alone by stop(): after it nothing reaches the pool any more.
  std::shared_mutex gate_;
  bool stopping_ = false;               // no new messages; guarded by gate_
  std::atomic<bool> aborting_ = false;  // no new containers either
  std::atomic<std::uint64_t> next_job_ = 1;
  std::atomic<std::uint64_t> containers_made_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> completed_ = 0;
  std::atomic<std::uint64_t> by_status_[4] = {};

  std::mutex fetches_mutex_;  // guards fetches_
  std::condition_variable fetches_done_;
  std::size_t fetches_ = 0;

  std::mutex delegated_mutex_;  // guards delegated_
  std::unordered_map<JobId, SharedJob> delegated_;

  std::mutex guests_mutex_;  // guards guests_
  std::unordered_map<GuestId, SharedJob> guests_;

  std::unordered_map<JobId, SharedJob> jobs_;
  std::unordered_map<ContainerId, SharedSlot> slots_;
  // Invoking namespace and action → the warm key last seen, so that older revisions can go.
  std::unordered_map<std::string, std::string> latest_keys_;
  PoolOwner pool_;
  EndWatch ends_;
  Executor executor_;  // destroyed before pool_, to which its tasks post
  Executor fetchers_;  // of their own, so that a slow database does not hold up warm runs
  Executor
      killers_;  // of their own, because activations that wait for nothing else hold the others
};

}  // namespace invoker
