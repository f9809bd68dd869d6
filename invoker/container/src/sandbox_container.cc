#include "sandbox_container.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
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

void remove_group(SandboxParts& parts, IdRanges& ids) {
  if (parts.cgroup != nullptr && !parts.cgroup->remove().ok()) return;
  if (parts.first_id != 0) ids.give_back(std::exchange(parts.first_id, 0));
}

SandboxContainer::SandboxContainer(SandboxParts parts, LogReader& log_reader,
                                   NamespaceThread& namespaces, IdRanges& ids,
                                   const base::Clock& clock)
    : parts_(std::move(parts)),
      log_reader_(log_reader),
      namespaces_(namespaces),
      ids_(ids),
      clock_(clock),
      client_({parts_.socket_path, "", 0}, clock) {}

SandboxContainer::~SandboxContainer() { destroy(); }

// The socket listens before the sandbox exists, so a refused connection means that its processes
// have ended: trying again cannot help.
invoker::CallOutcome SandboxContainer::post(const std::string& path, const std::string& body,
                                            base::Instant deadline,
                                            const invoker::ResponseBounds& bounds,
                                            bool retry_refused) {
  const bool was_there = !has_ended();
  invoker::CallOutcome outcome = client_.post(path, body, deadline, bounds, false);
  if (retry_refused && was_there && outcome.error == CallError::kConnectionRefused) {
    outcome.error = CallError::kConnectionLost;
  }
  return outcome;
}

bool SandboxContainer::has_ended() const {
  pollfd process{parts_.pidfd.get(), POLLIN, 0};
  return poll(&process, 1, 0) == 1;
}

base::Status SandboxContainer::pause() { return destroyed_ ? gone() : parts_.cgroup->freeze(); }

base::Status SandboxContainer::resume() { return destroyed_ ? gone() : parts_.cgroup->thaw(); }

base::Status SandboxContainer::attach(invoker::Mount mount) {
  if (destroyed_) return gone();
  TRY_STATUS(check_target(mount.target));
  if (attached_.contains(mount.target)) {
    return base::Error{base::ErrorCode::kAlreadyExists, "A volume is mounted at " + mount.target};
  }
  const MountPlace place = place_of(mount.target);
  if (place.outer.empty()) TRY_STATUS(make_mount_point(parts_.root.get(), mount.target));
  MountLook look{mount.read_only, -1};
  if (mount.owners == invoker::FileOwners::kContainer) {
    look.user_namespace = parts_.user_namespace.get();
  }
  TRY_STATUS(namespaces_.visit(parts_.mount_namespace.get(),
                               [&] { return mount_tree(mount.tree.get(), place, look); }));
  attached_.insert(mount.target);
  return {};
}

// The innermost volume that holds `target`; a volume's folders are its own, so none is made there.
MountPlace SandboxContainer::place_of(const std::string& target) const {
  for (std::size_t slash = target.rfind('/'); slash != 0; slash = target.rfind('/', slash - 1)) {
    const std::string outer = target.substr(0, slash);
    if (attached_.contains(outer)) return {outer, target.substr(slash + 1)};
  }
  return {"", target.substr(1)};
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
  // An answer comes after its sentinels, so mostly all is in the pipes: no need to wait for a
  // thread.
  if (!destroyed_) log_reader_.drain(parts_.log_key);
  return collect(*parts_.log, request, clock_);
}

bool SandboxContainer::memory_exhausted() {
  return destroyed_ ? memory_exhausted_ : parts_.cgroup->memory_exhausted();
}

// No thawing: a container that is paused has no calls under way.
void SandboxContainer::kill() {
  const std::lock_guard lock(end_mutex_);
  if (!parts_.pidfd.valid()) return;
  syscall(SYS_pidfd_send_signal, parts_.pidfd.get(), SIGKILL, nullptr, 0);
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
  parts_.user_namespace.reset();
  parts_.root.reset();
  {
    const std::lock_guard lock(end_mutex_);
    parts_.pidfd.reset();
  }
  remove_group(parts_, ids_);
}

}  // namespace invoker_container
