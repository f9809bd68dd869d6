#include "storage/request_bound.h"

#include <utility>

namespace storage {
namespace {

thread_local bool in_answer = false;

}  // namespace

AnswerScope::AnswerScope() : outer_(std::exchange(in_answer, true)) {}
AnswerScope::~AnswerScope() { in_answer = outer_; }
bool AnswerScope::active() { return in_answer; }

void RequestBound::enter(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  if (!AnswerScope::active()) left_.wait(lock, [&] { return fits(bytes); });
  ++requests_;
  bytes_ += bytes;
}

void RequestBound::leave(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  --requests_;
  bytes_ -= bytes;
  // Under the lock: who waits for the last one may free this object.
  left_.notify_all();
}

void RequestBound::wait_until_idle() {
  std::unique_lock lock(mutex_);
  left_.wait(lock, [&] { return requests_ == 0; });
}

}  // namespace storage
