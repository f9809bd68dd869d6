// How long it usually is from one call of a key to its next one, remembered beyond the life of the
// key's containers.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace invoker {

// Of at most `keys_max` keys; those that were not called for the longest time are forgotten.
class CallRhythm {
 public:
  explicit CallRhythm(std::size_t keys_max) : keys_max_(keys_max) {}

  // `key` is called now. The usual interval between its calls; nothing where no earlier call is
  // remembered.
  std::optional<base::Instant::duration> note(const std::string& key, base::Instant now);

  std::size_t size() const { return rhythms_.size(); }

 private:
  struct Rhythm {
    std::string key;
    base::Instant last_call;
    std::optional<double> log2_interval;  // the mean, in nanoseconds
  };

  std::size_t keys_max_;
  std::list<Rhythm> rhythms_;  // most recently called first
  std::unordered_map<std::string_view, std::list<Rhythm>::iterator> by_key_;
};

}  // namespace invoker
