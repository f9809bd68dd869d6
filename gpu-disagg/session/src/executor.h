// Executes a client's requests on the device: one overload of on() for each message of the schema.
//
// A call's on() fills the reply; what its views point at stays until the next request. All on the
// session's thread. While waited() runs, frames are read ahead: a request's own views are not to be
// used after it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connection.h"
#include "gpu_session/session.h"
#include "host_calls.h"
#include "id_table.h"
#include "staging.h"

namespace gpu_session {

using gpu_device::CuResult;

class Executor {
 public:
  Executor(Connection& connection, gpu_device::Device& device, Images& images,
           const Quotas& quotas);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Executes one request. An error ends the session.
  base::Status execute(const Connection::Request& request);
  bool ended() const { return ended_; }
  const Counters& counts() const { return counts_; }

  // For dispatch().
  template <typename Message>
  void operator()(const Message& message) {
    if constexpr (requires { typename Message::Reply; }) {
      typename Message::Reply reply;
      const CuResult result = on(message, reply);
      answer(result, reply);
    } else {
      defer(on(message));
    }
  }

 private:
  struct LaterCopy {
    std::vector<std::byte> bytes;
    gpu_device::EventId copied;
    std::uint64_t landing;
  };

  // ---- the session: executor.cc
  CuResult on(const gpu_wire::Hello& ask, gpu_wire::HelloReply& reply);
  CuResult on(const gpu_wire::Ping&, gpu_wire::PingReply&) { return CuResult::kSuccess; }
  CuResult on(const gpu_wire::Goodbye&);
  CuResult on(const gpu_wire::HostDone& message);

  // ---- memory: memory.cc
  CuResult on(const gpu_wire::MemoryInfo& ask, gpu_wire::MemoryInfoReply& reply);
  CuResult on(const gpu_wire::Allocate& ask, gpu_wire::AllocateReply& reply);
  CuResult on(const gpu_wire::AllocateOn& ask, gpu_wire::AllocateOnReply& reply);
  CuResult on(const gpu_wire::Free& message);
  CuResult on(const gpu_wire::FreeOn& message);
  CuResult on(const gpu_wire::Fill& message);
  CuResult on(const gpu_wire::CopyAcross& message);
  void note_memory();

  // ---- copies to and from the client: copies.cc
  CuResult on(const gpu_wire::CopyIn& message);
  CuResult on(const gpu_wire::CopyOut& ask, gpu_wire::CopyOutReply& reply);
  CuResult on(const gpu_wire::CopyOutLater& message);
  CuResult copy_out(const gpu_wire::CopyOut& ask, gpu_device::StreamId stream);
  bool holds(gpu_device::Address address, std::uint64_t bytes);
  void deliver();

  // ---- code: code.cc
  CuResult on(const gpu_wire::ImagePart& message);
  CuResult on(const gpu_wire::Load& ask, gpu_wire::LoadReply& reply);
  CuResult on(const gpu_wire::Unload& message);
  CuResult on(const gpu_wire::SetKernelAttribute& message);
  CuResult on(const gpu_wire::Occupancy& ask, gpu_wire::OccupancyReply& reply);
  CuResult on(const gpu_wire::BestBlock& ask, gpu_wire::BestBlockReply& reply);
  CuResult on(const gpu_wire::VariableOf& ask, gpu_wire::VariableOfReply& reply);
  CuResult on(const gpu_wire::Launch& message);
  const gpu_device::KernelInfo* kernel(std::uint64_t module, std::uint32_t index);

  // ---- streams and events: streams.cc
  CuResult on(const gpu_wire::HostFunction& message);
  CuResult on(const gpu_wire::StreamCreate& message);
  CuResult on(const gpu_wire::StreamDestroy& message);
  CuResult on(const gpu_wire::StreamSynchronize& ask, gpu_wire::StreamSynchronizeReply& reply);
  CuResult on(const gpu_wire::StreamQuery& ask, gpu_wire::StreamQueryReply& reply);
  CuResult on(const gpu_wire::StreamWait& message);
  CuResult on(const gpu_wire::Synchronize& ask, gpu_wire::SynchronizeReply& reply);
  CuResult on(const gpu_wire::EventCreate& message);
  CuResult on(const gpu_wire::EventDestroy& message);
  CuResult on(const gpu_wire::EventRecord& message);
  CuResult on(const gpu_wire::EventSynchronize& ask, gpu_wire::EventSynchronizeReply& reply);
  CuResult on(const gpu_wire::EventQuery& ask, gpu_wire::EventQueryReply& reply);
  CuResult on(const gpu_wire::EventElapsed& ask, gpu_wire::EventElapsedReply& reply);

  // The device's stream; null when the client has none of that id.
  const gpu_device::StreamId* stream(std::uint64_t id);

  // Waits by `block`; while host functions are outstanding by asking `query` and reading on,
  // because the client's answers come on this connection.
  template <typename Query, typename Block>
  CuResult waited(const Query& query, const Block& block);
  // Before calls of the device that may wait for all queued work.
  CuResult settle();
  void read_ahead();

  template <typename Reply>
  void answer(CuResult result, const Reply& reply) {
    deliver();
    gpu_wire::ReplyHead head{.result = static_cast<std::uint32_t>(result)};
    if (result == CuResult::kSuccess) {
      head.deferred = std::exchange(deferred_, 0);
      head.deferred_sequence = deferred_sequence_;
    }
    ++counts_.calls;
    keep(connection_.reply(request_.header, head, reply));
  }
  void defer(CuResult result);
  void keep(base::Status status);
  void print();

  Connection& connection_;
  gpu_device::Device& device_;
  Images& images_;
  const Quotas quotas_;

  Connection::Request request_;
  base::Status broken_;
  bool ended_ = false;
  Counters counts_;
  std::uint32_t deferred_ = 0, deferred_sequence_ = 0;

  IdTable<gpu_device::StreamId> streams_;
  IdTable<gpu_device::EventId> events_;
  IdTable<gpu_device::ModuleInfo> modules_;
  Staging staging_;
  std::deque<LaterCopy> later_;
  std::uint64_t later_bytes_ = 0;
  std::map<gpu_wire::Digest, std::vector<std::byte>> arriving_;
  std::uint64_t arriving_bytes_ = 0;
  std::string log_;
  std::shared_ptr<HostCalls> host_calls_;
};

template <typename Query, typename Block>
CuResult Executor::waited(const Query& query, const Block& block) {
  while (host_calls_->outstanding() > 0 && broken_.ok()) {
    const CuResult result = query();
    if (result != CuResult::kNotReady) return result;
    // A device that has failed comes to no host function any more.
    if (device_.sticky_error() != CuResult::kSuccess) break;
    read_ahead();
  }
  return broken_.ok() ? block() : CuResult::kDeviceUnavailable;
}

}  // namespace gpu_session
