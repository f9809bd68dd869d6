// What becomes of one message from the topic of an invoker.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"
#include "base/log.h"
#include "invoker/acknowledger.h"
#include "invoker/invoker.h"

namespace invoker {

// All outlive the reader.
struct MessageReaderOutside {
  Invoker& invoker;
  Acknowledger& acknowledger;
  // Whether a namespace may not invoke anything. Answers at once.
  std::function<bool(std::string_view namespace_name)> is_blocked;
  // A message that leads to no activation is done with.
  std::function<void()> processed;
  const base::Clock& clock;
  base::Logger& log;
  bool keeps_bytes = false;  // of messages that another invoker may have to read
};

// Hands activations to the invoker; refuses those of blocked namespaces; logs and drops what cannot
// be read, because without an activation id there is nobody to tell. A container order of
// OpenWhisk's other scheduler, which comes in a topic of the same name, is named once. An
// activation whose id was among the last ones is dropped too: whoever sent it twice, it runs once.
//
// Threads: any.
class MessageReader {
 public:
  explicit MessageReader(MessageReaderOutside outside) : outside_(std::move(outside)) {}

  void read(const std::string& bytes);

  std::uint64_t unreadable() const { return unreadable_; }
  std::uint64_t repeated() const { return repeated_; }

  // How many ids are remembered: more than may wait and run here at once.
  static constexpr std::size_t kRememberedMax = 32'768;

 private:
  void drop(const base::Error& why);
  void drop_order();
  void begin(ActivationMessage message);
  bool is_known(const std::string& id);

  const MessageReaderOutside outside_;
  std::atomic<std::uint64_t> unreadable_ = 0;
  std::atomic<bool> order_seen_ = false;
  std::atomic<std::uint64_t> repeated_ = 0;
  std::mutex mutex_;                          // guards what follows
  std::deque<std::string> ids_;               // the oldest first
  std::unordered_set<std::string_view> set_;  // of those
};

}  // namespace invoker
