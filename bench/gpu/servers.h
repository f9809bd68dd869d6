// The other side of each measurement, in processes of their own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "gpu_wire/endpoint.h"

namespace bench_gpu {

// A child process that does this and ends; killed when its owner goes.
class Process {
 public:
  explicit Process(const std::function<void()>& what);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void wait();

 private:
  pid_t pid_ = -1;
};

// Listens at a place of the kind unix, ring or tcp, and serves clients one after the other.
class Server {
 public:
  using Serve = std::function<void(gpu_wire::Transport& client)>;

  Server(const std::string& kind, const std::string& path, const Serve& serve);

  const gpu_wire::Endpoint& endpoint() const { return endpoint_; }
  const std::string& text() const { return text_; }

 private:
  base::UniqueFd fd_;
  gpu_wire::Endpoint endpoint_;
  std::string text_;
  std::unique_ptr<Process> process_;
};

// A session on a device on which work, copies too, costs nothing.
void serve_session(gpu_wire::Transport& client);

}  // namespace bench_gpu
