// A topic in memory, with every error that the interface names.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "invoker/message_bus.h"

namespace testing_support {

// Threads: any for what the tests call; the interface's own otherwise.
class FakeConsumer final : public invoker::MessageConsumer {
 public:
  void put(std::string message) {
    const std::lock_guard lock(mutex_);
    topic_.push_back(std::move(message));
    changed_.notify_all();
  }
  // The next so many calls answer with the error, one each.
  void fail_peeks(base::Error error, int count) { fail(peek_errors_, std::move(error), count); }
  // kConflict: the batch comes again.
  void fail_commits(base::Error error, int count) { fail(commit_errors_, std::move(error), count); }

  base::Result<std::vector<std::string>> peek(std::size_t count_max,
                                              std::chrono::milliseconds wait) override {
    std::unique_lock lock(mutex_);
    ++peeks_;
    if (peeked_ > committed_)
      return base::Error{base::ErrorCode::kInternal, "peeked before the commit"};
    if (auto error = pop(peek_errors_)) return *error;
    changed_.wait_for(lock, wait, [&] { return woken_ || topic_.size() > committed_; });
    woken_ = false;
    const std::size_t end = std::min(topic_.size(), committed_ + count_max);
    peeked_ = end;
    return std::vector<std::string>(topic_.begin() + static_cast<std::ptrdiff_t>(committed_),
                                    topic_.begin() + static_cast<std::ptrdiff_t>(end));
  }
  base::Status commit() override {
    const std::lock_guard lock(mutex_);
    ++commits_;
    changed_.notify_all();
    if (auto error = pop(commit_errors_)) {
      if (error->code == base::ErrorCode::kConflict) peeked_ = committed_;
      return *error;
    }
    committed_ = peeked_;
    return {};
  }
  base::Result<std::int64_t> lag() override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(topic_.size() - std::max(peeked_, committed_));
  }
  void wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  std::size_t committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }
  int peeks() const {
    const std::lock_guard lock(mutex_);
    return peeks_;
  }
  void wait_for_commits(int count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return commits_ >= count; });
  }

 private:
  void fail(std::deque<base::Error>& errors, base::Error error, int count) {
    const std::lock_guard lock(mutex_);
    errors.insert(errors.end(), static_cast<std::size_t>(count), error);
  }
  static std::optional<base::Error> pop(std::deque<base::Error>& errors) {
    if (errors.empty()) return std::nullopt;
    base::Error error = std::move(errors.front());
    errors.pop_front();
    return error;
  }

  mutable std::mutex mutex_;  // guards everything below
  mutable std::condition_variable changed_;
  std::vector<std::string> topic_;
  std::size_t committed_ = 0;
  std::size_t peeked_ = 0;
  int peeks_ = 0;
  int commits_ = 0;
  bool woken_ = false;
  std::deque<base::Error> peek_errors_;
  std::deque<base::Error> commit_errors_;
};

}  // namespace testing_support
