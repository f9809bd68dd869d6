#include "session_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "gpu_wire/endpoint.h"

namespace gpu_pool {
namespace {

using base::error_from_errno;
using base::Result;
using base::Status;
using base::UniqueFd;

// Moves them out of the way of the numbers that they get in the child.
Status move_up(UniqueFd& fd) {
  if (!fd.valid()) return {};
  const int high = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, session_channel::kTcpListenerFd + 1);
  if (high < 0) return error_from_errno(errno, "starting a session");
  fd.reset(high);
  return {};
}

class SpawnActions {
 public:
  SpawnActions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);  // Ctrl-C is for the daemon
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  void give(const UniqueFd& fd, int number) {
    if (fd.valid()) ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), number);
  }
  Result<pid_t> spawn(const std::vector<std::string>& command) {
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    std::array<char*, 1> environment{nullptr};  // a daemon's secrets are not for its sessions
    pid_t pid = -1;
    const int failed =
        ::posix_spawn(&pid, words[0], &actions_, &attributes_, words.data(), environment.data());
    if (failed != 0) return error_from_errno(failed, "starting " + command.front());
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<SessionProcess::Parts> start_process(gpu_leases::SessionId session,
                                            const SessionProcessOptions& options,
                                            const std::vector<std::string>& command) {
  SessionProcess::Parts parts;
  parts.id = session;
  parts.socket = options.folder / (std::to_string(static_cast<std::uint64_t>(session)) + ".sock");
  ::unlink(parts.socket.c_str());
  parts.place.local = "ring:" + parts.socket.native();
  TRY(const auto local, gpu_wire::parse_endpoint(parts.place.local));
  TRY(UniqueFd unix_listener, gpu_wire::listen(local));
  UniqueFd tcp_listener;
  if (!options.tcp_host.empty()) {
    const gpu_wire::Endpoint any{gpu_wire::Endpoint::Kind::kTcp, options.tcp_host, 0};
    TRY(tcp_listener, gpu_wire::listen(any));
    TRY(const auto port, gpu_wire::port_of(tcp_listener.get()));
    parts.place.remote = "tcp:" + options.tcp_host + ":" + std::to_string(port);
  }
  TRY(auto channel, session_channel::open());
  for (auto* fd : {&channel.session, &unix_listener, &tcp_listener}) TRY_STATUS(move_up(*fd));
  SpawnActions actions;
  actions.give(channel.session, session_channel::kChannelFd);
  actions.give(unix_listener, session_channel::kUnixListenerFd);
  actions.give(tcp_listener, session_channel::kTcpListenerFd);
  TRY(parts.pid, actions.spawn(command));
  parts.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, parts.pid, 0)));
  if (!parts.pidfd.valid()) {
    const auto failure = error_from_errno(errno, "watching a session");
    ::kill(-parts.pid, SIGKILL);
    ::waitpid(parts.pid, nullptr, 0);
    return failure;
  }
  ::fcntl(channel.daemon.get(), F_SETFL, O_NONBLOCK);
  parts.channel = std::move(channel.daemon);
  return parts;
}

SessionProcess::SessionProcess(SessionProcesses& owner, Parts parts)
    : owner_(owner), parts_(std::move(parts)) {
  owner_.loop_.watch(parts_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { ended(); });
  owner_.loop_.watch(parts_.channel.get(), EPOLLIN, [this](std::uint32_t) { heard(); });
  set_deadline(owner_.options_.start_time);
}

SessionProcess::~SessionProcess() {
  if (parts_.pid < 0) return;
  leave_loop();
  kill();
  ::waitpid(parts_.pid, nullptr, 0);
  ::unlink(parts_.socket.c_str());
}

void SessionProcess::lease(const session_channel::Lease& lease) {
  // Where it takes nothing it has died, and ended() is on its way.
  const auto sent = session_channel::send(parts_.channel.get(), lease);
  if (!sent) kill();
}

void SessionProcess::end() {
  if (std::exchange(ending_, true)) return;
  const auto sent = session_channel::send(parts_.channel.get(), session_channel::End{});
  if (!sent) return kill();
  set_deadline(owner_.options_.end_time);
}

void SessionProcess::heard() {
  const auto packet = session_channel::receive(parts_.channel.get());
  if (packet.ok()) {
    if (packet->has_value()) hear(**packet);
    return;
  }
  owner_.loop_.forget(parts_.channel.get());
  parts_.channel.reset();
  kill();
}

// What it says is what a tenant's work could have made it say: it is believed only in its own
// affairs.
void SessionProcess::hear(const session_channel::Packet& packet) {
  if (const auto* done = std::get_if<session_channel::Done>(&packet)) usage_ = done->usage;
  const auto* ready = std::get_if<session_channel::Ready>(&packet);
  if (ready == nullptr || ready_ || ending_) return;
  ready_ = true;
  owner_.loop_.cancel(*deadline_);
  deadline_.reset();
  parts_.place.device = ready->device;
  owner_.observer_.session_ready(parts_.id, parts_.place);
}

void SessionProcess::kill() const {
  if (parts_.pid > 0) ::kill(-parts_.pid, SIGKILL);
}

void SessionProcess::set_deadline(std::chrono::milliseconds wait) {
  if (deadline_) owner_.loop_.cancel(*deadline_);
  deadline_ = owner_.loop_.after(wait, [this] {
    deadline_.reset();
    kill();
  });
}

void SessionProcess::leave_loop() {
  if (parts_.channel.valid()) owner_.loop_.forget(parts_.channel.get());
  owner_.loop_.forget(parts_.pidfd.get());
  if (deadline_) owner_.loop_.cancel(*deadline_);
  deadline_.reset();
}

void SessionProcess::ended() {
  // Its last words may still lie in the channel.
  for (bool more = parts_.channel.valid(); more;) {
    const auto packet = session_channel::receive(parts_.channel.get());
    more = packet.ok() && packet->has_value();
    const auto* done = more ? std::get_if<session_channel::Done>(&**packet) : nullptr;
    if (done != nullptr) usage_ = done->usage;
  }
  leave_loop();
  kill();  // what it may have left in its group
  ::waitpid(parts_.pid, nullptr, 0);
  parts_.pid = -1;
  ::unlink(parts_.socket.c_str());
  owner_.gone(parts_.id, usage_);  // and with that this object is gone
}

}  // namespace gpu_pool
