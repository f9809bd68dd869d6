// Where an activation should run: here, at a peer, or where one waits a little for.
//
// Threads: one at a time; const methods from any. Time of decide(): bounded by the bounds below,
// whatever the number of nodes, but for a key, which looks at each node once. Errors: none.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "hints/hints.h"
#include "hints/rank.h"
#include "invoker_locality/fleet_view.h"
#include "invoker_locality/read_history.h"

namespace invoker_locality {

struct PlacementConfig {
  int own_instance = 0;
  hints::Costs costs;            // where nothing was measured yet
  double gain_ms_min = 2;        // a peer must be better by so much: estimates are not exact
  std::size_t holders_max = 24;  // looked at for each need
  std::size_t warm_max = 12;     // nodes with a warm container
  std::size_t random_max = 2;    // others
  std::size_t key_max = 3;
  double weak_share = 0.25;  // of a volume that is attached and of which no reads are known
  std::int64_t weak_bytes_max = 64 << 20;
  std::size_t kinds_max = 64;             // of runtimes whose costs are kept
  std::chrono::milliseconds look_min{2};  // between two looks of who waits
  std::chrono::milliseconds look_max{20};
};

// An activation whose action is known.
struct Ask {
  std::string activation_id;
  std::string namespace_name;     // of who invokes
  std::string action;             // "guest/hello": the name in the history
  std::uint64_t warm_action = 0;  // action_hash()
  std::string kind;               // of the runtime
  std::int64_t memory_mb = 0;
  const hints::Hints* hints = nullptr;  // not null
  const base::Json* content = nullptr;  // its parameters; null: none
  base::Instant accepted{};
  bool may_move = true;  // false: a health test, or it has been moved before
};

// This node, now.
struct OwnState {
  std::int64_t free_memory_mb = 0;
  int warm = 0;       // idle containers of the action
  int busy = 0;       // others of it, which may be its turn's
  int prewarmed = 0;  // idle containers of its kind
  double load = 0;
  double turn_ms = 0;                                 // 0: unknown
  const std::vector<VolumeBytes>* volumes = nullptr;  // that it holds, sorted; null: none
  const std::vector<ResidentThing>* things = nullptr;
};

enum class Where : std::uint8_t { kHere, kPeer, kWait };

struct Decision {
  Where where = Where::kHere;
  // kPeer: whom to offer it to, the best first. kWait: whom it waits for, and `again_at` it is
  // offered there whatever is known by then; none where it waits for room here. If nobody takes it,
  // decide again: with kPeer, that it runs here is settled.
  std::vector<int> peers;
  base::Instant again_at{};    // kWait
  base::Instant wait_until{};  // kWait
  bool has_reasons = false;    // false: nothing is known that it needs; what follows is empty then
  hints::Call call;
  std::vector<hints::Candidate> candidates;
  hints::Ranking ranking;
};

class Placement {
 public:
  explicit Placement(const PlacementConfig& config) : config_(config) {}

  Decision decide(const Ask& ask, const OwnState& own, const FleetView& view,
                  base::Instant now) const;

  // --- What was learnt ---
  void ran(const std::string& action, const std::vector<VolumeRead>& reads, base::Instant now) {
    history_.ran(action, reads, now);
  }
  // It took so long from the decision until /run could begin in a container of this kind.
  void measured_start(const std::string& kind, hints::ContainerState state, double ms);
  // An offer to a peer, until it was accepted.
  void measured_hand_off(double ms);
  // Bytes that came from another node or the store, and how long they took.
  void measured_bringing(hints::ResidentKind kind, std::int64_t bytes, double ms);

  hints::Costs costs(const std::string& kind) const;

 private:
  struct Starts {
    double warm_ms, prewarmed_ms, cold_ms;
  };
  struct Found;  // what a call needs, and where it is

  Starts& starts(const std::string& kind);
  Found needs_of(const Ask& ask, const FleetView& view, base::Instant now,
                 const OwnState& own) const;
  hints::Call call_of(const Ask& ask, const Found& found, const FleetView& view) const;
  std::vector<hints::Candidate> candidates_of(const Ask& ask, const Found& found,
                                              const OwnState& own, const FleetView& view,
                                              base::Instant now, const hints::Call& call) const;
  void wait(Decision& decision, base::Instant now) const;
  void choose(Decision& decision) const;
  std::vector<int> nodes_of(const Ask& ask, const Found& found, const OwnState& own,
                            const FleetView& view, base::Instant now) const;

  const PlacementConfig config_;
  ReadHistory history_;
  std::map<std::string, Starts> starts_;
  double hand_off_ms_ = 0;  // 0: not measured
  std::array<double, hints::kResidentKinds> bytes_per_ms_{};
};

// "photos/{album}/**" with the parameters of the call: {album} is a string, a number or a boolean
// of `content`. The part that is known: without what comes after a parameter that is not there, or
// a
// `*`. "photos/2024", or "" where nothing is known.
std::string known_part(std::string_view pattern, const base::Json* content);
// A key with its parameters; "" where one is missing.
std::string filled_key(std::string_view key, const base::Json* content);

}  // namespace invoker_locality
