// OpenWhisk's REST API: requests in, answers out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/timer.h"
#include "invoker/activation.h"
#include "invoker/message.h"
#include "standalone/action_library.h"
#include "standalone/activation_store.h"
#include "standalone/entity_store.h"
#include "standalone/http.h"
#include "standalone/ids.h"
#include "standalone/invoke.h"
#include "standalone/limits.h"
#include "standalone/runtimes.h"
#include "standalone/users.h"
#include "standalone/work_pool.h"

namespace standalone {

class Plane;  // the inside

struct ControlPlaneConfig {
  ServiceLimits limits;
  Runtimes runtimes;
  Users users;
  std::string build = "unknown";  // "build" and "buildno" of GET /api/v1
  std::string build_number = "standalone";
  std::function<std::string()> metrics;  // text of GET /metrics; none: only our own counters
};

// What the control plane needs of the world. All outlive it.
struct ControlPlaneOutside {
  EntityStore& entities;
  ActivationStore& activations;
  ActionLibrary& actions;
  Invoke& invoker;
  base::Timer& timer;
  IdSource& ids;
  const base::Clock& clock;
};

// Threads: any method from any thread. Ownership: every accepted activation must have completed
// before this is destroyed.
class ControlPlane {
 public:
  ControlPlane(ControlPlaneConfig config, const ControlPlaneOutside& outside);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Answers through `responder`, at once or, for a blocking invocation, when its record is stored
  // or the wait is over. Time: blocks on the stores, unless is_quick().
  void handle(Request request, Responder responder);

  // Whether handle() would not block: to be run on the server's own threads.
  bool is_quick(const Request& request) const;

  // The end of an activation that was submitted to Invoke. Time: blocks while the activation store
  // is behind; the waiting client is answered from the store's thread.
  void completed(const invoker::ActivationMessage& message, const invoker::Activation& activation);

  struct Stats {
    std::uint64_t requests = 0;
    std::uint64_t invocations = 0;
    std::uint64_t completions = 0;
    std::uint64_t records_lost = 0;  // completed, but the store refused them
    std::size_t waiting = 0;         // clients of blocking invocations
  };
  Stats stats() const;

 private:
  std::unique_ptr<Plane> plane_;
};

// Quick requests on the caller's thread, the others on `pool`; 503 when that is full. Both outlive
// the handler.
HttpHandler handler_of(ControlPlane& plane, WorkPool& pool);

}  // namespace standalone
