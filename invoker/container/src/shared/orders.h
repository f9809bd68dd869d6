// What the factory says to the warden, and what it hears back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace invoker_container {

// The first message: how every sandbox of this warden looks. Its descriptors are kept open as long
// as the warden lives.
struct WardenSetup {
  std::string proxy;                         // path of larder-proxy
  std::vector<std::string> read_only_paths;  // of the host, beside /usr and its kin
  std::vector<std::string> cgroups;          // directories to empty and remove at the end
  std::string state_directory;               // sockets in it are removed at the end
  std::int64_t uid = 0;                      // inner id that actions run as; the group is the same
};

// One sandbox. Its descriptors travel beside it: listening socket, stdout, stderr, status pipe,
// root, then either one `tasks` file for each cgroup (v1) or the cgroup's directory (v2).
struct StartOrder {
  std::uint64_t id = 0;
  std::string hostname;
  std::vector<std::string> arguments;    // of the proxy, without its name
  std::vector<std::string> environment;  // "KEY=value"
  std::int64_t tmp_bytes = 0;
  std::int64_t shm_bytes = 0;
  std::int64_t action_bytes = 0;
  std::int64_t uid_base = 0;  // outer id of the sandbox's id 0
  bool unified_cgroup = false;
};

inline constexpr std::size_t kOrderFds = 5;  // those before the cgroups'

// The answer to an order, with a pidfd where `error` is empty.
struct StartReply {
  std::uint64_t id = 0;
  std::int64_t pid = 0;
  std::string error;
};

std::string encode(const WardenSetup& setup);
std::string encode(const StartOrder& order);
std::string encode(const StartReply& reply);

// Errors: kInvalidArgument when a member is missing or of another type.
base::Result<WardenSetup> decode_setup(const std::string& text);
base::Result<StartOrder> decode_order(const std::string& text);
base::Result<StartReply> decode_reply(const std::string& text);

}  // namespace invoker_container
