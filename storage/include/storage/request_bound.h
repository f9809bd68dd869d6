// How an ObjectStore keeps to its bound of requests under way. For those who implement one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace storage {

// Stands on the stack of a store's thread while it calls into its user: there nothing may block.
class AnswerScope {
 public:
  AnswerScope();
  ~AnswerScope();
  AnswerScope(const AnswerScope&) = delete;
  AnswerScope& operator=(const AnswerScope&) = delete;

  // Is this thread in one?
  static bool active();

 private:
  bool outer_;
};

// Threads: any method from any thread.
class RequestBound {
 public:
  RequestBound(std::size_t requests_max, std::size_t bytes_max)
      : requests_max_(requests_max), bytes_max_(bytes_max) {}

  // Waits until the request fits; a request inside an answer is let in at once, over the bound: to
  // wait there could be to wait for itself. One that is larger than the bound fits when it is
  // alone.
  void enter(std::size_t bytes);
  void leave(std::size_t bytes);
  // Waits until no request is under way.
  void wait_until_idle();

 private:
  bool fits(std::size_t bytes) const {
    return requests_ == 0 || (requests_ < requests_max_ && bytes_ + bytes <= bytes_max_);
  }

  const std::size_t requests_max_;
  const std::size_t bytes_max_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable left_;
  std::size_t requests_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace storage
