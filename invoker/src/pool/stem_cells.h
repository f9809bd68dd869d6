// How many stem cells of which kind are wanted, and when to try again after a failure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "records.h"

namespace invoker {

class StemCells {
 public:
  explicit StemCells(const std::vector<StemCellConfig>& configs);

  // The class whose cells a job of exactly this kind and memory may take; nullptr where there is
  // none.
  StemClass* find(const std::string& kind, std::int64_t memory_bytes);
  std::deque<StemClass>& all() { return classes_; }

  // One more may be started now, if there is room.
  static bool wants_one(const StemClass& stem, base::Instant now);
  static void start_ended(StemClass& stem, bool succeeded, base::Instant now);
  // The first retry after `now`.
  std::optional<base::Instant> next_retry(base::Instant now) const;

 private:
  std::deque<StemClass> classes_;
};

}  // namespace invoker
