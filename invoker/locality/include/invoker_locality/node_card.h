// What an invoker tells the others of itself: its card, and between two cards its pulse.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "hints/rank.h"

namespace invoker_locality {

using std::chrono::milliseconds;

// Bounds of what is told; who has more tells the largest of it.
inline constexpr std::size_t kWarmMax = 512;
inline constexpr std::size_t kPrewarmedMax = 32;
inline constexpr std::size_t kVolumesMax = 256;
inline constexpr std::size_t kPrefixesMax = 1'024;  // of all volumes together
inline constexpr std::size_t kThingsMax = 64;
inline constexpr std::size_t kPathBytesMax = 256;
inline constexpr std::size_t kNameBytesMax = 256;

// One life of an invoker. A process that was started anew has another incarnation; which of two is
// the later one cannot be told from the numbers.
struct NodeLife {
  int instance = 0;
  std::uint64_t incarnation = 0;

  bool operator==(const NodeLife&) const = default;
};

// What changes with every call.
struct NodeNumbers {
  std::int64_t memory_mb = 0;        // of all its calls and containers
  std::int64_t free_memory_mb = 0;   // of it
  std::int64_t guest_memory_mb = 0;  // what it would give a guest now: at most what is free
  double load = 0;                   // memory in use by calls ÷ all memory; over 1: calls wait
  double turn_ms = 0;                // between two moments at which a call makes room; 0: unknown
  bool takes_guests = false;         // false: it stops, or has no listener

  bool operator==(const NodeNumbers&) const = default;
};

struct WarmContainers {
  std::uint64_t action = 0;  // action_hash()
  int idle = 0;

  bool operator==(const WarmContainers&) const = default;
};

struct PrewarmedContainers {
  std::string kind;
  std::int64_t memory_mb = 0;
  int idle = 0;

  bool operator==(const PrewarmedContainers&) const = default;
};

// Bytes of files below a path. A path's bytes are in those of each path above it.
struct PrefixBytes {
  std::string path;          // "" is the volume, "2024" or "2024/07" a directory
  std::int64_t sealed = 0;   // final, and this node has them for good
  std::int64_t cached = 0;   // copies that may go
  std::int64_t writing = 0;  // of files that grow here
  std::int64_t rest = 0;     // of all that: in no directory that is listed, too

  std::int64_t total() const { return sealed + cached + writing; }
  bool operator==(const PrefixBytes&) const = default;
};

struct VolumeBytes {
  std::string volume;                 // "guest/photos"
  std::vector<PrefixBytes> prefixes;  // sorted by path; the first is ""

  bool operator==(const VolumeBytes&) const = default;
};

// Something else that calls need and that is there: a model, a GPU.
struct ResidentThing {
  hints::ResidentKind kind = hints::ResidentKind::kModel;
  std::string name;
  std::int64_t bytes = 0;

  bool operator==(const ResidentThing&) const = default;
};

struct NodeCard {
  NodeLife life;
  std::uint64_t version = 0;  // grows with each card and each pulse of one life
  std::string name;           // "invoker3"
  std::string software;       // "0.4.0"
  std::string address;        // of its listener for hand-offs, and the port; 0: none
  std::uint16_t port = 0;
  milliseconds next_within{5'000};  // it will be heard again in that time, or something is wrong
  NodeNumbers numbers;
  std::vector<WarmContainers> warm;
  std::vector<PrewarmedContainers> prewarmed;
  std::vector<VolumeBytes> volumes;  // sorted by name
  std::vector<ResidentThing> things;

  bool operator==(const NodeCard&) const = default;
};

struct NodePulse {
  NodeLife life;
  std::uint64_t version = 0;
  milliseconds next_within{5'000};
  NodeNumbers numbers;

  bool operator==(const NodePulse&) const = default;
};

// The name of containers that one caller's calls of one action may share, as a number: the pool's
// warm key. Two actions of one number are one action's worth of wrong guesses.
inline std::uint64_t action_hash(std::string_view warm_key) { return hints::key_hash(warm_key); }

}  // namespace invoker_locality
