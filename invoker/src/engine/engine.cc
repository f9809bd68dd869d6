#include "engine/engine.h"

#include <utility>

#include "hints/capabilities.h"
#include "hints/parse.h"
#include "invoker/container_name.h"
#include "invoker/make_activation.h"

namespace invoker {

using base::ErrorCode;

namespace {

constexpr std::string_view kNoResources = "Failed to provision resources to run the action.";
// How long stop() waits for containers that were told to go, after its own deadline.
constexpr std::chrono::seconds kRemovalPatience{20};
// Beyond this many known actions the notes are dropped; what they were for expires by idleness.
constexpr std::size_t kLatestKeysMax = 65'536;

Response fetch_failure(const base::Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return Response::error(StatusCode::kApplicationError,
                             "Action could not be found or may have been deleted.");
    case ErrorCode::kDataLoss:
      return Response::error(StatusCode::kWhiskError,
                             "Action version is not compatible and cannot be invoked.");
    default:
      return Response::error(StatusCode::kWhiskError, "Action could not be fetched.");
  }
}

Response provisioning_failure(const base::Error& error, const ContainerSpec& spec) {
  if (error.code == ErrorCode::kUnsupported && !spec.image.empty()) {
    return Response::error(StatusCode::kDeveloperError,
                           "Failed to pull container image '" + spec.image + "'.");
  }
  return Response::error(StatusCode::kWhiskError, kNoResources);
}

// An action as one namespace invokes it.
std::string caller_key(std::string_view namespace_name, std::string_view action_id) {
  return std::string(namespace_name).append(1, '\n').append(action_id);
}

// The same invoking namespace and the same action document: such jobs may share a container.
std::string warm_key(std::string_view namespace_name, const Action& action) {
  return caller_key(namespace_name, action.full_name()).append(1, '\n').append(action.revision);
}

std::string_view name_of(RefuseReason reason) {
  switch (reason) {
    case RefuseReason::kLargerThanPool:
      return "the action needs more memory than all containers may have together";
    case RefuseReason::kBufferFull:
      return "too many activations are waiting";
    case RefuseReason::kShuttingDown:
      return "the invoker is stopping";
  }
  return "unknown";
}

// Transactions and mounts belong to one activation, so its container serves one at a time.
base::Status check_concurrency(const hints::Hints& hints, const ActionLimits& limits) {
  if (hints.volumes.empty() || limits.concurrency == 1) return {};
  return base::Error{ErrorCode::kUnsupported,
                     "annotation 'volumes': an action with volumes needs the limit concurrency 1, "
                     "and this one has " +
                         std::to_string(limits.concurrency)};
}

}  // namespace

Invoker::Engine::Engine(InvokerConfig config, const Outside& outside)
    : config_(std::move(config)),
      outside_(outside),
      pool_(config_.pool, outside.clock, [this](Command& command) { execute(command); }),
      executor_(config_.threads_max) {
  pool_.begin();
}

Invoker::Engine::~Engine() {
  if (!stopping_) stop(outside_.clock.now());
  pool_.close();
}

base::Status Invoker::Engine::submit(ActivationMessage message) {
  const std::shared_lock lock(gate_);
  if (stopping_) return base::Error{ErrorCode::kUnavailable, "the invoker is stopping"};
  ++accepted_;
  auto job = std::make_shared<Job>();
  job->id = JobId{next_job_++};
  job->accepted = outside_.clock.now();
  job->message = std::move(message);
  auto action = outside_.actions.fetch(job->message.action_id(), job->message.revision);
  if (!action) {
    complete_without_action(job->message, fetch_failure(action.error()));
    return {};
  }
  job->action = std::move(action).value();
  if (const auto broken = broken_limit_of(*job)) {
    complete_without_action(job->message, Response::error(StatusCode::kApplicationError, *broken));
    return {};
  }
  auto hints = hints::parse(job->action->annotations);
  base::Status fits =
      hints ? hints::check(*hints, config_.capabilities, job->message.user.namespace_name)
            : hints.error();
  if (fits) fits = check_concurrency(*hints, job->action->limits);
  if (!fits) {
    complete_without_container(*job,
                               Response::error(StatusCode::kDeveloperError, fits.error().message));
    return {};
  }
  job->hints = std::move(hints).value();
  enqueue(std::move(job));
  return {};
}

std::optional<std::string> Invoker::Engine::broken_limit_of(const Job& job) const {
  if (!config_.limits) return std::nullopt;
  return broken_limit(job.action->limits, job.message.user.limits,
                      config_.limits->namespace_default, config_.limits->system);
}

void Invoker::Engine::complete_without_action(const ActivationMessage& message, Response response) {
  const auto now_ms = base::epoch_ms(outside_.clock.wall());
  complete(message, fallback_activation(message, std::move(response), now_ms), Progress::kNotRun);
}

void Invoker::Engine::complete_without_container(const Job& job, Response response) {
  const auto now_ms = base::epoch_ms(outside_.clock.wall());
  complete(job.message,
           activation_without_container(job.message, *job.action, std::move(response), now_ms),
           Progress::kNotRun);
}

void Invoker::Engine::complete(const ActivationMessage& message, Activation activation,
                               Progress progress) {
  ++completed_;
  ++by_status_[static_cast<int>(activation.response.code)];
  outside_.sink.completed(message, std::move(activation), progress);
}

