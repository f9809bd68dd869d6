#include "record_queue.h"

#include <algorithm>
#include <iterator>

namespace standalone {

bool RecordQueue::push(WaitingRecord&& waiting) {
  std::unique_lock lock(mutex_);
  not_full_.wait(lock, [this] { return closed_ || records_.size() < size_max_; });
  if (closed_) return false;
  const bool wake = records_.empty();
  records_.push_back(std::move(waiting));
  lock.unlock();
  if (wake) not_empty_.notify_one();
  return true;
}

std::vector<WaitingRecord> RecordQueue::take(std::size_t count_max) {
  std::unique_lock lock(mutex_);
  not_empty_.wait(lock, [this] { return closed_ || !records_.empty(); });
  const auto count = static_cast<std::ptrdiff_t>(std::min(count_max, records_.size()));
  std::vector<WaitingRecord> taken(std::make_move_iterator(records_.begin()),
                                   std::make_move_iterator(records_.begin() + count));
  records_.erase(records_.begin(), records_.begin() + count);
  lock.unlock();
  not_full_.notify_all();
  return taken;
}

void RecordQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  not_empty_.notify_all();
  not_full_.notify_all();
}

}  // namespace standalone
