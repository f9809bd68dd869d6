#include "gpu_pool/session_processes.h"

#include <utility>

#include "session_process.h"

namespace gpu_pool {

using gpu_leases::SessionId;

SessionProcesses::SessionProcesses(base_net::EventLoop& loop, SessionProcessOptions options,
                                   SessionObserver& observer, const base::Logger& log)
    : loop_(loop),
      options_(std::move(options)),
      observer_(observer),
      log_(log),
      self_(std::make_shared<SessionProcesses*>(this)) {}

SessionProcesses::~SessionProcesses() { *self_ = nullptr; }

base::Result<std::unique_ptr<SessionProcess>> SessionProcesses::make(
    SessionId session, const std::vector<gpu_leases::GpuIndex>& gpus) {
  TRY(auto parts, start_process(session, options_, options_.command(gpus)));
  return std::make_unique<SessionProcess>(*this, std::move(parts));
}

void SessionProcesses::start(SessionId session, const std::vector<gpu_leases::GpuIndex>& gpus) {
  auto process = make(session, gpus);
  if (process.ok()) {
    processes_[session] = std::move(*process);
    return;
  }
  log_.error("Sessions", process.error().message);
  loop_.post([self = self_, session] {
    if (*self != nullptr) (*self)->observer_.session_gone(session, {});
  });
}

void SessionProcesses::lease(SessionId session, const session_channel::Lease& lease) {
  if (const auto found = processes_.find(session); found != processes_.end()) {
    found->second->lease(lease);
  }
}

void SessionProcesses::end(SessionId session) {
  if (const auto found = processes_.find(session); found != processes_.end()) {
    found->second->end();
  }
}

void SessionProcesses::gone(SessionId session, const Usage& usage) {
  const auto ended = processes_.extract(session);
  observer_.session_gone(session, usage);
}

}  // namespace gpu_pool