JobDemand Invoker::Engine::demand_of(const Job& job) const {
  const Action& action = *job.action;
  return {.id = job.id,
          .warm_key = warm_key(job.message.user.namespace_name, action),
          .kind = action.exec.kind,
          .may_use_stem_cell = action.exec.image.empty(),
          .memory_bytes = action.limits.memory_bytes,
          .concurrency_max = action.limits.concurrency};
}

void Invoker::Engine::enqueue(SharedJob job) {
  pool_.post([this, job = std::move(job)](ContainerPool& pool, base::Instant now) {
    return admit(job, pool, now);
  });
}

// Containers of an older revision are of no use to the namespace that now asks for a newer one.
Commands Invoker::Engine::admit(const SharedJob& job, ContainerPool& pool, base::Instant now) {
  jobs_.emplace(job->id, job);
  const JobDemand demand = demand_of(*job);
  if (latest_keys_.size() > kLatestKeysMax) latest_keys_.clear();
  std::string& latest =
      latest_keys_[caller_key(job->message.user.namespace_name, job->action->full_name())];
  Commands commands;
  if (!latest.empty() && latest != demand.warm_key) commands = pool.forget(latest, now);
  latest = demand.warm_key;
  for (Command& command : pool.submit(demand, now)) commands.push_back(std::move(command));
  return commands;
}

void Invoker::Engine::forget(const std::string& action_id) {
  const auto owner = action_id.substr(0, action_id.find('/'));
  pool_.post([this, caller = caller_key(owner, action_id)](ContainerPool& pool, base::Instant now) {
    const auto at = latest_keys_.find(caller);
    if (at == latest_keys_.end()) return Commands{};
    const std::string key = std::move(at->second);
    latest_keys_.erase(at);
    return pool.forget(key, now);
  });
}

InvokerStats Invoker::Engine::stats() const {
  InvokerStats stats{.pool = pool_.stats(), .accepted = accepted_, .completed = completed_};
  for (int code = 0; code < 4; ++code) stats.by_status[code] = by_status_[code];
  return stats;
}

void Invoker::Engine::stop(base::Instant deadline) {
  {
    const std::lock_guard lock(gate_);
    stopping_ = true;
  }
  pool_.post([](ContainerPool& pool, base::Instant now) { return pool.drain(now); });
  if (pool_.wait_until_empty(deadline)) return;
  aborting_ = true;
  outside_.log.warn("Invoker", "activations are still running at the deadline: ending them");
  pool_.post([this](ContainerPool&, base::Instant) {
    for (const auto& [id, slot] : slots_) {
      if (slot->started) slot->container->kill();
    }
    return Commands{};
  });
  if (!pool_.wait_until_empty(outside_.clock.now() + kRemovalPatience)) {
    outside_.log.error("Invoker", "some containers could not be removed in time");
  }
}

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
  const auto slot = std::make_shared<Slot>(Slot{start.container, nullptr});
  slots_.emplace(start.container, slot);
  const SharedJob job = start.job ? jobs_.at(*start.job) : nullptr;
  executor_.run(
      [this, slot, job, spec = spec_of(start, job.get())] { this->start(slot, job, spec); });
}

void Invoker::Engine::start(const SharedSlot& slot, const SharedJob& job,
                            const ContainerSpec& spec) {
  auto made = aborting_ ? base::Error{ErrorCode::kUnavailable, "the invoker is stopping"}
                        : outside_.containers.create(spec);
  if (made) {
    slot->container = std::move(made).value();
    pool_.post([this, slot](ContainerPool& pool, base::Instant now) {
      mark_started(*slot);
      return pool.started(slot->id, now);
    });
    return;
  }
  outside_.log.error("Invoker", "container " + spec.name + ": " + made.error().message);
  if (job) complete_without_container(*job, provisioning_failure(made.error(), spec));
  pool_.post([this, id = slot->id, job](ContainerPool& pool, base::Instant now) {
    slots_.erase(id);
    if (job) jobs_.erase(job->id);
    return pool.start_failed(id, now);
  });
}

// A container that comes up after stop() has ended the others ends too.
void Invoker::Engine::mark_started(Slot& slot) const {
  slot.started = true;
  if (aborting_) slot.container->kill();
}

void Invoker::Engine::execute(const command::Run& run) {
  executor_.run([this, slot = slots_.at(run.container), job = jobs_.at(run.job), run] {
    this->run(slot, job, run);
  });
}

void Invoker::Engine::run(const SharedSlot& slot, const SharedJob& job, const command::Run& how) {
  JobRun job_run(*job, *slot->container, how,
                 {.outside = outside_,
                  .config = config_,
                  .last_try = job->reschedules >= config_.reschedules_max || aborting_,
                  .on_initialized = [this, id = slot->id] {
                    pool_.post([id](ContainerPool& pool, base::Instant now) {
                      return pool.initialized(id, now);
                    });
                  }});
  JobRun::Outcome outcome = job_run.run();
  executor_.run_last([&] {
    end_job(slot->id, job->id, outcome.end);
    if (!outcome.activation) return;
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
    outside_.log.warn("Invoker", "refused activation " + job->message.activation_id + " of " +
                                     job->action->full_name() + ": " +
                                     std::string(name_of(reason)));
    complete_without_container(*job, Response::error(StatusCode::kWhiskError, kNoResources));
  });
  jobs_.erase(at);
}

}  // namespace invoker
