// The daemon of a GPU node: gives leases to invokers, and has a session process for each.
//
// An invoker's leases end with its connection: it would not be there to give them back. Nobody who
// cannot prove the pool's key, or has no certificate of it, is answered.
//
// Threads: start() and the destructor by one; one thread of its own does everything else. Time: the
// destructor waits for session processes that it kills.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base_net/identity.h"
#include "base_net/sockets.h"
#include "gpu_leases/lease_book.h"
#include "gpu_pool/session_processes.h"

namespace gpu_pool {

struct DaemonOptions {
  std::string node;  // 1 to 64 of letters, digits, '.', '_' and '-'
  base_net::Trust trust;
  base_net::Address listen;
  gpu_leases::Config leases;
  SessionProcessOptions sessions;
  std::filesystem::path images;  // the folder of FolderImages; "": none
  std::size_t clients_max = 256;
};

class Daemon {
 public:
  virtual ~Daemon() = default;
  virtual std::uint16_t port() const = 0;

  // Errors: kInvalidArgument for options that make no sense, kUnavailable where the address is
  // taken.
  static base::Result<std::unique_ptr<Daemon>> start(DaemonOptions options,
                                                     const base::Clock& clock,
                                                     const base::Logger& log);
};

}  // namespace gpu_pool
