// Streams, events, and waiting for them.
#include "executor.h"

namespace gpu_session {

using gpu_device::EventId;
using gpu_device::StreamId;

const StreamId* Executor::stream(std::uint64_t id) {
  static constexpr StreamId kLegacy = StreamId::kLegacy;
  return id == gpu_wire::kLegacyStream ? &kLegacy : streams_.find(id);
}

CuResult Executor::on(const gpu_wire::HostFunction& message) {
  const StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  host_calls_->expect();
  const CuResult result = device_.call_host(
      *on_stream, [calls = host_calls_, function = message.function] { calls->call(function); });
  if (result != CuResult::kSuccess) host_calls_->unexpect();
  return result;
}

CuResult Executor::on(const gpu_wire::StreamCreate& message) {
  if (const CuResult may = streams_.may_add(message.stream); may != CuResult::kSuccess) return may;
  const auto created = device_.create_stream(message.flags, message.priority);
  if (created.ok()) streams_.add(message.stream, *created);
  return created.result();
}

CuResult Executor::on(const gpu_wire::StreamDestroy& message) {
  const auto taken = streams_.take(message.stream);
  if (!taken) return CuResult::kInvalidHandle;
  staging_.leave(*taken);
  return device_.destroy_stream(*taken);
}

CuResult Executor::on(const gpu_wire::StreamSynchronize& ask, gpu_wire::StreamSynchronizeReply&) {
  const StreamId* found = stream(ask.stream);
  if (found == nullptr) return CuResult::kInvalidHandle;
  const CuResult result = waited([&] { return device_.query_stream(*found); },
                                 [&] { return device_.synchronize_stream(*found); });
  print();
  return result;
}

CuResult Executor::on(const gpu_wire::StreamQuery& ask, gpu_wire::StreamQueryReply&) {
  const StreamId* found = stream(ask.stream);
  return found == nullptr ? CuResult::kInvalidHandle : device_.query_stream(*found);
}

CuResult Executor::on(const gpu_wire::StreamWait& message) {
  const StreamId* found = stream(message.stream);
  const EventId* event = events_.find(message.event);
  if (found == nullptr || event == nullptr) return CuResult::kInvalidHandle;
  return device_.wait_event(*found, *event);
}

CuResult Executor::on(const gpu_wire::Synchronize&, gpu_wire::SynchronizeReply&) {
  const CuResult settled = settle();
  const CuResult result = settled == CuResult::kSuccess ? device_.synchronize() : settled;
  print();
  return result;
}

CuResult Executor::on(const gpu_wire::EventCreate& message) {
  if (const CuResult may = events_.may_add(message.event); may != CuResult::kSuccess) return may;
  const auto created = device_.create_event(message.flags);
  if (created.ok()) events_.add(message.event, *created);
  return created.result();
}

CuResult Executor::on(const gpu_wire::EventDestroy& message) {
  const auto taken = events_.take(message.event);
  return taken ? device_.destroy_event(*taken) : CuResult::kInvalidHandle;
}

CuResult Executor::on(const gpu_wire::EventRecord& message) {
  const StreamId* found = stream(message.stream);
  const EventId* event = events_.find(message.event);
  if (found == nullptr || event == nullptr) return CuResult::kInvalidHandle;
  return device_.record(*event, *found);
}

CuResult Executor::on(const gpu_wire::EventSynchronize& ask, gpu_wire::EventSynchronizeReply&) {
  const EventId* event = events_.find(ask.event);
  if (event == nullptr) return CuResult::kInvalidHandle;
  const CuResult result = waited([&] { return device_.query_event(*event); },
                                 [&] { return device_.synchronize_event(*event); });
  print();
  return result;
}

CuResult Executor::on(const gpu_wire::EventQuery& ask, gpu_wire::EventQueryReply&) {
  const EventId* event = events_.find(ask.event);
  return event == nullptr ? CuResult::kInvalidHandle : device_.query_event(*event);
}

CuResult Executor::on(const gpu_wire::EventElapsed& ask, gpu_wire::EventElapsedReply& reply) {
  const EventId* from = events_.find(ask.from);
  const EventId* to = events_.find(ask.to);
  if (from == nullptr || to == nullptr) return CuResult::kInvalidHandle;
  const auto elapsed = device_.elapsed_ms(*from, *to);
  reply.milliseconds = *elapsed;
  return elapsed.result();
}

}  // namespace gpu_session
