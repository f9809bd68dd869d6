// Between the daemon and one of its session processes: packets over a socket pair.
//
//   daemon  → session   Lease  once: who may enter, and what he may have
//   session → daemon    Ready  once: the device is there, a client could connect
//   daemon  → session   End    say what you have done, and exit
//   session → daemon    Done   last of all
//
// The end of the channel is the end of the session, whichever side it comes from.
//
// Threads: any. Errors: kUnavailable when the other end is gone, kInvalidArgument for a packet that
// nobody can read.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gpu_pool/message.h"

namespace gpu_pool::session_channel {

struct Ready {
  std::string device;  // its name
};
struct Lease {
  std::string token;
  std::uint64_t memory_bytes = 0;
};
struct End {};
struct Done {
  Usage usage;
};

using Packet = std::variant<Ready, Lease, End, Done>;

std::string encode(const Packet& packet);
base::Result<Packet> decode(std::string_view bytes);

struct Pair {
  base::UniqueFd daemon, session;
};
base::Result<Pair> open();

base::Status send(int channel, const Packet& packet);
// Waits for one, unless the descriptor is non-blocking: then nothing when there is none yet.
base::Result<std::optional<Packet>> receive(int channel);

// The descriptors that a session process begins with.
inline constexpr int kChannelFd = 3;
inline constexpr int kUnixListenerFd = 4;
inline constexpr int kTcpListenerFd = 5;  // where there is one

}  // namespace gpu_pool::session_channel
