#include "executor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gpu_wire/id.h"

namespace gpu_session {

using gpu_wire::Kind;

namespace {

// How long a wait that must also read looks away from the device.
constexpr std::chrono::milliseconds kReadAheadTime{1};
// Clients take printed text in pieces of this size.
constexpr std::size_t kPrintBytes = 16 << 10;

}  // namespace

Executor::Executor(Connection& connection, gpu_device::Device& device, Images& images,
                   const Quotas& quotas)
    : connection_(connection),
      device_(device),
      images_(images),
      quotas_(quotas),
      streams_(Kind::kStream, quotas.streams),
      events_(Kind::kEvent, quotas.events),
      modules_(Kind::kModule, quotas.modules),
      staging_(device,
               [this](gpu_device::EventId event) {
                 return waited([&] { return device_.query_event(event); },
                               [&] { return device_.synchronize_event(event); });
               }),
      host_calls_(std::make_shared<HostCalls>(connection)) {}

Executor::~Executor() {
  host_calls_->end();
  // The device may still read and write staging memory.
  (void)device_.synchronize();
}

base::Status Executor::execute(const Connection::Request& request) {
  request_ = request;
  ++counts_.requests;
  if (!gpu_wire::dispatch(request.header.opcode, request.payload, *this))
    return base::Error{base::ErrorCode::kDataLoss,
                       "a malformed request, opcode " + std::to_string(request.header.opcode)};
  TRY_STATUS(broken_);
  TRY_STATUS(connection_.skip_tail());
  return connection_.credit();
}

CuResult Executor::on(const gpu_wire::Hello&, gpu_wire::HelloReply&) {
  keep(base::Error{base::ErrorCode::kDataLoss, "a second hello"});
  return CuResult::kNotPermitted;
}

CuResult Executor::on(const gpu_wire::Goodbye&) {
  ended_ = true;
  return CuResult::kSuccess;
}

CuResult Executor::on(const gpu_wire::HostDone& message) {
  host_calls_->done(message.function);
  return CuResult::kSuccess;
}

void Executor::defer(CuResult result) {
  if (result == CuResult::kSuccess || deferred_ != 0) return;
  deferred_ = static_cast<std::uint32_t>(result);
  deferred_sequence_ = request_.header.sequence;
}

void Executor::keep(base::Status status) {
  if (broken_.ok()) broken_ = std::move(status);
}

CuResult Executor::settle() {
  return waited([] { return CuResult::kNotReady; }, [] { return CuResult::kSuccess; });
}

void Executor::read_ahead() {
  keep(connection_.set_aside(kReadAheadTime, [this](const Connection::Request& request) {
    gpu_wire::HostDone done;
    gpu_wire::Reader in(request.payload);
    if (request.header.opcode != gpu_wire::HostDone::kOpcode || !done.decode(in)) return false;
    host_calls_->done(done.function);
    return true;
  }));
}

void Executor::print() {
  const std::string text = device_.take_output();
  auto rest = std::as_bytes(std::span(text));
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(rest.size(), kPrintBytes));
    keep(connection_.say(gpu_wire::Print{}, piece));
    rest = rest.subspan(piece.size());
  }
}

}  // namespace gpu_session
