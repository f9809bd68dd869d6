// One activation in its container, from the files before to the logs after.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/job.h"
#include "engine/markers.h"
#include "invoker/activation.h"
#include "invoker/container.h"
#include "invoker/invoker.h"
#include "invoker/make_activation.h"
#include "invoker/runtime_protocol.h"

namespace invoker {

// Runs on one worker thread, blocking; made for one run() and dropped.
class JobRun {
 public:
  struct Context {
    const Outside& outside;
    const InvokerConfig& config;
    bool last_try;                         // a dead container is now a failure, no reason to move
    const std::atomic<bool>& ending;       // containers are being ended, whatever they do
    std::function<void()> on_initialized;  // told as soon as /init has answered well
  };
  struct Outcome {
    JobEnd end = JobEnd::kDestroy;
    std::optional<Activation> activation;  // nothing when the job has to go elsewhere
    Progress progress = Progress::kNotRun;
  };

  JobRun(const Job& job, Container& container, const command::Run& how, Context context);
  Outcome run();

 private:
  // Where the time went; the rest of it is ours.
  struct Phases {
    std::chrono::microseconds wait{}, attach{}, init{}, run{}, detach{};
  };

  // The action was called once, or could not be.
  struct Round {
    std::optional<Response> response;  // nothing when the container did not take the job
    bool was_run = false;
    bool released = false;  // nothing in the container holds on to files
    bool conflict = false;  // it may be run again
  };
  Round run_once();
  int retries_allowed() const;
  Outcome report(Response response, bool released);

  base::Status attach_files();
  bool detach_files();
  Response settle_files(Response response, bool& conflict);

  // What the calls came to: a response, or nothing when the container did not take the job.
  std::optional<Response> call();
  std::optional<Response> initialize();
  std::optional<Response> invoke();
  CallOutcome post(const char* path, const std::string& body, const ResponseBounds& bounds,
                   bool retry_refused);
  bool gives_back(const CallOutcome& outcome) const;
  void ended(std::string_view step, const CallOutcome& outcome, bool well) const;
  CallFacts facts_of(const CallOutcome& outcome, std::int64_t max_bytes);
  std::int64_t deadline_ms() const;

  Activation record(Response response);
  base::Json extra_annotations() const;
  base::Json timing() const;
  bool takes_logs() const;
  bool was_ended(const CallOutcome& outcome) const;
  bool collect_logs(Activation& activation);
  bool pass_over_logs();

  const Job& job_;
  Container& container_;
  const command::Run how_;
  const Context context_;
  const base::Logger log_;
  const Markers markers_;
  const ActionLimits& limits_;
  const ResponseBounds bounds_;  // of what /run answers

  std::unique_ptr<StagedFiles> files_;
  std::vector<std::string> attached_;  // targets, in order of attaching
  base::Json volumes_;                 // the annotation; null when there are none
  bool initialized_ = false;           // by an earlier round
  Times times_;
  Phases phases_;
};

}  // namespace invoker
