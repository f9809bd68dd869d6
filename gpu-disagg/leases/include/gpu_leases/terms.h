// What is asked of a node with GPUs, and what it is told to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace gpu_leases {

using std::chrono::milliseconds;

enum class DeviceKind : std::uint8_t { kCuda, kHost };
enum class DeviceWish : std::uint8_t { kAny, kCuda, kHost };

struct Gpu {
  DeviceKind kind = DeviceKind::kHost;
  std::uint64_t memory_bytes = 0;
};

using GpuIndex = std::size_t;             // position in Config::gpus
enum class LeaseId : std::uint64_t {};    // the caller's, never used twice
enum class SessionId : std::uint64_t {};  // the book's, never used twice

struct Config {
  std::vector<Gpu> gpus{};
  std::size_t idle_sessions = 2;                 // kept started ahead on each GPU
  std::uint64_t session_bytes = 0;               // of device memory that a session takes for itself
  std::uint64_t default_memory_bytes = 1 << 30;  // where a request names none
  std::size_t waiting_max = 1'000;               // requests
  std::size_t waiting_per_namespace_max = 100;
  milliseconds passed_over_max{
      2'000};                       // how long smaller requests may overtake one that does not fit
  milliseconds half_life{300'000};  // of what a namespace has used
  std::map<std::string, double> weights{};  // by namespace, 1 otherwise; larger ones get more
};

struct Request {
  LeaseId id{};
  std::string activation_id{};
  std::string namespace_name{};
  std::uint64_t memory_bytes = 0;  // on each GPU; 0: Config::default_memory_bytes
  std::size_t count = 1;           // GPUs
  DeviceWish device = DeviceWish::kAny;
  base::Instant wait_until{};  // for a place
  milliseconds lease_for{};    // from the grant on; then it ends by itself
};

enum class Refusal : std::uint8_t {
  kNeverFits,  // more GPUs or memory than this node has of that kind
  kFull,       // too many wait
  kTooLate,    // no place until `wait_until`
  kNoSession,  // three session processes in a row ended before they were ready
  kStopping,
};

namespace to_do {
// Start a session process that may use these GPUs; answer with session_ready() or session_gone(),
// and within a bounded time: the book does not watch how long a start takes.
struct StartSession {
  SessionId session;
  std::vector<GpuIndex> gpus;
};
// Kill it; answer with session_gone() when nothing of it is left.
struct EndSession {
  SessionId session;
};
struct Grant {
  LeaseId lease;
  SessionId session;
  std::vector<GpuIndex> gpus;
  std::uint64_t memory_bytes;  // on each of them
};
struct Refuse {
  LeaseId lease;
  Refusal reason;
};
// A granted lease is over although nobody gave it back.
struct Lost {
  LeaseId lease;
  bool expired;  // else its session has ended
};
}  // namespace to_do

using Command =
    std::variant<to_do::StartSession, to_do::EndSession, to_do::Grant, to_do::Refuse, to_do::Lost>;
using Commands = std::vector<Command>;

}  // namespace gpu_leases
