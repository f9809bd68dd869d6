// The control groups of a container that a daemon made, where this process sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace invoker_docker {

// Threads: one at a time.
class Freezer {
 public:
  // The groups of process `pid`, which is the first one of container `id`.
  // Errors: kUnsupported where they are not seen here or cannot be frozen.
  static base::Result<Freezer> find(int pid, const std::string& id);

  // Time: up to a second. Errors: kUnavailable when some process did not stop.
  base::Status freeze() const { return change(true); }
  base::Status thaw() const { return change(false); }

  // How many processes of it the kernel has killed for want of memory; nothing when the group is
  // gone.
  std::optional<std::int64_t> oom_kills() const;

 private:
  base::Status change(bool frozen) const;

  bool unified_ = false;
  std::string freezer_;  // a folder
  std::string memory_;   // the file that counts the kills
};

}  // namespace invoker_docker
