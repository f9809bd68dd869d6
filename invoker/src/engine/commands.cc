// The pool's commands, carried out by worker threads.
#include <utility>

#include "engine/engine.h"
#include "invoker/container_name.h"

namespace invoker {

using base::ErrorCode;

namespace {

constexpr std::string_view kNoResources = "Failed to provision resources to run the action.";

Response provisioning_failure(const base::Error& error, const ContainerSpec& spec) {
  if (error.code == ErrorCode::kUnsupported && !spec.image.empty()) {
    return Response::error(StatusCode::kDeveloperError,
                           "Failed to pull container image '" + spec.image + "'.");
  }
  if (error.code == ErrorCode::kNotFound) {
    return Response::error(StatusCode::kDeveloperError, error.message);
  }
  return Response::error(StatusCode::kWhiskError, kNoResources);
}

std::string_view name_of(RefuseReason reason) {
  switch (reason) {
    case RefuseReason::kLargerThanPool:
      return "the action needs more memory than all containers may have together";
    case RefuseReason::kBufferFull:
      return "too many activations are waiting";
    case RefuseReason::kShuttingDown:
      return "the invoker is stopping";
    case RefuseReason::kNoRoomForGuest:
      return "there is no room for another invoker's activation";
  }
  return "unknown";
}

}  // namespace

void Invoker::Engine::execute(Command& command) {
  std::visit([this](const auto& known) { execute(known); }, command);
}

ContainerSpec Invoker::Engine::spec_of(const command::Start& start, const Job* job) {
  const std::string counter = std::to_string(++containers_made_);
  ContainerSpec spec;
  spec.name = job ? container_name(config_.name_prefix, counter, job->message.user.namespace_name,
                                   job->action->name)
                  : container_name(config_.name_prefix, counter, "prewarm", start.kind);
  spec.kind = start.kind;
  if (job) spec.image = job->action->exec.image;
  spec.memory_bytes = start.memory_bytes;
  spec.cpu_shares = cpu_shares(config_.pool.memory_bytes, start.memory_bytes);
  spec.environment = {{"__OW_API_HOST", config_.api_host}};
  return spec;
}

void Invoker::Engine::execute(const command::Start& start) {
  if (start.job && holds_back(jobs_.at(*start.job), start)) return;
  const auto slot = std::make_shared<Slot>(Slot{start.container, nullptr});
  slots_.emplace(start.container, slot);
  const SharedJob job = start.job ? jobs_.at(*start.job) : nullptr;
  if (job) mark(job->message, "invoker_containerStart.cold_counter");
  executor_.run(
      [this, slot, job, spec = spec_of(start, job.get())] { this->start(slot, job, spec); });
}

void Invoker::Engine::start(const SharedSlot& slot, const SharedJob& job,
                            const ContainerSpec& spec) {
  auto made = aborting_ ? base::Error{ErrorCode::kUnavailable, "the invoker is stopping"}
                        : outside_.containers.create(spec);
  if (made) {
    slot->container = std::move(made).value();
    ends_.add(slot->id, slot->container->end_descriptor());
    pool_.post([this, slot](ContainerPool& pool, base::Instant now) {
      mark_started(slot);
      return pool.started(slot->id, now);
    });
    return;
  }
  const base::Logger log = job ? log_of(outside_.log, job->message) : outside_.log;
  log.error("Invoker", "container " + spec.name + ": " + made.error().message);
  if (job && !job->guest) {
    complete_without_container(*job, provisioning_failure(made.error(), spec));
  }
  pool_.post([this, id = slot->id, job](ContainerPool& pool, base::Instant now) {
    slots_.erase(id);
    if (job) jobs_.erase(job->id);
    if (job && job->guest) job->guest->gone = true;
    return pool.start_failed(id, now);
  });
  // Its owner has the container that is missing here, or the error of its own.
  if (job && job->guest) trouble(*job, GuestTrouble::kCannotBegin);
}

// A container that comes up after stop() has ended the others ends too.
void Invoker::Engine::mark_started(const SharedSlot& slot) {
  slot->started = true;
  if (aborting_) kill(slot);
}

// An engine may have to be asked for it, and nobody's turn is to wait for that.
void Invoker::Engine::kill(const SharedSlot& slot) {
  killers_.run([slot] { slot->container->kill(); });
}

void Invoker::Engine::execute(const command::Run& run) {
  if (holds_back(jobs_.at(run.job), run)) return;
  executor_.run([this, slot = slots_.at(run.container), job = jobs_.at(run.job), run] {
    this->run(slot, job, run);
  });
}

void Invoker::Engine::run(const SharedSlot& slot, const SharedJob& job, const command::Run& how) {
  if (how.start == StartKind::kWarm) mark(job->message, "invoker_containerStart.warmed_counter");
  if (how.start == StartKind::kStemCell) {
    mark(job->message, "invoker_containerStart.prewarmed_counter");
  }
  // The attempt, and with it what it holds of files, is over before the job can go elsewhere.
  JobRun::Outcome outcome =
      JobRun(*job, *slot->container, how,
             {.outside = outside_,
              .config = config_,
              .last_try = job->reschedules >= config_.reschedules_max || aborting_,
              .ending = aborting_,
              .on_initialized =
                  [this, id = slot->id] {
                    pool_.post([id](ContainerPool& pool, base::Instant now) {
                      return pool.initialized(id, now);
                    });
                  }})
          .run();
  executor_.run_last([&] {
    end_job(slot->id, job->id, outcome.end);
    if (!outcome.activation) return;
    if (job->guest) find_guest(job->guest->id, true);
    complete(job->message, std::move(*outcome.activation), outcome.progress);
  });
}

void Invoker::Engine::end_job(ContainerId container, JobId job, JobEnd end) {
  pool_.post([this, container, job, end](ContainerPool& pool, base::Instant now) {
    if (end == JobEnd::kReschedule) {
      ++jobs_.at(job)->reschedules;
    } else {
      jobs_.erase(job);
    }
    return pool.job_ended(container, job, end, now);
  });
}

void Invoker::Engine::execute(const command::Pause& pause) {
  executor_.run([this, slot = slots_.at(pause.container)] {
    const auto status = slot->container->pause();
    if (!status) outside_.log.warn("Invoker", status.error().message);
    pool_.post([id = slot->id, ok = status.ok()](ContainerPool& pool, base::Instant now) {
      return pool.paused(id, ok, now);
    });
  });
}

void Invoker::Engine::execute(const command::Resume& resume) {
  executor_.run([this, slot = slots_.at(resume.container)] {
    const auto status = slot->container->resume();
    if (!status) outside_.log.warn("Invoker", status.error().message);
    pool_.post([id = slot->id, ok = status.ok()](ContainerPool& pool, base::Instant now) {
      return pool.resumed(id, ok, now);
    });
  });
}

void Invoker::Engine::execute(const command::Remove& remove) {
  executor_.run([this, slot = slots_.at(remove.container)] {
    slot->container->destroy();
    pool_.post([this, id = slot->id](ContainerPool& pool, base::Instant now) {
      slots_.erase(id);
      return pool.removed(id, now);
    });
  });
}

void Invoker::Engine::execute(const command::Refuse& refuse) {
  const auto at = jobs_.find(refuse.job);
  executor_.run([this, job = at->second, reason = refuse.reason] {
    log_of(outside_.log, job->message)
        .warn("Invoker", "refused activation " + job->message.activation_id + " of " +
                             job->action->full_name() + ": " + std::string(name_of(reason)));
    complete_without_container(*job, Response::error(StatusCode::kWhiskError, kNoResources));
  });
  jobs_.erase(at);
}

}  // namespace invoker
