#include "warden.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "cgroup_removal.h"
#include "fd_message.h"
#include "user_namespace.h"

namespace sandbox {
namespace {

using invoker_container::StartOrder;
using invoker_container::StartReply;
constexpr std::chrono::seconds kCleanUpPatience{10};

OrderFds name_fds(std::vector<base::UniqueFd> fds) {
  OrderFds named;
  named.socket = std::move(fds[0]);
  named.out = std::move(fds[1]);
  named.err = std::move(fds[2]);
  named.status = std::move(fds[3]);
  named.root = std::move(fds[4]);
  for (std::size_t i = invoker_container::kOrderFds; i < fds.size(); ++i) {
    named.cgroups.push_back(std::move(fds[i]));
  }
  return named;
}

void remove_sockets(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_socket(ignored)) std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace

Warden::Warden(int orders, invoker_container::WardenSetup setup, Template root,
               std::vector<sock_filter> filter, Interpreter interpreter)
    : orders_(orders),
      setup_(std::move(setup)),
      root_(std::move(root)),
      filter_(std::move(filter)),
      interpreter_(interpreter) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  children_.reset(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

int Warden::run() {
  pollfd events[] = {{orders_, POLLIN, 0}, {children_.get(), POLLIN, 0}};
  for (;;) {
    if (poll(events, 2, -1) < 0 && errno != EINTR) break;
    if (events[1].revents != 0) reap();
    if (events[0].revents != 0 && !handle_message()) break;
  }
  clean_up();
  return 0;
}

// False when the factory is gone.
bool Warden::handle_message() {
  auto message = invoker_container::receive_message(orders_);
  if (!message.ok() || message->text.empty()) return false;
  const auto order = invoker_container::decode_order(message->text);
  if (!order.ok() || message->fds.size() < invoker_container::kOrderFds) {
    std::fprintf(stderr, "larder-sandbox: an order that cannot be understood\n");
    return false;
  }
  start(*order, name_fds(std::move(message->fds)));
  return true;
}

void Warden::start(const StartOrder& order, OrderFds fds) {
  base::UniqueFd pidfd;
  const auto pid = launch(order, fds, pidfd);
  StartReply reply{order.id, 0, ""};
  std::vector<int> passed;
  if (pid.ok()) {
    reply.pid = *pid;
    passed.push_back(pidfd.get());
    sandboxes_.insert(*pid);
  } else {
    reply.error = pid.error().message;
  }
  // When this fails the factory is gone, which the next poll will show.
  static_cast<void>(invoker_container::send_message(orders_, encode(reply), passed).ok());
}

base::Result<pid_t> Warden::launch(const StartOrder& order, OrderFds& fds, base::UniqueFd& pidfd) {
  TRY(const base::UniqueFd user_namespace, make_user_namespace(order.uid_base));
  int pidfd_number = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd_number);
  arguments.exit_signal = SIGCHLD;
  if (order.unified_cgroup && !fds.cgroups.empty()) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(fds.cgroups.front().get());
  }
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return base::error_from_errno(errno, "making a sandbox process");
  if (pid == 0)
    become_sandbox({setup_, root_, filter_, interpreter_}, order, fds, user_namespace.get());
  pidfd.reset(pidfd_number);
  return static_cast<pid_t>(pid);
}

void Warden::reap() {
  signalfd_siginfo ignored;
  while (read(children_.get(), &ignored, sizeof ignored) > 0) continue;
  for (;;) {
    const pid_t pid = waitpid(-1, nullptr, WNOHANG);
    if (pid <= 0) return;
    sandboxes_.erase(pid);
  }
}

void Warden::clean_up() {
  for (const pid_t pid : sandboxes_) kill(pid, SIGKILL);
  const auto removed = invoker_container::remove_cgroups(setup_.cgroups, kCleanUpPatience);
  if (!removed.ok()) std::fprintf(stderr, "larder-sandbox: %s\n", removed.error().message.c_str());
  remove_sockets(setup_.state_directory);
  while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) continue;
}

}  // namespace sandbox
