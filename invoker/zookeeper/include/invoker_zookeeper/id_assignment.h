// The number of an invoker, from the name that its deployment gave it. Kept in ZooKeeper, where
// OpenWhisk's own invoker keeps it too.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace invoker_zookeeper {

struct IdRequest {
  std::string hosts;                              // ZOOKEEPER_HOSTS: "host:port,host:port/root"
  std::string unique_name;                        // --uniqueName
  std::optional<std::int32_t> overwrite_id = {};  // --overwriteId
  std::chrono::milliseconds time{60'000};         // to wait for ZooKeeper
};

// The id that the name has; a new one where it has none; `overwrite_id`, taken from whoever has it,
// where that is given. Two that ask at once for different names get different ids.
//
// Time: `time` and some seconds more at most. The connection is closed when it returns.
// Errors: kInvalidArgument (hosts, the name, an id that would leave a gap), kUnavailable,
// kDataLoss (what stands in ZooKeeper is no id), kPermissionDenied.
base::Result<std::int32_t> assign_id(const IdRequest& request);

}  // namespace invoker_zookeeper
