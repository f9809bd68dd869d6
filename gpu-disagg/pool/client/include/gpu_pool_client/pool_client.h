// GPUs for activations, from whichever daemon of a pool is best.
//
// It is connected to all of them all the time, and connects again when one comes back. All are
// asked what they could do; the best is asked for the lease, and the next when it says no.
//
// Threads: any method from any thread. Time: acquire() waits up to Wish::wait and a moment for the
// answers; release() up to a second. Errors: of acquire(): kUnsupported when no daemon could ever
// give it, kNoSpace when too many wait, kDeadlineExceeded when the time is up, kUnavailable when no
// daemon can be reached; each with a sentence.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base_net/identity.h"
#include "base_net/sockets.h"
#include "gpu_pool/message.h"

namespace gpu_pool_client {

struct DaemonAddress {
  std::string node;  // its name, which it must prove
  base_net::Address address;
};

struct Options {
  std::string self;  // 1 to 64 of letters, digits, '.', '_' and '-'
  base_net::Trust trust;
  std::vector<DaemonAddress> daemons;
};

// Held until it is released; its end is not told otherwise.
struct Lease {
  std::size_t daemon = 0;  // position in Options::daemons
  gpu_pool::Ticket ticket = 0;
  std::string node;
  gpu_pool::Granted granted;
};

struct DaemonState {
  std::string node;
  base::Result<std::string> description;  // JSON
};

class PoolClient {
 public:
  virtual ~PoolClient() = default;

  virtual base::Result<Lease> acquire(const gpu_pool::Wish& wish) = 0;
  // How it ended and what was done with it. Errors: kUnavailable when its daemon cannot be reached;
  // the lease has ended with the connection.
  virtual base::Result<gpu_pool::Ended> release(const Lease& lease) = 0;
  virtual std::vector<DaemonState> describe() = 0;

  // Errors: kInvalidArgument for a trust that makes no sense.
  static base::Result<std::unique_ptr<PoolClient>> start(Options options, const base::Logger& log);
};

}  // namespace gpu_pool_client
