// What becomes of one message from the topic of an invoker.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

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
};

// Hands activations to the invoker; refuses those of blocked namespaces; logs and drops what cannot
// be read, because without an activation id there is nobody to tell. A container order of
// OpenWhisk's other scheduler, which comes in a topic of the same name, is named once.
//
// Threads: any.
class MessageReader {
 public:
  explicit MessageReader(MessageReaderOutside outside) : outside_(std::move(outside)) {}

  void read(const std::string& bytes);

  std::uint64_t unreadable() const { return unreadable_; }

 private:
  void drop(const base::Error& why);
  void drop_order();
  void begin(ActivationMessage message);

  const MessageReaderOutside outside_;
  std::atomic<std::uint64_t> unreadable_ = 0;
  std::atomic<bool> order_seen_ = false;
};

}  // namespace invoker
