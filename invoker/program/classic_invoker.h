// One invoker of OpenWhisk's classic kind: takes activations from its topic until it is stopped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "invoker_settings/settings.h"

namespace program {

// Waits, at most that long, for the wish to stop; true when it has come.
using StopAsked = std::function<bool(std::chrono::milliseconds)>;

// Threads: one.
class ClassicInvoker {
 public:
  // Serves when it returns. The HTTP endpoints answer at once; what is not there yet (brokers, the
  // container engine, ZooKeeper) is waited for, until `stop_asked`: then kUnavailable. Settings,
  // clock and the log's sink outlive it. Errors: whatever waiting cannot mend.
  static base::Result<std::unique_ptr<ClassicInvoker>> start(
      const invoker_settings::InvokerSettings& settings, const base::Clock& clock,
      base::Logger& log, const StopAsked& stop_asked);
  ~ClassicInvoker();

  // Tells the controllers to send no more, takes what they have sent, lets all of it finish within
  // `patience`, and sees every acknowledgement and record off. What has not finished by then ends
  // as a whisk error.
  void stop(std::chrono::milliseconds patience);

 private:
  struct Parts;
  explicit ClassicInvoker(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace program
