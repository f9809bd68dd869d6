// What the last runs of an action read, for actions that do not say it.
//
// Threads: one at a time. Memory: actions_max times volumes_max names. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace invoker_locality {

struct VolumeRead {
  std::string volume;  // "guest/photos"
  std::int64_t bytes = 0;

  bool operator==(const VolumeRead&) const = default;
};

struct HistoryConfig {
  std::size_t actions_max = 4'096;               // the least recently run is forgotten
  std::size_t volumes_max = 8;                   // of one action
  double weight = 0.3;                           // of the last run
  std::chrono::milliseconds half_life{600'000};  // of what was not run again
  std::int64_t bytes_min = 64 << 10;             // less is no reason to go anywhere
};

class ReadHistory {
 public:
  explicit ReadHistory(HistoryConfig config = {}) : config_(config) {}

  // A run of `action` (a name that stays over its versions) has read that.
  void ran(const std::string& action, const std::vector<VolumeRead>& reads, base::Instant now);
  // What the next run will read.
  std::vector<VolumeRead> expected(const std::string& action, base::Instant now) const;

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string action;
    std::vector<VolumeRead> reads;
    base::Instant at{};
  };
  using Entries = std::list<Entry>;  // the most recently run first

  const HistoryConfig config_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> at_;
};

// From the annotation `volumes` of a record. What is not in it as it should be is passed over.
std::vector<VolumeRead> reads_of(const base::Json& volumes, const std::string& namespace_name);

}  // namespace invoker_locality
