// What invokers and the daemon of a GPU node say to each other, as bytes. POOL.md tells the whole
// conversation.
//
// Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base_net/introduction.h"
#include "gpu_leases/quote.h"
#include "gpu_leases/terms.h"
#include "gpu_wire/digest.h"

namespace gpu_pool {

using std::chrono::milliseconds;

// The invoker's number for one wish; never used twice on one connection.
using Ticket = std::uint64_t;

inline constexpr std::size_t kImagesMax = 64;

struct Wish {
  std::string activation_id;
  std::string namespace_name;
  std::uint64_t memory_bytes = 0;  // on each GPU; 0: what the daemon gives where nothing is said
  std::uint32_t count = 1;
  gpu_leases::DeviceWish device = gpu_leases::DeviceWish::kAny;
  milliseconds wait{};                     // at most, for a place
  milliseconds lease_for{};                // at most, from the grant on
  std::vector<gpu_wire::Digest> images{};  // that the action has used before
};

// Could you, and how soon?
struct Enquire {
  Ticket ticket = 0;
  Wish wish;
};
struct Quoted {
  Ticket ticket = 0;
  gpu_leases::Quote quote;
};
// Give me.
struct Ask {
  Ticket ticket = 0;
  Wish wish;
};
struct Granted {
  Ticket ticket = 0;
  std::string local;   // endpoint for clients on the same machine
  std::string remote;  // endpoint for the others; "" where there is none
  std::string token;   // to be said to the session; a secret
  std::string device;  // its name
  std::uint64_t memory_bytes = 0;
};
struct Refused {
  Ticket ticket = 0;
  gpu_leases::Refusal reason = gpu_leases::Refusal::kNeverFits;
};
// The activation is over, or nobody wants the place any more. Answered by Ended.
struct Release {
  Ticket ticket = 0;
};

// What a session has done in its life.
struct Usage {
  std::uint64_t requests = 0, calls = 0, launches = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t memory_bytes_peak = 0;
  std::uint64_t connected_ms = 0;

  bool operator==(const Usage&) const = default;
};
enum class EndReason : std::uint8_t { kReleased, kExpired, kLost };
struct Ended {
  Ticket ticket = 0;
  EndReason reason = EndReason::kReleased;
  Usage usage;
};
// Everything that the daemon knows of itself, for people.
struct Describe {
  Ticket ticket = 0;
};
struct Description {
  Ticket ticket = 0;
  std::string json;
};

using Message =
    std::variant<Enquire, Quoted, Ask, Granted, Refused, Release, Ended, Describe, Description>;

base_net::Protocol protocol();

// A frame with its length.
std::string encode(const Message& message);
// Of what follows the length. Errors: kInvalidArgument.
base::Result<Message> decode(std::string_view frame);

}  // namespace gpu_pool
