// The session processes of a GPU node: started, told, killed.
//
// Each has a unix socket of its own, and a TCP port where the node serves other machines; both are
// opened here, so that the process itself needs no right to make any. It gets one lease in its
// life. What it is asked to end and does not within a moment is killed.
//
// Threads: the loop's alone. Time: nothing waits, but the destructor: for processes that were
// killed. Errors: a process that cannot be started is told as gone(), later, on the loop.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base_net/event_loop.h"
#include "gpu_leases/terms.h"
#include "gpu_pool/session_channel.h"

namespace gpu_pool {

struct SessionProcessOptions {
  // The program and its arguments for these GPUs.
  std::function<std::vector<std::string>(const std::vector<gpu_leases::GpuIndex>&)> command;
  std::filesystem::path folder;  // for sockets; exists
  std::string tcp_host;          // a numeric address of this machine; "": no TCP
  std::chrono::milliseconds start_time{10'000};
  std::chrono::milliseconds end_time{200};
};

struct SessionPlace {
  std::string local, remote;  // endpoints; `remote` may be ""
  std::string device;
};

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void session_ready(gpu_leases::SessionId session, const SessionPlace& place) = 0;
  // Nothing of it is left; what it told last, if it could.
  virtual void session_gone(gpu_leases::SessionId session, const Usage& usage) = 0;
};

class SessionProcess;

class SessionProcesses {
 public:
  SessionProcesses(base_net::EventLoop& loop, SessionProcessOptions options,
                   SessionObserver& observer, const base::Logger& log);
  ~SessionProcesses();  // on the loop, or after it has ended
  SessionProcesses(const SessionProcesses&) = delete;
  SessionProcesses& operator=(const SessionProcesses&) = delete;

  void start(gpu_leases::SessionId session, const std::vector<gpu_leases::GpuIndex>& gpus);
  // Ready sessions only.
  void lease(gpu_leases::SessionId session, const session_channel::Lease& lease);
  void end(gpu_leases::SessionId session);

 private:
  friend class SessionProcess;
  base::Result<std::unique_ptr<SessionProcess>> make(gpu_leases::SessionId session,
                                                     const std::vector<gpu_leases::GpuIndex>& gpus);
  void gone(gpu_leases::SessionId session, const Usage& usage);

  base_net::EventLoop& loop_;
  const SessionProcessOptions options_;
  SessionObserver& observer_;
  const base::Logger& log_;
  // Posted actions look whether this is still there.
  std::shared_ptr<SessionProcesses*> self_;
  std::map<gpu_leases::SessionId, std::unique_ptr<SessionProcess>> processes_;
};

}  // namespace gpu_pool
