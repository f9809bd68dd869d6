// The invoker: takes activation messages, runs them in containers, reports what became of them.
//
// Once submit() has accepted a message, it ends in exactly one ActivationSink::completed().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "hints/capabilities.h"
#include "hints/parse.h"
#include "invoker/action.h"
#include "invoker/activation.h"
#include "invoker/container.h"
#include "invoker/container_pool.h"
#include "invoker/delegate.h"
#include "invoker/dispatch_limits.h"
#include "invoker/file_stager.h"
#include "invoker/locked_parameters.h"
#include "invoker/message.h"

namespace invoker {

// Where actions are read. Threads: any.
class ActionSource {
 public:
  virtual ~ActionSource() = default;

  // The action at `revision`, or the latest where there is none (or that one is gone). Errors:
  // kNotFound, kDataLoss (unreadable document), kUnavailable. The object stays valid while held.
  virtual base::Result<std::shared_ptr<const Action>> fetch(
      const std::string& id, const std::optional<std::string>& revision) = 0;

  // What fetch() would give without asking anybody; null pointer where it would have to.
  virtual std::shared_ptr<const Action> known(const std::string& /*id*/,
                                              const std::optional<std::string>& /*revision*/) {
    return nullptr;
  }

  // For the end of a program: every fetch() under way and to come fails with kUnavailable, within a
  // second. Where none waits for anybody there is nothing to do.
  virtual void cancel() {}
};

// How far an activation came before its record was made.
enum class Progress {
  kNotRun,      // no container took it up
  kResultTold,  // it ran, result_ready() was called, and its logs have been collected since
  kRunOnly,     // it ran, and there were no logs to wait for: the record is the first that is heard
};

// Where the outcome goes. Threads: called from the invoker's worker threads; must not block for
// long, because the container's next activation waits on result_ready().
class ActivationSink {
 public:
  virtual ~ActivationSink() = default;

  // The answer is known; the logs are still being collected.
  virtual void result_ready(const ActivationMessage& message, const Activation& activation) = 0;
  // The whole record. The last call for this message.
  virtual void completed(const ActivationMessage& message, Activation activation,
                         Progress progress) = 0;
};

// What an action may ask for where its limits are looked at again before it runs.
struct DispatchLimits {
  LimitRanges namespace_default;
  LimitRanges system;
};

struct InvokerConfig {
  PoolConfig pool;
  std::optional<DispatchLimits> limits;  // nothing: whoever stored the action has checked
  ParameterKeys parameter_keys;          // for parameters that messages carry encrypted
  std::string name_prefix = "wsk0";      // of container names: "wsk" + uniqueName + id
  std::string api_host;                  // __OW_API_HOST
  ResponseBounds payload;                // of every answer
  ResponseBounds namespace_payload;      // where the identity has no limits of its own
  bool collects_logs = true;             // false: somebody else takes what containers print
  bool records_timing = true;            // the annotation `timing`, which OpenWhisk has not;
                                         // false: only of activations with volumes
  bool logs_markers = false;             // OpenWhisk's log markers, for each step of an activation
  hints::Capabilities capabilities;
  hints::Unreadable common_words = hints::Unreadable::kRefused;  // of annotations
  std::size_t threads_max = 256;  // activations and container operations at once
  int reschedules_max = 3;        // how often one job may meet a dead container
};

// What the invoker needs of the world. All outlive it.
struct Outside {
  ActionSource& actions;
  ContainerFactory& containers;
  FileStager& files;
  ActivationSink& sink;
  const base::Clock& clock;
  base::Logger& log;
  Delegate* delegate = nullptr;  // null: everything runs here
};

struct InvokerStats {
  PoolStats pool;
  std::uint64_t accepted = 0;
  std::uint64_t completed = 0;
  std::uint64_t by_status[4] = {};  // indexed by StatusCode
};

// Threads: any method from any thread, except stop(), which is called once.
class Invoker {
 public:
  Invoker(InvokerConfig config, const Outside& outside);
  // Stops without patience if stop() was not called.
  ~Invoker();
  Invoker(const Invoker&) = delete;
  Invoker& operator=(const Invoker&) = delete;

  // Takes the message over. Returns at once: an action that has to be fetched is fetched by another
  // thread. Errors: kUnavailable when the
  // invoker is stopping; then nothing is reported to the sink.
  base::Status submit(ActivationMessage message);

  // The action ("guest/hello") is gone or was replaced: the containers that its own namespace keeps
  // warm for it go. A new revision in a message has the same effect for the namespace that sent it.
  void forget(const std::string& action_id);

  // Of an activation that the delegate has taken; unknown ones are passed over. It is this
  // invoker's again; `locality` is the annotation of its record.
  void run_here(JobId job, base::Json locality);
  // The delegate is asked for it anew.
  void place_again(JobId job);
  // Somebody else has it: its place among those that were taken from the topic is free.
  void handed_over(JobId job);
  // Somebody else has run and acknowledged it.
  void ended_elsewhere(JobId job);
  // Nobody knows what became of it: it ends here, as an error of the system.
  void lost_elsewhere(JobId job, const std::string& why);

  // Other invokers' activations. Each begins with reserve_guest() and ends with release_guest(),
  // fail_guest(), or ActivationSink::completed() in its owner's name. Callbacks come from any
  // thread, perhaps before the call returns, and must not block.
  //
  // A place where nothing of this invoker's own is put off by it; false: there is none.
  void reserve_guest(GuestId guest, JobDemand demand, std::function<void(bool)> reserved);
  // It goes into its place. `message.owner` is set.
  void begin_guest(GuestId guest, ActivationMessage message, base::Json locality);
  // Unless it runs already: true, and it never will.
  void take_out_guest(GuestId guest, std::function<void(bool)> taken_out);
  // As if it had never been here; no effect when it runs.
  void release_guest(GuestId guest);
  // It was not begun and nobody else can: it ends as an error of the system.
  void fail_guest(GuestId guest, const std::string& why);

  InvokerStats stats() const;

  // Refuses new messages, lets accepted ones finish until `deadline`, then gives up what is being
  // fetched and created and removes every container; what had not finished by then is completed as
  // a whisk error.
  void stop(base::Instant deadline);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace invoker
