// From which node the rest of a file is asked, and when to stop asking.
//
// Deciding code: by one thread at a time; the time is handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "storage_ephemeral/file_state.h"

namespace storage_ephemeral {

struct FetchStep {
  enum class Kind : std::uint8_t {
    kAsk,     // `node`
    kWait,    // until `when`, then ask again what to do
    kGiveUp,  // nobody is left
  } kind = Kind::kGiveUp;
  NodeName node{};
  base::Instant when{};

  bool operator==(const FetchStep&) const = default;
};

class FetchPlan {
 public:
  FetchPlan(base::Instant now, std::chrono::milliseconds patience)
      : patience_(patience), progress_(now) {}

  // What to do, where `sources` may have the file: the node that writes it, and complete holders.
  FetchStep next(base::Instant now, const std::vector<NodeName>& sources);
  // It did not answer, or stopped in the middle.
  void lost(const NodeName& node, base::Instant now);
  // It says that it does not have the file.
  void refused(const NodeName& node) { refused_[node] = true; }
  // So long nobody was asked, for reasons of this node: that is no sign of anybody's silence.
  void held_up(base::Instant::duration time) { progress_ += time; }
  // It sent something: patience begins anew.
  void progressed(const NodeName& node, base::Instant now);

 private:
  struct Trouble {
    std::uint32_t failures = 0;
    base::Instant again{};
  };

  std::chrono::milliseconds patience_;
  base::Instant progress_;
  std::map<NodeName, Trouble> troubled_;
  std::map<NodeName, bool> refused_;
};

}  // namespace storage_ephemeral
