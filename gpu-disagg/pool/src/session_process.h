// One session process, as its daemon sees it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/unique_fd.h"
#include "gpu_pool/session_processes.h"

namespace gpu_pool {

class SessionProcess {
 public:
  // What it is made of, all of it open.
  struct Parts {
    gpu_leases::SessionId id{};
    pid_t pid = -1;
    base::UniqueFd pidfd, channel;
    std::filesystem::path socket;
    SessionPlace place;
  };

  SessionProcess(SessionProcesses& owner, Parts parts);
  ~SessionProcess();  // kills and waits, unless it has ended
  SessionProcess(const SessionProcess&) = delete;
  SessionProcess& operator=(const SessionProcess&) = delete;

  void lease(const session_channel::Lease& lease);
  void end();

 private:
  void heard();
  void hear(const session_channel::Packet& packet);
  void ended();
  void kill() const;
  void set_deadline(std::chrono::milliseconds wait);
  void leave_loop();

  SessionProcesses& owner_;
  Parts parts_;
  Usage usage_;
  bool ready_ = false, ending_ = false;
  std::optional<base_net::EventLoop::Timer> deadline_;
};

// Opens sockets and starts the program; it has the descriptors of session_channel.h and no others.
base::Result<SessionProcess::Parts> start_process(gpu_leases::SessionId session,
                                                  const SessionProcessOptions& options,
                                                  const std::vector<std::string>& command);

}  // namespace gpu_pool
