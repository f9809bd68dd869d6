#include "record_queue.h"

#include <iterator>
#include <utility>

namespace invoker_couchdb {

void RecordQueue::push(std::string document) {
  bytes_ += static_cast<std::int64_t>(document.size());
  documents_.push_back(std::move(document));
}

std::vector<std::string> RecordQueue::take(std::size_t count_max, std::int64_t bytes_max) {
  std::vector<std::string> taken;
  std::int64_t bytes = 0;
  while (!documents_.empty() && taken.size() < count_max) {
    bytes += static_cast<std::int64_t>(documents_.front().size());
    if (!taken.empty() && bytes > bytes_max) break;
    taken.push_back(std::move(documents_.front()));
    documents_.pop_front();
  }
  return taken;
}

void RecordQueue::release(const std::vector<std::string>& taken) {
  for (const std::string& document : taken) bytes_ -= static_cast<std::int64_t>(document.size());
}

void RecordQueue::put_back(std::vector<std::string> taken) {
  documents_.insert(documents_.begin(), std::make_move_iterator(taken.begin()),
                    std::make_move_iterator(taken.end()));
}

}  // namespace invoker_couchdb
