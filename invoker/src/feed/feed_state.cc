#include "feed_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace invoker {

FeedState::FeedState(const FeedLimits& limits) : limits_(limits) {
  CHECK(limits.peek_max > 0 && limits.begun_max > 0 && limits.depth_max >= limits.peek_max);
}

std::size_t FeedState::begin_fill() {
  CHECK(!filling_);
  // A whole peek must fit, as OpenWhisk has it: many small peeks would be as many commits.
  if (stopped_ || waiting_.size() + limits_.peek_max > limits_.depth_max) return 0;
  filling_ = true;
  return limits_.peek_max;
}

void FeedState::filled(std::vector<std::string> messages) {
  CHECK(filling_);
  filling_ = false;
  std::ranges::move(messages, std::back_inserter(waiting_));
}

std::optional<std::string> FeedState::next() {
  if (stopped_ || waiting_.empty() || begun_ >= limits_.begun_max) return std::nullopt;
  std::string message = std::move(waiting_.front());
  waiting_.pop_front();
  ++begun_;
  return message;
}

void FeedState::processed() {
  CHECK(begun_ > 0);  // somebody says it twice for one message
  --begun_;
}

std::vector<std::string> FeedState::take_rest() {
  CHECK(stopped_);
  std::vector<std::string> rest(std::make_move_iterator(waiting_.begin()),
                                std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  begun_ += rest.size();  // each of them is processed() like the others
  return rest;
}

FeedLimits feed_limits(const FeedNumbers& numbers) {
  CHECK(numbers.memory_bytes_min > 0);
  const std::int64_t containers = numbers.user_memory_bytes / numbers.memory_bytes_min;
  const auto shared = static_cast<std::int64_t>(static_cast<double>(containers) *
                                                numbers.concurrency_max * numbers.peek_factor);
  // A pool in which nothing fits still takes messages, and says of each that it does not fit.
  const auto peek = static_cast<std::size_t>(std::max<std::int64_t>({containers, shared, 1}));
  return {.peek_max = peek, .begun_max = peek, .depth_max = 2 * peek};
}

}  // namespace invoker
