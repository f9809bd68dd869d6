// What one session process may serve, and what it has served.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "gpu_device/device.h"
#include "gpu_pool/session_channel.h"
#include "gpu_session/session.h"

namespace gpu_session_program {

using MakeDevice = std::function<std::unique_ptr<gpu_device::Device>()>;

// One client at a time, each on a device of its own: nothing of one connection is left for the
// next, though both belong to one tenant.
//
// Threads: by one; the client is served by another.
class Tenancy {
 public:
  // `first` was made ahead of time.
  Tenancy(gpu_pool::session_channel::Lease lease, std::unique_ptr<gpu_device::Device> first,
          MakeDevice make_device, gpu_session::Images& images);
  ~Tenancy();

  // Hung up on while another is served.
  void serve(base::UniqueFd socket);
  gpu_pool::Usage usage() const;

 private:
  void run(base::UniqueFd socket);
  base::Status admit(std::string_view token) const;
  void add(const gpu_session::Counters& counters, std::chrono::milliseconds connected);

  const gpu_pool::session_channel::Lease lease_;
  std::unique_ptr<gpu_device::Device> spare_;  // the server's thread alone, while it runs
  const MakeDevice make_device_;
  gpu_session::Images& images_;
  mutable std::mutex mutex_;  // guards what follows
  gpu_pool::Usage past_;
  gpu_session::Session* session_ = nullptr;
  std::chrono::steady_clock::time_point since_;
  bool busy_ = false;
  std::jthread server_;
};

}  // namespace gpu_session_program
