// A bus that keeps what is sent, at once or when it is told to.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "invoker/message_bus.h"

namespace testing_support {

// Threads: any; `sent` is called by whoever sends, or settles.
class FakeProducer final : public invoker::MessageProducer {
 public:
  struct Message {
    std::string topic;
    std::string text;
  };

  // From now on messages wait for settle().
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  // The messages not yet counted as sent, oldest first, are refused with this.
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(error));
  }
  // Sends the oldest that waits.
  void settle() {
    std::unique_lock lock(mutex_);
    auto [message, sent] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    finish(std::move(message), sent);
  }

  void send(const std::string& topic, std::string text, Sent sent) override {
    Message message{topic, std::move(text)};
    {
      const std::lock_guard lock(mutex_);
      if (holding_) {
        waiting_.emplace_back(std::move(message), std::move(sent));
        return;
      }
    }
    finish(std::move(message), sent);
  }
  base::Status flush(base::Instant) override { return {}; }

  std::vector<Message> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  void finish(Message message, const Sent& sent) {
    base::Status status;
    {
      const std::lock_guard lock(mutex_);
      if (failures_.empty()) {
        sent_.push_back(std::move(message));
      } else {
        status = std::move(failures_.front());
        failures_.pop_front();
      }
    }
    if (sent) sent(status);
  }

  mutable std::mutex mutex_;  // guards everything below
  std::vector<Message> sent_;
  std::deque<std::pair<Message, Sent>> waiting_;
  std::deque<base::Error> failures_;
  bool holding_ = false;
};

}  // namespace testing_support
