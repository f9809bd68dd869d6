// From a message to a job in the pool, or to its end where it cannot become one.
#include <utility>

#include "engine/engine.h"
#include "engine/markers.h"
#include "hints/capabilities.h"
#include "hints/parse.h"
#include "invoker/make_activation.h"

namespace invoker {

using base::ErrorCode;

namespace {

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

// What an action asks for wrongly is its developer's affair; what is there and does not answer is
// not.
Response refusal(const base::Error& error) {
  const bool ours = error.code == ErrorCode::kUnavailable;
  return Response::error(ours ? StatusCode::kWhiskError : StatusCode::kDeveloperError,
                         error.message);
}

// The same invoking namespace and the same action document: such jobs may share a container.
std::string warm_key(std::string_view namespace_name, const Action& action) {
  return caller_key(namespace_name, action.full_name()).append(1, '\n').append(action.revision);
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

base::Status Invoker::Engine::submit(ActivationMessage message) {
  const std::shared_lock lock(gate_);
  if (stopping_) return base::Error{ErrorCode::kUnavailable, "the invoker is stopping"};
  ++accepted_;
  auto job = std::make_shared<Job>();
  job->id = JobId{next_job_++};
  job->accepted = outside_.clock.now();
  job->message = std::move(message);
  mark(job->message, "invoker_activation_start");
  if (auto action = outside_.actions.known(job->message.action_id(), job->message.revision)) {
    begin(job, std::move(action));
    return {};
  }
  {
    const std::lock_guard fetches(fetches_mutex_);
    ++fetches_;
  }
  fetchers_.run([this, job] { fetch_action(job); });
  return {};
}

void Invoker::Engine::fetch_action(const SharedJob& job) {
  auto action = outside_.actions.fetch(job->message.action_id(), job->message.revision);
  if (action) {
    begin(job, std::move(action).value());
  } else {
    log_of(outside_.log, job->message)
        .warn("Invoker", "action " + job->message.action_id() + " of activation " +
                             job->message.activation_id + ": " + action.error().message);
    complete_without_action(job->message, fetch_failure(action.error()));
  }
  const std::lock_guard lock(fetches_mutex_);
  if (--fetches_ == 0) fetches_done_.notify_all();
}

void Invoker::Engine::begin(const SharedJob& job, std::shared_ptr<const Action> action) {
  job->action = std::move(action);
  if (const auto broken = broken_limit_of(*job)) {
    return complete_without_action(job->message,
                                   Response::error(StatusCode::kApplicationError, *broken));
  }
  if (auto response = prepare(*job)) return complete_without_container(*job, std::move(*response));
  if (!goes_elsewhere(job)) enqueue(job);
}

std::optional<Response> Invoker::Engine::prepare(Job& job) const {
  auto hints = read_hints(job);
  if (!hints) return refusal(hints.error());
  job.hints = std::move(hints).value();
  const auto unlocked = unlock_content(job.message);
  if (!unlocked) return Response::error(StatusCode::kWhiskError, unlocked.error().message);
  return std::nullopt;
}

base::Result<hints::Hints> Invoker::Engine::read_hints(const Job& job) const {
  TRY(hints::Hints hints, hints::parse(job.action->annotations, config_.common_words));
  TRY_STATUS(hints::check(hints, config_.capabilities, job.message.user.namespace_name));
  TRY_STATUS(check_concurrency(hints, job.action->limits));
  if (!hints.volumes.empty()) TRY_STATUS(outside_.files.ready());
  return hints;
}

base::Status Invoker::Engine::unlock_content(ActivationMessage& message) const {
  if (message.locked_args.empty() || !message.content) return {};
  TRY(message.content,
      unlock_parameters(std::move(*message.content), message.locked_args, config_.parameter_keys));
  return {};
}

std::optional<std::string> Invoker::Engine::broken_limit_of(const Job& job) const {
  if (!config_.limits) return std::nullopt;
  return broken_limit(job.action->limits, job.message.user.limits,
                      config_.limits->namespace_default, config_.limits->system);
}

void Invoker::Engine::mark(const ActivationMessage& message, std::string_view marker) const {
  if (!config_.logs_markers) return;
  const base::Logger log = log_of(outside_.log, message);
  Markers(true, log, outside_.clock, message.transid)
      .mark(marker, "activation " + message.activation_id + " of " + message.action_id() + " for " +
                        message.user.namespace_name);
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
  job->message.bytes.reset();  // from here on nobody else has to read it
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

}  // namespace invoker
