#include "engine/job_run.h"

#include <ranges>
#include <utility>

#include "base/sizes.h"
#include "invoker/log_collection.h"

namespace invoker {

using base::ErrorCode;
using std::chrono::microseconds;

namespace {

constexpr std::string_view kEnded = "The invoker was stopped before the activation ended.";

microseconds between(base::Instant begin, base::Instant end) {
  return std::chrono::duration_cast<microseconds>(end - begin);
}

// Milliseconds with three digits after the point, as a number.
base::Json as_ms(microseconds time) {
  const auto fraction = std::to_string(1000 + time.count() % 1000).substr(1);
  return base::Json::number(std::to_string(time.count() / 1000) + "." + fraction);
}

// Whose fault it is that the files could not be had.
Response staging_failure(const base::Error& error) {
  const bool developer =
      error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kInvalidArgument ||
      error.code == ErrorCode::kAlreadyExists || error.code == ErrorCode::kPermissionDenied;
  return Response::error(developer ? StatusCode::kDeveloperError : StatusCode::kWhiskError,
                         error.message);
}

std::string_view name_of(StartKind kind) {
  switch (kind) {
    case StartKind::kCold:
      return "cold";
    case StartKind::kStemCell:
      return "stemcell";
    case StartKind::kWarm:
      return "warm";
  }
  return "unknown";
}

bool succeeded(StatusCode code) {
  return code == StatusCode::kSuccess || code == StatusCode::kApplicationError;
}

// The namespace may have less than the system allows, never more.
std::int64_t bound(const Identity& user, const char* limit, std::int64_t namespace_default,
                   std::int64_t system_max) {
  const base::Json* own = user.limits.find(limit);
  const auto bytes =
      own != nullptr && own->is_string() ? base::parse_bytes(own->as_string()) : namespace_default;
  return std::min(bytes.ok() ? *bytes : namespace_default, system_max);
}

}  // namespace

JobRun::JobRun(const Job& job, Container& container, const command::Run& how, Context context)
    : job_(job),
      container_(container),
      how_(how),
      context_(std::move(context)),
      log_(log_of(context_.outside.log, job.message)),
      markers_(context_.config.logs_markers, log_, context_.outside.clock, job.message.transid),
      limits_(job.action->limits),
      bounds_{bound(job.message.user, "maxPayloadSize", context_.config.namespace_payload.max_bytes,
                    context_.config.payload.max_bytes),
              bound(job.message.user, "truncationSize",
                    context_.config.namespace_payload.truncation_bytes,
                    context_.config.payload.truncation_bytes)} {}

// Where another activation changed first what this one depends on, nothing of it has happened: it
// is run again, in the same container, as often as its volumes allow. What holds on to the old
// files there writes into the void.
JobRun::Outcome JobRun::run() {
  phases_.wait = between(job_.accepted, context_.outside.clock.now());
  Round round = run_once();
  for (int left = retries_allowed(); round.conflict && left > 0 && !context_.ending; --left) {
    if (!pass_over_logs()) break;
    files_.reset();
    attached_.clear();
    initialized_ = true;
    const bool released = round.released;
    round = run_once();
    round.released = round.released && released;
  }
  if (!round.response) return {JobEnd::kReschedule, std::nullopt, Progress::kNotRun};
  if (!round.was_run) {
    const bool reusable = round.released && (!how_.initialize || initialized_);
    return {reusable ? JobEnd::kKeep : JobEnd::kDestroy, record(std::move(*round.response)),
            Progress::kNotRun};
  }
  return report(std::move(*round.response), round.released);
}

int JobRun::retries_allowed() const {
  int most = 0;
  for (const auto& volume : job_.hints.volumes) most = std::max(most, volume.retry);
  return most;
}

JobRun::Round JobRun::run_once() {
  const base::Clock& clock = context_.outside.clock;
  const auto begun = clock.now();
  if (const auto attached = attach_files(); !attached) {
    return {staging_failure(attached.error()), false, detach_files(), false};
  }
  phases_.attach += between(begun, clock.now());
  std::optional<Response> response = call();
  const auto called = clock.now();
  const bool released = detach_files();
  phases_.detach += between(called, clock.now());
  if (!response) return {std::nullopt, false, released, false};
  bool conflict = false;
  Response settled = settle_files(std::move(*response), conflict);
  return {std::move(settled), true, released, conflict};
}

JobRun::Outcome JobRun::report(Response response, bool released) {
  Activation activation = record(std::move(response));
  const bool has_logs = takes_logs();
  if (has_logs) context_.outside.sink.result_ready(job_.message, activation);
  const bool logs_complete = collect_logs(activation);
  const bool keep = released && logs_complete && succeeded(activation.response.code);
  return {keep ? JobEnd::kKeep : JobEnd::kDestroy, std::move(activation),
          has_logs ? Progress::kResultTold : Progress::kRunOnly};
}

base::Status JobRun::attach_files() {
  if (job_.hints.volumes.empty()) return {};
  TRY(files_, context_.outside.files.stage({job_.message.user.namespace_name,
                                            job_.message.activation_id, job_.hints.volumes}));
  for (Mount& mount : files_->take_mounts()) {
    const std::string target = mount.target;
    TRY_STATUS(container_.attach(std::move(mount)));
    attached_.push_back(target);
  }
  return {};
}

// True when nothing in the container holds on to what was attached.
bool JobRun::detach_files() {
  bool released = true;
  for (const std::string& target : attached_ | std::views::reverse) {
    const auto outcome = container_.detach(target);
    if (!outcome) log_.warn("Invoker", outcome.error().message);
    released = released && outcome && *outcome == DetachOutcome::kClean;
  }
  return released;
}

// Durable files must be safe before the success is reported; if they cannot be, it is none.
Response JobRun::settle_files(Response response, bool& conflict) {
  if (!files_) return response;
  auto report = files_->finish(response.code == StatusCode::kSuccess);
  if (report) {
    volumes_ = std::move(report).value();
    return response;
  }
  conflict = report.error().code == ErrorCode::kConflict;
  if (!conflict) log_.error("Invoker", report.error().message);
  if (response.code != StatusCode::kSuccess) return response;
  const bool theirs = conflict || report.error().code == ErrorCode::kInvalidArgument;
  return Response::error(theirs ? StatusCode::kApplicationError : StatusCode::kWhiskError,
                         report.error().message);
}

std::optional<Response> JobRun::call() {
  if (how_.initialize && !initialized_) {
    auto failure = initialize();
    if (failure || !times_.init) return failure;
  }
  return invoke();
}

// Nothing when /init succeeded; nothing and no time of it when the job is given back.
std::optional<Response> JobRun::initialize() {
  markers_.started("invoker_activationInit", "the code goes to the container");
  const CallOutcome outcome = post("/init", init_body(job_.message, *job_.action, deadline_ms()),
                                   context_.config.payload, true);
  phases_.init = outcome.elapsed;
  if (gives_back(outcome)) return std::nullopt;
  const CallFacts facts = facts_of(outcome, context_.config.payload.max_bytes);
  times_.init = call_time(outcome, facts);
  if (was_ended(outcome)) return Response::error(StatusCode::kWhiskError, std::string(kEnded));
  auto failure = init_failure(outcome, facts);
  ended("invoker_activationInit", outcome, !failure);
  if (!failure) context_.on_initialized();
  return failure;
}

std::optional<Response> JobRun::invoke() {
  markers_.started("invoker_activationRun", "the arguments go to the container");
  const CallOutcome outcome =
      post("/run", run_body(job_.message, *job_.action, deadline_ms()), bounds_, false);
  phases_.run = outcome.elapsed;
  if (gives_back(outcome)) return std::nullopt;
  const CallFacts facts = facts_of(outcome, bounds_.max_bytes);
  times_.run = call_time(outcome, facts);
  if (was_ended(outcome)) return Response::error(StatusCode::kWhiskError, std::string(kEnded));
  Response response = run_response(outcome, facts);
  ended("invoker_activationRun", outcome, outcome.error == CallError::kNone);
  return response;
}

void JobRun::ended(std::string_view step, const CallOutcome& outcome, bool well) const {
  if (well) return markers_.finished(step, "it answers", outcome.elapsed);
  markers_.failed(step, "it does not answer as it should", outcome.elapsed);
}

// The action is not at fault when the invoker itself took its container away.
bool JobRun::was_ended(const CallOutcome& outcome) const {
  return context_.ending && outcome.error == CallError::kConnectionLost;
}

CallOutcome JobRun::post(const char* path, const std::string& body, const ResponseBounds& bounds,
                         bool retry_refused) {
  const auto deadline = context_.outside.clock.now() + limits_.timeout;
  return container_.post(path, body, deadline, bounds, retry_refused);
}

bool JobRun::gives_back(const CallOutcome& outcome) const {
  return !context_.last_try && gives_job_back(outcome, how_.may_reschedule);
}

// The kernel is asked only when the call broke: a container that answers has not run out of memory.
CallFacts JobRun::facts_of(const CallOutcome& outcome, std::int64_t max_bytes) {
  const bool broke =
      outcome.error == CallError::kConnectionLost || outcome.error == CallError::kConnectionRefused;
  return {.timeout = limits_.timeout,
          .max_bytes = max_bytes,
          .memory_exhausted = broke && container_.memory_exhausted()};
}

std::int64_t JobRun::deadline_ms() const {
  return base::epoch_ms(context_.outside.clock.wall()) + limits_.timeout.count();
}

Activation JobRun::record(Response response) {
  if (times_.init || times_.run) {
    return make_activation(job_.message, *job_.action, std::move(response), times_,
                           extra_annotations());
  }
  return activation_without_container(job_.message, *job_.action, std::move(response),
                                      base::epoch_ms(context_.outside.clock.wall()));
}

// What OpenWhisk does not record: the files, and where the time went.
base::Json JobRun::extra_annotations() const {
  base::Json extra = base::Json::array();
  if (context_.config.records_timing || files_) {
    extra.append(base::Json::object({{"key", "timing"}, {"value", timing()}}));
  }
  if (!job_.locality.is_null()) {
    extra.append(base::Json::object({{"key", "locality"}, {"value", job_.locality}}));
  }
  if (!volumes_.is_null()) {
    extra.append(base::Json::object({{"key", "volumes"}, {"value", volumes_}}));
  }
  return extra;
}

// In ms.
base::Json JobRun::timing() const {
  base::Json timing = base::Json::object({{"start", name_of(how_.start)},
                                          {"waitMs", as_ms(phases_.wait)},
                                          {"runMs", as_ms(phases_.run)}});
  if (how_.initialize) timing.set("initMs", as_ms(phases_.init));
  if (files_) {
    timing.set("attachMs", as_ms(phases_.attach)).set("detachMs", as_ms(phases_.detach));
  }
  return timing;
}

bool JobRun::takes_logs() const { return context_.config.collects_logs && limits_.logs_bytes > 0; }

// What a round said whose effects did not happen is not recorded. False: its end is not to be
// found.
bool JobRun::pass_over_logs() {
  if (!takes_logs()) return true;
  const auto request = log_request(StatusCode::kSuccess, limits_.logs_bytes);
  return record_logs(container_.logs(request), StatusCode::kSuccess, limits_.logs_bytes,
                     context_.outside.clock.wall())
      .complete;
}

// False when the logs are cut or lost: then nobody knows what the next activation would find.
bool JobRun::collect_logs(Activation& activation) {
  if (!takes_logs()) return true;
  const StatusCode code = activation.response.code;
  const auto begun = context_.outside.clock.now();
  markers_.started("invoker_collectLogs", "what it printed is read");
  const CollectedLogs logs = container_.logs(log_request(code, limits_.logs_bytes));
  RecordedLogs recorded =
      record_logs(logs, code, limits_.logs_bytes, context_.outside.clock.wall());
  activation.logs = std::move(recorded.lines);
  markers_.finished("invoker_collectLogs", std::to_string(activation.logs.size()) + " lines",
                    between(begun, context_.outside.clock.now()));
  return recorded.complete;
}

}  // namespace invoker
