// Which container runs which job: the pool as a decision, without any I/O.
//
// Events and the time go in, commands come out; nothing else happens here. Contract §5 without its
// faults: memory is never promised twice, a head that fits nowhere does not hold up warm hits
// behind it, and a job larger than the pool is refused at once.
//
// Threads: none of its own; one caller at a time. Every method returns the commands that follow
// from the event, in the order in which they must be begun. Time: never goes back from one event to
// the next. Errors: none. An event that answers no command (a container or job that is not known,
// or not in that state) is a broken invariant and stops the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace invoker {

enum class ContainerId : std::uint64_t {};
enum class JobId : std::uint64_t {};

// What a job needs to know about its place.
struct JobDemand {
  JobId id{};
  std::string warm_key;           // same key: may share a warm container (contract §5.3)
  std::string kind;               // stem cells of this kind and memory may be taken
  bool may_use_stem_cell = true;  // false for images of the user
  std::int64_t memory_bytes = 0;  // more than 0; the same for all jobs of a key
  int concurrency_max = 1;        // jobs at once in one container of this key
  // For another invoker: it gets a warm container, a stem cell, or memory that is free or held by
  // containers that nobody has used lately, while nobody waits; else it is refused at once.
  bool guest = false;
};

struct StemCellConfig {
  std::string kind;
  std::int64_t memory_bytes = 0;
  int count = 0;  // kept ready at all times
};

struct PoolConfig {
  std::int64_t memory_bytes = 1024LL << 20;
  std::chrono::milliseconds pause_grace{10'000};
  std::chrono::milliseconds idle_container{600'000};  // after pausing
  std::chrono::milliseconds head_patience{1'000};     // how long others may pass a waiting job
  // How long a job whose key has a container waits for that one before it evicts another's that was
  // used within `recent_use`. About what a cold start costs; 0: it evicts it at once.
  std::chrono::milliseconds second_container_patience{100};
  std::chrono::milliseconds recent_use{1'000};
  std::size_t buffer_max = 10'000;  // jobs that may wait
  std::vector<StemCellConfig> stem_cells;
};

enum class StartKind { kCold, kStemCell, kWarm };
enum class RefuseReason {
  kLargerThanPool,  // can never run here
  kBufferFull,
  kShuttingDown,
  kNoRoomForGuest,
};

namespace command {
// Make a container. With `job`, it is for that job, which is told to run once it is up.
struct Start {
  ContainerId container;
  std::string kind;
  std::int64_t memory_bytes;
  std::optional<JobId> job;  // nothing: a stem cell
};
// Run the job there now; /init first where the container has not been initialised yet.
struct Run {
  ContainerId container;
  JobId job;
  StartKind start;
  bool initialize;      // this job carries /init
  bool may_reschedule;  // it has been idle before: a dead container is no failure
};
struct Pause {
  ContainerId container;
};
struct Resume {
  ContainerId container;
};
struct Remove {
  ContainerId container;
};
// The job ends without having run.
struct Refuse {
  JobId job;
  RefuseReason reason;
};
}  // namespace command

using Command = std::variant<command::Start, command::Run, command::Pause, command::Resume,
                             command::Remove, command::Refuse>;
using Commands = std::vector<Command>;

// How a job left its container.
enum class JobEnd {
  kKeep,        // success or application error, with its logs: the container may serve again
  kDestroy,     // anything else: it must not
  kReschedule,  // the container turned out to be dead or closing: the job has not run; both go on
};

struct PoolStats {
  std::int64_t memory_used_bytes = 0;  // of everything that is not removed, starting ones included
  std::size_t warm = 0, busy = 0, paused = 0, stem_cells = 0, starting = 0, removing = 0,
              waiting = 0, guests = 0;
  std::uint64_t cold_starts = 0, stem_starts = 0, warm_starts = 0, evictions = 0;
};

class ContainerPool {
 public:
  explicit ContainerPool(PoolConfig config);
  ~ContainerPool();
  ContainerPool(const ContainerPool&) = delete;
  ContainerPool& operator=(const ContainerPool&) = delete;

  // Begin to fill the stem cells.
  Commands begin(base::Instant now);
  // A job arrived. It ends exactly once: by job_ended(), by start_failed() or by a Refuse.
  Commands submit(const JobDemand& job, base::Instant now);

  // The container of a Start is up; a Start for a job is followed by its Run.
  Commands started(ContainerId container, base::Instant now);
  // The container of a Start could not be made. Its job, if any, counts as ended: whoever executed
  // the Start reports it. A stem cell is tried again, later and later.
  Commands start_failed(ContainerId container, base::Instant now);
  // /init answered well: jobs that wait for room beside the first may go in.
  Commands initialized(ContainerId container, base::Instant now);
  Commands job_ended(ContainerId container, JobId job, JobEnd end, base::Instant now);
  Commands paused(ContainerId container, bool succeeded, base::Instant now);
  Commands resumed(ContainerId container, bool succeeded, base::Instant now);
  // The container has ended by itself: whoever is in it will notice; nobody new gets it. It may be
  // unknown by now.
  Commands ended(ContainerId container, base::Instant now);
  // The Remove is done. Memory counts until here.
  Commands removed(ContainerId container, base::Instant now);

  // Time went by: pausing, idle expiry, patience, retries. Call at or after next_deadline().
  Commands tick(base::Instant now);
  std::optional<base::Instant> next_deadline() const;

  // Takes no more jobs, lets running and waiting ones finish, removes idle containers and stem
  // cells. The pool is empty() when the last command has been answered.
  Commands drain(base::Instant now);
  // Drops every warm container of `warm_key` when idle: its action is gone.
  Commands forget(const std::string& warm_key, base::Instant now);
  bool empty() const;

  PoolStats stats() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace invoker
