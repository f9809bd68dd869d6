// Takes messages and keeps them until a test says what became of them.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "standalone/invoke.h"

namespace testing_support {

class FakeInvoke final : public standalone::Invoke {
 public:
  base::Status submit(invoker::ActivationMessage message) override {
    std::function<void(const invoker::ActivationMessage&)> at_once;
    {
      const std::lock_guard lock(mutex_);
      if (failure_.has_value()) return *std::exchange(failure_, std::nullopt);
      messages_.push_back(message);
      at_once = at_once_;
    }
    if (at_once) at_once(message);
    return {};
  }
  void forget(const std::string& action_id) override {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(action_id);
  }
  bool healthy() const override {
    const std::lock_guard lock(mutex_);
    return healthy_;
  }

  void set_healthy(bool healthy) {
    const std::lock_guard lock(mutex_);
    healthy_ = healthy;
  }
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  // Called within every submit() to come.
  void complete_at_once(std::function<void(const invoker::ActivationMessage&)> complete) {
    const std::lock_guard lock(mutex_);
    at_once_ = std::move(complete);
  }
  std::vector<invoker::ActivationMessage> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> forgotten() const {
    const std::lock_guard lock(mutex_);
    return forgotten_;
  }

 private:
  mutable std::mutex mutex_;  // guards everything below
  std::vector<invoker::ActivationMessage> messages_;
  std::vector<std::string> forgotten_;
  std::function<void(const invoker::ActivationMessage&)> at_once_;
  std::optional<base::Error> failure_;
  bool healthy_ = true;
};

}  // namespace testing_support
