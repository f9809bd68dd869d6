// What this node holds of volumes, told by the records of what ran here.
//
// What an activation wrote stays where it ran, and what it brought stays for a while as a copy. The
// storage of the node is not asked: nobody says here when a copy went or a file was removed, so
// what was not used again counts half after each half-life.
//
// Threads: one at a time. Memory: volumes_max names. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "invoker_locality/node_card.h"

namespace invoker_locality {

struct VolumeUse {
  std::string volume;  // "guest/photos"
  std::int64_t read_local = 0;
  std::int64_t brought = 0;
  std::int64_t written = 0;  // and stays after the activation

  bool operator==(const VolumeUse&) const = default;
};

struct ResidencyConfig {
  std::size_t volumes_max = kVolumesMax;  // the smallest is forgotten
  std::chrono::milliseconds half_life{1'800'000};
  std::int64_t bytes_min = 64 << 10;  // less is not told
};

class OwnResidency {
 public:
  explicit OwnResidency(ResidencyConfig config = {}) : config_(config) {}

  void ran(const VolumeUse& use, base::Instant now);
  // Sorted by name, as a card has them.
  std::vector<VolumeBytes> volumes(base::Instant now) const;

 private:
  struct Held {
    double written = 0, brought = 0;
    base::Instant at{};
  };
  void age(Held& held, base::Instant now) const;

  const ResidencyConfig config_;
  std::unordered_map<std::string, Held> held_;
};

// From the annotation `volumes` of a record. What is not in it as it should be is passed over.
std::vector<VolumeUse> uses_of(const base::Json& volumes, const std::string& namespace_name);

}  // namespace invoker_locality
