#include "storage_fuse/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "child_process.h"
#include "inheritance.h"
#include "mount_state.h"

namespace storage_fuse {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Status;
using base::UniqueFd;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kYoung = 10s;  // a daemon that dies before this is not restarted at once again
constexpr auto kFirstPause = 10ms;

class Keeper {
 public:
  Keeper(const KeeperOptions& options, const base::Logger& log) : options_(options), log_(log) {}

  Status run() {
    TRY_STATUS(listen_for_signals());
    TRY_STATUS(take_mount());
    TRY(const MountState state, MountState::map(mount_.state.get()));
    if (daemon_.pid == 0) TRY_STATUS(start_daemon());
    while (true) {
      if (daemon_.pid != 0) {
        const Ended ended = watch_daemon();
        if (stopping_ || state->finished != 0) return {};
        log_.warn("Keeper", "the daemon ended", {{"pid", ended.pid}, {"status", ended.status}});
      }
      pause();
      if (stopping_) return {};
      // The mount is worth more than an answer: the program may be there again in a moment.
      if (auto started = start_daemon(); !started.ok()) {
        log_.error("Keeper", started.error().message);
      }
    }
  }

 private:
  Status listen_for_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) return error_from_errno(errno, "waiting for signals");
    return {};
  }

  // A new mount, or that of a keeper which died.
  Status take_mount() {
    if (auto adopted = inheritance::adopted()) {
      mount_ = std::move(adopted->mount);
      lifeline_ = std::move(adopted->lifeline);
      daemon_.pid = adopted->daemon;
      daemon_.handle.reset(static_cast<int>(::syscall(SYS_pidfd_open, daemon_.pid, 0)));
      daemon_is_child_ = false;
      started_ = std::chrono::steady_clock::now();
      if (!daemon_.handle.valid()) daemon_ = {};
      return {};
    }
    TRY(mount_, make_mount(options_.mount));
    return {};
  }

  Status start_daemon() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return error_from_errno(errno, "making a pipe");
    const UniqueFd theirs(ends[0]);
    lifeline_.reset(ends[1]);
    const std::array descriptors{mount_.device.get(), mount_.tree.get(), mount_.state.get(),
                                 theirs.get()};
    TRY(daemon_,
        spawn(options_.daemon.at(0), options_.daemon,
              std::string(inheritance::kForDaemon) + "=" + numbers_text(descriptors), descriptors));
    daemon_is_child_ = true;
    started_ = std::chrono::steady_clock::now();
    return {};
  }

  struct Ended {
    std::int64_t pid = 0, status = 0;
  };
  // Waits until the daemon has.
  Ended watch_daemon() {
    while (true) {
      std::array<pollfd, 2> events{pollfd{signals_.get(), POLLIN, 0},
                                   pollfd{daemon_.handle.get(), POLLIN, 0}};
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      if (events[0].revents != 0) take_signal();
      if (events[1].revents != 0) break;
    }
    siginfo_t info{};
    if (daemon_is_child_) ::waitid(P_PID, static_cast<id_t>(daemon_.pid), &info, WEXITED);
    const Ended ended{daemon_.pid, info.si_status};
    daemon_ = {};
    return ended;
  }

  void take_signal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) return;
    const bool hard = stopping_ || info.ssi_signo == SIGQUIT;
    stopping_ = true;
    if (daemon_.handle.valid()) {
      ::syscall(SYS_pidfd_send_signal, daemon_.handle.get(), hard ? SIGKILL : SIGTERM, nullptr, 0);
    }
  }

  void pause() {
    if (std::chrono::steady_clock::now() - started_ > kYoung) pause_ = 0ms;
    pollfd event{signals_.get(), POLLIN, 0};
    if (::poll(&event, 1, static_cast<int>(pause_.count())) > 0) take_signal();
    pause_ =
        std::min(std::max<std::chrono::milliseconds>(kFirstPause, pause_ * 2), options_.pause_max);
  }

  const KeeperOptions& options_;
  const base::Logger& log_;
  UniqueFd signals_;
  Mount mount_;
  UniqueFd lifeline_;  // closed when we die: the daemon sees that
  Process daemon_;
  bool daemon_is_child_ = true;
  bool stopping_ = false;
  SteadyTime started_;
  std::chrono::milliseconds pause_{0};
};

}  // namespace

Status run_keeper(const KeeperOptions& options, const base::Logger& log) {
  if (options.daemon.empty()) return Error{ErrorCode::kInvalidArgument, "no daemon is named"};
  return Keeper(options, log).run();
}

}  // namespace storage_fuse
