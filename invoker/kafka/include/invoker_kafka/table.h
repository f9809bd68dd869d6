// A topic as a table: of each key its last value counts (the topic is compacted). Everybody reads
// all of it, from the beginning, and nothing is committed anywhere.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace invoker_kafka {

struct Row {
  std::string key;
  std::optional<std::string> value;  // nothing: it was removed
  bool past = false;                 // it was there before the table was opened
};

class Table {
 public:
  virtual ~Table() = default;

  // Threads: any. Returns at once. What the bus does not take is lost: who puts again and again
  // loses nothing by it. No value: the key is removed.
  virtual void put(const std::string& key, const std::optional<std::string>& value) = 0;
  // Threads: any. Waits until all that was put has arrived; false when `deadline` came first.
  virtual bool flush(base::Instant deadline) = 0;

  // Threads: one. What was put by anybody since the last call, in order, at most `count_max` of it;
  // waits up to `wait` for the first. Errors: kUnavailable while the bus is away; it finds its way
  // back by itself.
  virtual base::Result<std::vector<Row>> read(std::size_t count_max,
                                              std::chrono::milliseconds wait) = 0;
};

}  // namespace invoker_kafka
