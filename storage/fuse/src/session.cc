#include "storage_fuse/session.h"

#define FUSE_USE_VERSION 312
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>

#include <cerrno>
#include <cstring>

#include "core.h"
#include "negotiation.h"
#include "notifier.h"
#include "operations.h"
#include "wire.h"
#include "workers.h"

namespace storage_fuse {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::UniqueFd;

Core& core_of(void* userdata) { return *static_cast<Core*>(userdata); }

void init(void*, fuse_conn_info* connection) {
  connection->want |= connection->capable & (FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_CACHE_SYMLINKS |
                                             FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_DIO);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_HANDLE_KILLPRIV);
  connection->max_write = 1U << 20;
  // Reads ahead and releases count as background work: parked ones must not hold up others.
  connection->max_background = 65535;
  connection->congestion_threshold = 49151;
}

// INIT's answer is ours: libfuse's, and what it does not know.
int send_init(Core& core, std::span<const iovec> parts) {
  core.init_unique = 0;
  if (parts.size() < 2) return 0;  // an error: the kernel's version is too old for libfuse
  const std::span answer(static_cast<const std::byte*>(parts[1].iov_base), parts[1].iov_len);
  if (!core.init_is_synthetic) {
    const std::span request(core.state->init_request.data(), core.state->init_request_bytes);
    const auto out = negotiated(request, answer, core.options.passthrough);
    std::memcpy(core.state->init_reply.data(), out.data(), out.size());
    core.state->init_reply_bytes = static_cast<std::uint32_t>(out.size());
  }
  const std::span reply(core.state->init_reply.data(), core.state->init_reply_bytes);
  Abilities abilities = abilities_of(reply);
  abilities.resumed = core.init_is_synthetic;
  if (abilities.passthrough) {
    core.open_table = std::make_unique<OpenTable>(*core.state, *core.transport);
    core.opens = core.open_table.get();
  }
  core.files.start(abilities);
  core.ready = true;
  if (core.init_is_synthetic) return 0;
  core.state->initialised = 1;
  auto header = *static_cast<const fuse_out_header*>(parts[0].iov_base);
  return send_reply(core, header.unique, reply);
}

ssize_t send(int, iovec* parts, int count, void* userdata) {
  Core& core = core_of(userdata);
  const std::span all(parts, static_cast<std::size_t>(count));
  const auto& header = *static_cast<const fuse_out_header*>(parts[0].iov_base);
  const std::uint64_t init = core.init_unique.load(std::memory_order_relaxed);
  const int result =
      init != 0 && header.unique == init ? send_init(core, all) : core.transport->send(all);
  if (result == 0) return header.len;
  if (result != -ENOENT && result != -ENODEV && result != -ENOTCONN) {
    core.log.warn("Fuse", "the kernel does not take an answer",
                  {{"error", std::strerror(-result)}});
  }
  errno = ENOENT;  // what libfuse is quiet about
  return -1;
}

ssize_t never_read(int, void*, std::size_t, void*) {
  errno = EIO;
  return -1;
}

Result<fuse_session*> make_session(Core& core, UniqueFd device) {
  char name[] = "larder";
  char* arguments[] = {name, nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, arguments);
  fuse_lowlevel_ops ops = operations(core.options.locks_by_file_system);
  ops.init = init;
  fuse_session* session = ::fuse_session_new(&args, &ops, sizeof ops, &core);
  ::fuse_opt_free_args(&args);
  if (session == nullptr) return Error{ErrorCode::kInternal, "libfuse makes no session"};
  const fuse_custom_io io = {send, never_read, nullptr, nullptr};
  const int rc = ::fuse_session_custom_io(session, &io, device.get());
  if (rc != 0) {
    ::fuse_session_destroy(session);
    return error_from_errno(-rc, "handing a mount to libfuse");
  }
  device.release();  // closed with the session
  return session;
}

class LibfuseSession final : public Session {
 public:
  explicit LibfuseSession(std::shared_ptr<Core> core)
      : core_(std::move(core)), notifier_(*core_->transport), workers_(core_) {}
  ~LibfuseSession() override { stop(); }

  void begin() {
    if (core_->state->initialised != 0) resume();
    workers_.start();
  }
  void stop() override { workers_.stop(); }
  bool wait_ended(std::chrono::milliseconds timeout) override { return workers_.wait(timeout); }
  Notifier& notifier() override { return notifier_; }
  Figures figures() const override {
    const OpenTable* opens = core_->opens;
    return {core_->requests, core_->in_flight.size(), opens != nullptr ? opens->size() : 0};
  }

 private:
  // The kernel says INIT once in a mount's life; libfuse wants to hear it.
  void resume() {
    core_->init_is_synthetic = true;
    replay_init(*core_);
    if (auto sent = notifier_.resend(); !sent.ok()) {
      core_->log.warn("Fuse", sent.error().message);
    }
  }

  std::shared_ptr<Core> core_;
  KernelNotifier notifier_;
  Workers workers_;
};

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return error_from_errno(errno, "duplicating the mount's descriptor");
  return copy;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::start(int device, int state, FileSystem& files,
                                                SessionOptions options, const base::Logger& log) {
  TRY(auto memory, MountState::map(state));
  TRY(auto for_transport, duplicate(device));
  TRY(auto for_libfuse, duplicate(device));
  auto transport = std::make_unique<DeviceTransport>(std::move(for_transport), options.spin);
  auto core = std::make_shared<Core>(std::move(transport), std::move(memory), files,
                                     std::move(options), log);
  TRY(core->session, make_session(*core, std::move(for_libfuse)));
  auto session = std::make_unique<LibfuseSession>(std::move(core));
  session->begin();
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace storage_fuse
