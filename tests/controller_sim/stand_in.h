// A stand-in for an invoker: pings, takes activations from its topic, acknowledges and records them
// as the contract wants it, or breaks the contract in one way. It runs nothing: it knows what each
// action of the simulator returns.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/json.h"
#include "controller_sim/kafka.h"

namespace controller_sim {

enum class Fault {
  kNone,
  kNeverHealthy,  // answers the health test with a system error
  kNoCompletion,  // result, and then nothing
  kCompletionTwice,
  kResultTwice,
  kCompletionFirst,
  kOtherTransid,
  kOtherInstance,
  kForeignAck,  // and an acknowledgement of somebody else's
  kOtherResult,
  kFalseSystemError,
  kUnreadableAck,  // and one without transid
  kResultUnasked,  // a full result for a non-blocking activation
  kAllAtOnce,      // result and completion in one although there are logs
  kTooLate,        // completes when it was given up
  kNoRecord,
  kOtherRecord,
  kNoEvent,
  kEventTwice,
  kOtherEvent,
  kPingPause,
  kPingChange,
};

// When it commits what it took.
enum class Commit { kBefore, kNever };

struct StandInConfig {
  std::string kafka;
  std::string database;        // URL of that of the records
  std::string prefix;          // of topics
  Fault fault = Fault::kNone;  // shown by call 2 and pings
  Commit commit = Commit::kBefore;
  bool skip_waiting = false;   // begins behind what waits in the topic: loses it
  base::milliseconds work{0};  // for each activation
  std::string marks_file;
};

// Threads: its own; the constructor returns when the topic is there. The destructor is a kill -9:
// what it took and did not finish is lost.
class StandIn {
 public:
  explicit StandIn(StandInConfig config);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
  std::jthread work_;
  std::jthread pings_;
};

}  // namespace controller_sim
