// Records that wait in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace invoker_couchdb {

// Documents in order, and how many bytes they are; those that are being written count until they
// are done with. Threads: one at a time.
class RecordQueue {
 public:
  explicit RecordQueue(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

  // A queue without records has room for any.
  bool has_room(const std::string& document) const {
    return bytes_ == 0 || bytes_ + static_cast<std::int64_t>(document.size()) <= bytes_max_;
  }
  void push(std::string document);

  // The oldest, at least one where there is one. They count until release().
  std::vector<std::string> take(std::size_t count_max, std::int64_t bytes_max);
  void release(const std::vector<std::string>& taken);
  void put_back(std::vector<std::string> taken);

  bool empty() const { return documents_.empty(); }
  std::size_t size() const { return documents_.size(); }

 private:
  const std::int64_t bytes_max_;
  std::deque<std::string> documents_;
  std::int64_t bytes_ = 0;
};

}  // namespace invoker_couchdb
