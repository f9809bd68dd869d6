#include "call_rhythm.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace invoker {

namespace {

using Nanoseconds = std::chrono::duration<double, std::nano>;

// Calls at the same time say no more than that they are close together.
constexpr Nanoseconds kShortest = std::chrono::milliseconds(1);
// How much the newest interval counts. The mean is a geometric one: calls that come in bursts then
// have the rhythm of a burst rather than that of the pauses between two.
constexpr double kWeight = 0.25;

}  // namespace

std::optional<base::Instant::duration> CallRhythm::note(const std::string& key, base::Instant now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    rhythms_.push_front({key, now, std::nullopt});
    by_key_.emplace(rhythms_.front().key, rhythms_.begin());
    if (rhythms_.size() > keys_max_) {
      by_key_.erase(rhythms_.back().key);
      rhythms_.pop_back();
    }
    return std::nullopt;
  }
  Rhythm& rhythm = *found->second;
  const double newest = std::log2(std::max(kShortest, Nanoseconds(now - rhythm.last_call)).count());
  const double mean = rhythm.log2_interval.value_or(newest);
  rhythm.log2_interval = mean + kWeight * (newest - mean);
  rhythm.last_call = now;
  rhythms_.splice(rhythms_.begin(), rhythms_, found->second);
  return std::chrono::duration_cast<base::Instant::duration>(
      Nanoseconds(std::exp2(*rhythm.log2_interval)));
}

}  // namespace invoker
