// One client on one device, from its hello to its end: reads frames and executes them strictly in
// their order.
//
// Threads: run() on one thread, which may be inside the device for as long as kernels run; stop()
// and counters() from any. Time: the hello must come within Options::hello_time; after that a
// client may be silent for ever. Ownership: borrows all it is given. What the client created goes
// with the device: a device serves one session. Errors: what a client asks wrongly is answered with
// a CUDA error; only bytes that are no frames end the session.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "gpu_device/device.h"
#include "gpu_session/images.h"
#include "gpu_wire/transport.h"

namespace gpu_session {

struct Quotas {
  std::uint64_t memory_bytes = 0;  // 0: what the device has
  std::uint32_t streams = 1024;
  std::uint32_t events = 65'536;
  std::uint32_t modules = 4096;
  std::uint64_t image_bytes = 1ULL << 30;    // of one image
  std::uint64_t staged_bytes = 64ULL << 20;  // of copies that wait to be delivered
  std::uint64_t window_bytes = 64ULL << 20;  // of requests sent and not executed
};

struct Counters {
  std::uint64_t requests = 0, calls = 0, launches = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t memory_bytes_peak = 0;  // as far as the client's own allocations go
};

struct Options {
  Quotas quotas{};
  // Whether the client may enter; the message goes to it.
  std::function<base::Status(std::string_view token)> admit{};
  std::chrono::milliseconds hello_time{5'000};
};

class Session {
 public:
  Session(gpu_wire::Transport& transport, gpu_device::Device& device, Images& images,
          Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Until the client is gone; then the device is interrupted, however long its kernels would run.
  // An error says why it was ended otherwise: not admitted, or malformed bytes.
  base::Status run();
  // Ends it soon, as if the client had gone.
  void stop();
  Counters counters() const;

 private:
  class Implementation;
  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace gpu_session
