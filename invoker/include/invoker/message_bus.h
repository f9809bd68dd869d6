// The message bus between controllers and invokers, as an invoker needs it: one topic to read, some
// to write.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace invoker {

// Reads one topic on behalf of one group.
//
// Threads: one at a time, except lag() and wake(), which any thread may call.
// Errors: kUnavailable while the bus is away; the consumer finds its way back by itself, so trying
// again is right and making a new one is not needed. kPermissionDenied, kNotFound (no such topic).
class MessageConsumer {
 public:
  virtual ~MessageConsumer() = default;

  // What has come, in order, at most `count_max`; waits up to `wait` for the first. Empty: nothing
  // came. Only when what it gave last is committed or forgotten.
  virtual base::Result<std::vector<std::string>> peek(std::size_t count_max,
                                                      std::chrono::milliseconds wait) = 0;

  // Says that everything peek() gave is taken over. Until it succeeds, nothing of that may be
  // begun: after a crash it would come a second time. kConflict: it will come again, forget it. Any
  // other error: not known to be taken over, call again. Time: two seconds at most.
  virtual base::Status commit() = 0;

  // Messages that wait in the topic behind what peek() gave. Time: some seconds.
  virtual base::Result<std::int64_t> lag() = 0;

  // Lets the peek() that waits, or else the next one, return early with what it has.
  virtual void wake() = 0;
};

// Threads: any.
class MessageProducer {
 public:
  // kInvalidArgument: larger than the bus takes, do not try again as it is. kUnavailable: not known
  // to have arrived, it may be sent again.
  using Sent = std::function<void(const base::Status&)>;

  virtual ~MessageProducer() = default;

  // Returns at once; `sent` is called once, from a thread of the bus or from this one, and must not
  // block. Where too much waits already it is told so at once (kUnavailable). Two messages
  // for one topic of which the first was `sent` before the second is handed in keep their order.
  virtual void send(const std::string& topic, std::string message, Sent sent) = 0;

  // Waits until everything handed in was `sent`. kDeadlineExceeded: some is still on its way.
  virtual base::Status flush(base::Instant deadline) = 0;
};

// Settings of a topic that is made where it is missing.
struct TopicSpec {
  std::string name;
  int partitions = 1;
  int replication_factor = 1;
  std::map<std::string, std::string> settings;  // "retention.ms": "172800000"
};

class TopicAdmin {
 public:
  virtual ~TopicAdmin() = default;

  // Leaves a topic that is there as it is. Blocks; tries again where that may help. Errors:
  // kUnavailable, kPermissionDenied, kInvalidArgument (a setting the bus does not take).
  virtual base::Status ensure_topic(const TopicSpec& topic) = 0;
};

}  // namespace invoker
