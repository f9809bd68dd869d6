#include "lease.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "gpu_wire/endpoint.h"

namespace gpu_session_program {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWelcomeTime{5'000};

void add_to(gpu_pool::Usage& usage, const gpu_session::Counters& counters, milliseconds connected) {
  usage.requests += counters.requests;
  usage.calls += counters.calls;
  usage.launches += counters.launches;
  usage.bytes_in += counters.bytes_in;
  usage.bytes_out += counters.bytes_out;
  usage.memory_bytes_peak = std::max(usage.memory_bytes_peak, counters.memory_bytes_peak);
  usage.connected_ms += static_cast<std::uint64_t>(connected.count());
}

milliseconds since(steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

}  // namespace

Tenancy::Tenancy(gpu_pool::session_channel::Lease lease, std::unique_ptr<gpu_device::Device> first,
                 MakeDevice make_device, gpu_session::Images& images)
    : lease_(std::move(lease)),
      spare_(std::move(first)),
      make_device_(std::move(make_device)),
      images_(images) {}

Tenancy::~Tenancy() {
  const std::lock_guard lock(mutex_);
  if (session_ != nullptr) session_->stop();
}

void Tenancy::serve(base::UniqueFd socket) {
  {
    const std::lock_guard lock(mutex_);
    if (busy_) return;
    busy_ = true;
  }
  server_ = std::jthread([this, fd = socket.release()] { run(base::UniqueFd(fd)); });
}

base::Status Tenancy::admit(std::string_view token) const {
  const bool right = token.size() == lease_.token.size() &&
                     CRYPTO_memcmp(token.data(), lease_.token.data(), token.size()) == 0;
  if (right) return {};
  return base::Error{base::ErrorCode::kPermissionDenied,
                     "this token opens no session here: it is wrong, or its activation is over"};
}

void Tenancy::run(base::UniqueFd socket) {
  auto transport = gpu_wire::welcome_transport(socket.release(), kWelcomeTime);
  if (transport.ok()) {
    if (spare_ == nullptr) spare_ = make_device_();
    gpu_session::Options options;
    options.quotas.memory_bytes = lease_.memory_bytes;
    options.admit = [this](std::string_view token) { return admit(token); };
    gpu_session::Session session(**transport, *spare_, images_, options);
    const auto begin = steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      session_ = &session;
      since_ = begin;
    }
    const auto ended = session.run();
    const std::lock_guard lock(mutex_);
    session_ = nullptr;
    add_to(past_, session.counters(), since(begin));
    // Who was not admitted has not touched the device.
    if (ended.ok() || ended.error().code != base::ErrorCode::kPermissionDenied) spare_.reset();
  }
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

gpu_pool::Usage Tenancy::usage() const {
  const std::lock_guard lock(mutex_);
  gpu_pool::Usage usage = past_;
  if (session_ != nullptr) add_to(usage, session_->counters(), since(since_));
  return usage;
}

}  // namespace gpu_session_program
