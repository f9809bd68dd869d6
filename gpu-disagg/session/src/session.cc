#include "gpu_session/session.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "base/result.h"
#include "connection.h"
#include "executor.h"

namespace gpu_session {
namespace {

using base::Error;
using base::ErrorCode;

enum class Refusal : std::uint32_t { kProtocol = 1, kSchema = 2, kToken = 3 };

// The device as the client is told of it, with what the views point at.
class Portrait {
 public:
  Portrait(gpu_device::Device& device, const Quotas& quotas) {
    const auto& properties = device.properties();
    gpu_wire::Welcome welcome{
        .window_bytes = quotas.window_bytes,
        .driver_version = static_cast<std::uint32_t>(properties.driver_version),
        .architecture = architecture(properties),
        .memory_bytes = device.memory_info().total_bytes,
        .uuid = properties.uuid,
        .name = properties.name,
        .pci = properties.pci_bus_id};
    for (std::uint32_t id = 0; id < properties.attributes.size(); ++id) {
      if (properties.known[id])
        welcome.attributes.push_back({.id = id, .value = properties.attributes[id]});
    }
    bytes_.resize(welcome.encoded_bytes());
    welcome.encode(bytes_.data());
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  static std::uint32_t architecture(const gpu_device::DeviceProperties& properties) {
    return static_cast<std::uint32_t>(properties.attributes[gpu_device::kComputeCapabilityMajor] *
                                          10 +
                                      properties.attributes[gpu_device::kComputeCapabilityMinor]);
  }

  std::vector<std::byte> bytes_;
};

}  // namespace

class Session::Implementation {
 public:
  Implementation(gpu_wire::Transport& transport, gpu_device::Device& device, Images& images,
                 Options options)
      : transport_(transport),
        device_(device),
        images_(images),
        options_(std::move(options)),
        connection_(transport) {}

  base::Status run() {
    TRY_STATUS(greet());
    std::jthread watcher([this] { watch(); });
    base::Status end = serve();
    ends_ = true;
    transport_.close();
    return end;
  }

  void stop() { transport_.close(); }

  Counters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  base::Status greet() {
    if (!transport_.readable(options_.hello_time))
      return Error{ErrorCode::kDeadlineExceeded, "a client that says nothing"};
    TRY(const auto first, connection_.next());
    gpu_wire::Hello hello;
    gpu_wire::Reader in(first.payload);
    if (first.header.opcode != gpu_wire::Hello::kOpcode || !hello.decode(in))
      return Error{ErrorCode::kDataLoss, "the client does not begin with a hello"};
    if (hello.protocol != gpu_wire::kProtocolVersion)
      return refuse(first, Refusal::kProtocol, "this session speaks another protocol version");
    if (hello.schema != gpu_wire::kSchemaHash)
      return refuse(first, Refusal::kSchema,
                    "client and session come from different builds: their messages differ");
    if (options_.admit) {
      const base::Status admitted = options_.admit(hello.token);
      if (!admitted.ok()) return refuse(first, Refusal::kToken, admitted.error().message);
    }
    return welcome(first);
  }

  base::Status refuse(const Connection::Request& hello, Refusal why, const std::string& reason) {
    TRY_STATUS(connection_.reply(
        hello.header, {},
        gpu_wire::HelloReply{.refusal = static_cast<std::uint32_t>(why), .reason = reason}));
    transport_.close();
    return Error{ErrorCode::kPermissionDenied, "refused a client: " + reason};
  }

  base::Status welcome(const Connection::Request& hello) {
    if (options_.quotas.memory_bytes != 0 &&
        device_.limit_memory(options_.quotas.memory_bytes) != gpu_device::CuResult::kSuccess)
      return Error{ErrorCode::kInvalidArgument, "the device has less memory than the quota"};
    const Portrait portrait(device_, options_.quotas);
    connection_.set_window(options_.quotas.window_bytes);
    return connection_.reply(hello.header, {}, gpu_wire::HelloReply{.welcome = portrait.bytes()});
  }

  base::Status serve() {
    Executor executor(connection_, device_, images_, options_.quotas);
    while (!executor.ended()) {
      const auto request = connection_.next();
      const base::Status executed =
          request.ok() ? executor.execute(*request) : base::Status(request.error());
      note(executor.counts());
      if (!executed.ok()) return over(executed.error());
    }
    return {};
  }

  // A client that goes away without a goodbye is nothing special. The connection is closed first:
  // then nobody waits for kernels of a client that is not listened to any more.
  base::Status over(const Error& error) {
    transport_.close();
    if (error.code == ErrorCode::kUnavailable) return {};
    return error;
  }

  // Nobody waits for what a client without a connection has left running.
  void watch() {
    transport_.wait_gone();
    if (!ends_) device_.interrupt();
  }

  void note(const Counters& counts) {
    const std::lock_guard lock(mutex_);
    counters_ = counts;
    counters_.bytes_in = connection_.bytes_in();
    counters_.bytes_out = connection_.bytes_out();
  }

  gpu_wire::Transport& transport_;
  gpu_device::Device& device_;
  Images& images_;
  const Options options_;
  Connection connection_;
  std::atomic<bool> ends_ = false;
  mutable std::mutex mutex_;  // guards counters_
  Counters counters_;
};

Session::Session(gpu_wire::Transport& transport, gpu_device::Device& device, Images& images,
                 Options options)
    : implementation_(
          std::make_unique<Implementation>(transport, device, images, std::move(options))) {}
Session::~Session() = default;

base::Status Session::run() { return implementation_->run(); }
void Session::stop() { implementation_->stop(); }
Counters Session::counters() const { return implementation_->counters(); }

}  // namespace gpu_session
