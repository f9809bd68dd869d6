// OpenWhisk's log markers: a line for each step of an activation, which operators grep and count.
//
//   [TIME] [INFO] [#tid_ID] [Invoker] TEXT [marker:COMPONENT_ACTION_STATE:MS[:MS]]
//
// The first number is the time since the transaction began, the second since the step did. Source:
// docs/metrics.md and LogMarkerToken of Apache OpenWhisk.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "invoker/message.h"

namespace invoker {

// Of one activation. Log and clock outlive it. Threads: any.
class Markers {
 public:
  // `log` speaks in the transaction's name. Where markers are not wanted nothing is written.
  Markers(bool wanted, const base::Logger& log, const base::Clock& clock,
          const TransactionId& transaction)
      : wanted_(wanted), log_(log), clock_(clock), start_ms_(transaction.start_ms) {}

  // Something happened: `marker` is the whole name, "invoker_containerStart.cold_counter".
  void mark(std::string_view marker, std::string_view text) const;
  // A step, "invoker_activationRun", begins, and ends after `took`.
  void started(std::string_view step, std::string_view text) const;
  void finished(std::string_view step, std::string_view text, std::chrono::microseconds took) const;
  void failed(std::string_view step, std::string_view text, std::chrono::microseconds took) const;

 private:
  void write(base::LogLevel level, std::string_view marker, std::string_view text,
             std::string_view times) const;

  const bool wanted_;
  const base::Logger& log_;
  const base::Clock& clock_;
  const std::int64_t start_ms_;
};

}  // namespace invoker
