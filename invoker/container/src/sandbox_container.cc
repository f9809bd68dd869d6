#include "sandbox_container.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "logs/collect.h"
#include "mount_point.h"

namespace invoker_container {
namespace {

using invoker::CallError;
constexpr int kEndPatienceMs = 5'000;

base::Error gone() {
  return base::Error{base::ErrorCode::kUnavailable, "the container has been destroyed"};
}

}  // namespace

void end_sandbox(int pidfd, Cgroup& cgroup) {
  syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  // A frozen process dies when it thaws. One that was never frozen: nothing happens.
  static_cast<void>(cgroup.thaw().ok());
  pollfd ended{pidfd, POLLIN, 0};
  while (poll(&ended, 1, kEndPatienceMs) < 0 && errno == EINTR) continue;
}

SandboxContainer::SandboxContainer(SandboxParts parts, LogReader& log_reader,
                                   NamespaceThread& namespaces, const base::Clock& clock)
    : parts_(std::move(parts)),
      log_reader_(log_reader),
      namespaces_(namespaces),
      clock_(clock),
      client_({parts_.socket_path, "", 0}, clock) {}

SandboxContainer::~SandboxContainer() { destroy(); }

// The socket listens before the sandbox exists, so a refused connection means that its processes
// have ended: trying again cannot help.
invoker::CallOutcome SandboxContainer::post(const std::string& path, const std::string& body,
                                            base::Instant deadline,
                                            const invoker::ResponseBounds& bounds,
                                            bool retry_refused) {
  invoker::CallOutcome outcome = client_.post(path, body, deadline, bounds, false);
  if (retry_refused && outcome.error == CallError::kConnectionRefused) {
    outcome.error = CallError::kConnectionLost;
  }
  return outcome;
}

base::Status SandboxContainer::pause() { return destroyed_ ? gone() : parts_.cgroup->freeze(); }

base::Status SandboxContainer::resume() { return destroyed_ ? gone() : parts_.cgroup->thaw(); }

base::Status SandboxContainer::attach(invoker::Mount mount) {
  if (destroyed_) return gone();
  TRY_STATUS(check_target(mount.target));
  if (attached_.contains(mount.target)) {
    return base::Error{base::ErrorCode::kAlreadyExists, "A volume is mounted at " + mount.target};
  }
  TRY_STATUS(make_mount_point(parts_.root.get(), mount.target));
  TRY_STATUS(namespaces_.visit(parts_.mount_namespace.get(), [&] {
    return mount_tree(mount.tree.get(), mount.target, mount.read_only);
  }));
  attached_.insert(mount.target);
  return {};
}

base::Result<invoker::DetachOutcome> SandboxContainer::detach(const std::string& target) {
  if (destroyed_) return gone();
  if (attached_.erase(target) == 0) {
    return base::Error{base::ErrorCode::kNotFound, "Nothing is mounted at " + target};
  }
  auto outcome = invoker::DetachOutcome::kHeld;
  TRY_STATUS(namespaces_.visit(parts_.mount_namespace.get(), [&]() -> base::Status {
    TRY(outcome, unmount_tree(target));
    return {};
  }));
  return outcome;
}

invoker::CollectedLogs SandboxContainer::logs(const invoker::LogRequest& request) {
  if (!request.wait_for_sentinels && !destroyed_) log_reader_.drain(parts_.log_key);
  return collect(*parts_.log, request, clock_);
}

bool SandboxContainer::memory_exhausted() {
  return destroyed_ ? memory_exhausted_ : parts_.cgroup->memory_exhausted();
}

void SandboxContainer::destroy() {
  if (std::exchange(destroyed_, true)) return;
  memory_exhausted_ = parts_.cgroup->memory_exhausted();
  end_sandbox(parts_.pidfd.get(), *parts_.cgroup);
  client_.close_connections();
  log_reader_.drain(parts_.log_key);
  log_reader_.remove(parts_.log_key);
  unlink(parts_.socket_path.c_str());
  parts_.mount_namespace.reset();
  parts_.root.reset();
  parts_.pidfd.reset();
  // What is still there now, the factory removes when it ends.
  static_cast<void>(parts_.cgroup->remove().ok());
}

}  // namespace invoker_container
