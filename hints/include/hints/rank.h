// Which node suits a call best, by the time that it would take there.
//
// A node that has the files but no container for the action, and one that has the container but not
// the files, are compared by estimated time and by nothing else. What a call reads is a list of
// things that may be there already; files are one kind of them, a loaded model or a near GPU
// another.
//
// Threads: any; pure functions. Time: candidates times needs, and a sort. Errors: none. Whatever
// candidates say of themselves (negative, huge, not a number) is bounded before it counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace hints {

enum class ResidentKind : std::uint8_t { kFiles, kModel, kGpu };
inline constexpr std::size_t kResidentKinds = 3;

// What a call is going to read, as far as one knows.
struct Need {
  ResidentKind kind = ResidentKind::kFiles;
  std::string name;        // for people: "photos/2024"
  std::int64_t bytes = 0;  // all of it, wherever it is
};

struct Call {
  std::int64_t memory_mb = 0;
  std::vector<Need> needs;
  std::string key;             // calls of one key go to one node while it has room; empty: no key
  base::Instant wait_until{};  // how long it may wait for a better node
  std::optional<double> mean_load = {};  // of the whole fleet; absent: of the candidates
};

// One node, as far as one knows. What was true a while ago is still the best estimate.
struct Candidate {
  int node = 0;       // the invoker's instance id
  bool here = false;  // the node that decides: no hand-off, and a call may queue there
  std::int64_t free_memory_mb = 0;  // that a call of ours would be given
  int warm = 0;                     // idle containers of this action
  int busy = 0;       // others of it: where there is no room, the turn may be one of theirs
  int prewarmed = 0;  // idle containers of its kind
  std::vector<std::int64_t> local_bytes;  // of Call::needs, in their order; absent is 0
  double load = 0;                        // memory in use by calls ÷ all memory; over 1: calls wait
  double distance_ms = 0;                 // a round trip to it
  std::optional<double> turn_ms;          // until it has room for one more call, where it has none
};

// What things take on this fleet; the defaults are for who has measured nothing yet.
struct Costs {
  struct Bringing {  // of what is not there
    double start_ms = 0;
    double bytes_per_ms = 1;
  };
  double hand_off_ms = 1;    // to another node, beside its distance
  double warm_ms = 1;        // until /run begins, with a container of the action,
  double prewarmed_ms = 30;  // with one of its kind,
  double cold_ms = 400;      // with none
  double busy_ms = 10;       // what a call takes longer where all memory is in use
  double turn_ms = 50;       // until a full node has room, where it does not say
  std::array<Bringing, kResidentKinds> bringing{Bringing{1, 500'000}, Bringing{5, 500'000},
                                                Bringing{20, 2'000'000}};
};

struct Estimate {
  double hand_off_ms = 0;
  double turn_ms = 0;
  double container_ms = 0;
  double bringing_ms = 0;
  double busy_ms = 0;
  double total_ms() const { return hand_off_ms + turn_ms + container_ms + bringing_ms + busy_ms; }
  bool operator==(const Estimate&) const = default;
};

enum class ContainerState : std::uint8_t { kWarm, kPrewarmed, kCold };
enum class Room : std::uint8_t { kFree, kFull };  // for this call, now

// One candidate, judged.
struct Place {
  int node = 0;
  bool here = false;
  Room room = Room::kFree;
  ContainerState container = ContainerState::kCold;
  bool of_key = false;  // the node that the call's key belongs to now
  std::int64_t bytes_local = 0;
  std::int64_t bytes_remote = 0;
  Estimate estimate;
  bool operator==(const Place&) const = default;
};

enum class Verdict : std::uint8_t { kRun, kWait };

// `order` has every candidate: first those that can take the call, the best in front (a full node
// takes it only where `here`), then the full ones. With kRun the first is the place. With kWait
// `waits_for` is full, and so much better than the first that waiting for it is the shorter way:
// ask again when it has room, at the latest at Call::wait_until, when the verdict is kRun.
struct Ranking {
  Verdict verdict = Verdict::kRun;
  std::vector<Place> order;
  std::optional<Place> waits_for;
};

// `candidates` has each node once and the one that decides among them.
Ranking rank(const Call& call, const std::vector<Candidate>& candidates, const Costs& costs,
             base::Instant now);

// A node of a key is passed over while its load is above both of these: half, and 1.25 times the
// mean.
inline constexpr double kKeyLoadFree = 0.5;
inline constexpr double kKeyLoadBound = 1.25;

// How much `node` is wanted by `key`: the node with the highest weight is the key's. Adding or
// removing a node moves only the keys that it gets or had.
std::uint64_t key_weight(std::string_view key, int node);
// The same for many nodes.
std::uint64_t key_hash(std::string_view key);
std::uint64_t key_weight(std::uint64_t key_hash, int node);
// From what load on a node is passed over by the keys that are its.
double key_load_max(double mean_load);

}  // namespace hints
