#include "docker_container.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "log_collector.h"
#include "volume_point.h"

namespace invoker_docker {
namespace {

using base::ErrorCode;
using base::milliseconds;
using invoker::CallError;
using invoker_container::MountPlace;

constexpr int kRuntimePort = 8080;
constexpr milliseconds kAskPause{5};
constexpr milliseconds kAskPauseMax{50};
// The daemon writes the last of the log, and its word on memory, some time after the end.
constexpr std::chrono::seconds kSettlePatience{2};
constexpr milliseconds kEndNoticed{250};
// The daemon hears of memory and of the end on two ways; either may be the slower one. As long as
// OpenWhisk waits for it; only where the kernel cannot be asked.
constexpr std::chrono::seconds kVerdictPatience{2};
// Between a broken connection and the daemon's word of the end of the container that broke it,
// where it broke of that.
constexpr milliseconds kEndPatience{1'000};

bool broke(CallError error) {
  return error == CallError::kConnectionLost || error == CallError::kConnectionRefused;
}

base::Error gone() {
  return base::Error{ErrorCode::kUnavailable, "the container has been destroyed"};
}

}  // namespace

DockerContainer::DockerContainer(ContainerParts parts, const Shared& shared)
    : parts_(std::move(parts)),
      shared_(shared),
      client_({"", parts_.address, kRuntimePort, false}, shared.clock,
              [ending = parts_.ending](milliseconds time) { return !ending->wait(time); }) {}

DockerContainer::~DockerContainer() { destroy(); }

// An address goes to another container when its own is gone, so nothing is sent to one that has
// ended. One that somebody else has paused would take the request and stand still until its time is
// over. That nobody listens is told apart from that nobody listens yet.
invoker::CallOutcome DockerContainer::post(const std::string& path, const std::string& body,
                                           base::Instant deadline,
                                           const invoker::ResponseBounds& bounds,
                                           bool retry_refused) {
  deadline_ = deadline;
  if (parts_.ending->ended()) return nobody_there();
  if (!paused_ && parts_.ending->take_pause()) static_cast<void>(go_on().ok());
  invoker::CallOutcome outcome = client_.post(path, body, deadline, bounds, retry_refused);
  broke_ = broke(outcome.error);
  // The container's groups go soon after it, and what killed it was counted before.
  memory_known_ = broke_ && note_memory();
  if (retry_refused && outcome.error == CallError::kConnectionRefused)
    outcome.error = CallError::kConnectionLost;
  return outcome;
}

invoker::CallOutcome DockerContainer::nobody_there() {
  memory_known_ = note_memory();
  invoker::CallOutcome outcome;
  outcome.error = CallError::kConnectionRefused;
  outcome.start_ms = outcome.end_ms = base::epoch_ms(shared_.clock.wall());
  return outcome;
}

base::Status DockerContainer::pause() {
  if (destroyed_) return gone();
  client_.close_connections();
  TRY_STATUS(freezes() ? parts_.ending->view().freezer->freeze() : shared_.api.pause(parts_.id));
  paused_ = true;
  return {};
}

base::Status DockerContainer::resume() {
  if (destroyed_) return gone();
  TRY_STATUS(go_on());
  paused_ = false;
  return {};
}

base::Status DockerContainer::go_on() {
  TRY_STATUS(freezes() ? parts_.ending->view().freezer->thaw() : shared_.api.unpause(parts_.id));
  parts_.ending->take_pause();
  return {};
}

base::Status DockerContainer::check_attachable(const std::string& target) const {
  if (destroyed_) return gone();
  TRY_STATUS(invoker_container::check_target(target));
  if (attached_.contains(target)) {
    return base::Error{ErrorCode::kAlreadyExists, "A volume is mounted at " + target};
  }
  if (parts_.mount_namespace.valid()) return {};
  return base::Error{ErrorCode::kUnsupported,
                     "Volumes cannot be attached: the containers' processes are not seen here "
                     "(the invoker needs the host's process namespace)."};
}

// The action runs as whatever user its image says, and the daemon may give containers ids of their
// own: its files are shown as its own.
base::Status DockerContainer::attach(invoker::Mount mount) {
  TRY_STATUS(check_attachable(mount.target));
  TRY(const std::uint64_t number, mount_number(mount.tree.get()));
  Owners::Namespace owners;
  if (mount.owners == invoker::FileOwners::kContainer) {
    TRY(owners, shared_.owners.of_process(parts_.ending->view().pid));
  }
  TRY_STATUS(this->mount(mount, {mount.read_only, owners ? owners->get() : -1}));
  attached_.emplace(mount.target, number);
  return {};
}

base::Status DockerContainer::mount(const invoker::Mount& mount,
                                    const invoker_container::MountLook& look) {
  const MountPlace place = place_of(mount.target);
  return shared_.namespaces.visit(parts_.mount_namespace.get(), [&]() -> base::Status {
    if (place.outer.empty()) TRY_STATUS(make_volume_point(mount.target));
    return invoker_container::mount_tree(mount.tree.get(), place, look);
  });
}

// The innermost volume that holds `target`; a volume's folders are its own, so none is made there.
MountPlace DockerContainer::place_of(const std::string& target) const {
  for (std::size_t slash = target.rfind('/'); slash != 0; slash = target.rfind('/', slash - 1)) {
    const std::string outer = target.substr(0, slash);
    if (attached_.contains(outer)) return {outer, target.substr(slash + 1)};
  }
  return {"", target.substr(1)};
}

base::Result<invoker::DetachOutcome> DockerContainer::detach(const std::string& target) {
  if (destroyed_) return gone();
  const auto at = attached_.find(target);
  if (at == attached_.end()) {
    return base::Error{ErrorCode::kNotFound, "Nothing is mounted at " + target};
  }
  const std::uint64_t number = at->second;
  attached_.erase(at);
  auto outcome = invoker::DetachOutcome::kHeld;
  const int container = parts_.mount_namespace.get();
  TRY_STATUS(shared_.namespaces.visit(container, [&]() -> base::Status {
    TRY(outcome, invoker_container::unmount_tree(target));
    return {};
  }));
  return sees_mount(parts_.ending->view().pid, number) ? invoker::DetachOutcome::kHeld : outcome;
}

invoker::CollectedLogs DockerContainer::logs(const invoker::LogRequest& request) {
  if (parts_.log == nullptr) return {};
  if (request.limit_bytes <= 0) {
    parts_.log->skip();
    return {};
  }
  const auto end = std::chrono::steady_clock::now() + collection_time(request.limit_bytes);
  invoker::LogRequest wanted = request;
  wanted.wait_for_sentinels = request.wait_for_sentinels && parts_.sentinelled;
  LogCollector collector(wanted);
  // Where the connection broke the end is on its way, mostly, and with it the last lines.
  if (broke_) static_cast<void>(parts_.ending->wait(kEndNoticed));
  const auto over = [&] { return parts_.ending->ended() && wait_until_settled(end); };
  const base::Status status =
      parts_.log->read({end, wanted.wait_for_sentinels, over},
                       [&](LogEntry entry) { return collector.add(std::move(entry)); });
  if (!status.ok()) collector.fail();
  return std::move(collector).finish();
}

// True when the daemon knows of the end, and so has written all.
bool DockerContainer::wait_until_settled(base::Instant end) const {
  const auto patience = std::min(end, std::chrono::steady_clock::now() + kSettlePatience);
  for (;;) {
    const auto found = shared_.api.inspect(parts_.id, "");
    if (!found.ok() || !found->running) return true;
    if (std::chrono::steady_clock::now() >= patience) return true;
    std::this_thread::sleep_for(kAskPause);
  }
}

// False when the kernel cannot be asked: the container's groups are not seen, or went with it.
bool DockerContainer::note_memory() {
  if (!parts_.ending->view().freezer) return false;
  const auto kills = parts_.ending->view().freezer->oom_kills();
  if (kills.value_or(0) > 0) out_of_memory_ = true;
  return kills.has_value();
}

bool DockerContainer::memory_exhausted() {
  if (out_of_memory_ || destroyed_ || memory_known_ || note_memory()) return out_of_memory_;
  return ask_about_memory();
}

// The daemon hears of memory and of the end some time after the connection broke, and later where
// it has much to do. A runtime that listens on has broken the connection itself. Of one that does
// not, the end is on its way: it is waited for while the call's own time lasts.
bool DockerContainer::ask_about_memory() {
  const base::Instant last = deadline_;
  base::Instant end = std::chrono::steady_clock::now() + kEndPatience;
  bool ended = false;
  for (milliseconds pause = kAskPause;; pause = std::min(2 * pause, kAskPauseMax)) {
    const auto found = shared_.api.inspect(parts_.id, "");
    if (!found.ok()) return false;
    if (found->oom_killed) return out_of_memory_ = true;
    const base::Instant now = std::chrono::steady_clock::now();
    if (!found->running && !std::exchange(ended, true)) end = now + kVerdictPatience;
    if (now >= end) {
      if (ended || now >= last || client_.listens()) return false;
      end = std::min(now + kEndPatience, last);
    }
    std::this_thread::sleep_for(pause);
  }
}

void DockerContainer::kill() {
  if (parts_.ending->kill() || parts_.ending->ended()) return;
  static_cast<void>(shared_.api.kill(parts_.id).ok());  // what has ended cannot be killed
}

// A frozen process cannot die, whoever froze it, and the daemon would wait for it.
void DockerContainer::destroy() {
  if (destroyed_) return;
  client_.close_connections();
  parts_.ending->kill();
  if (parts_.ending->view().freezer) {
    static_cast<void>(parts_.ending->view().freezer->thaw().ok());
  } else if (paused_) {
    static_cast<void>(shared_.api.unpause(parts_.id).ok());
  }
  destroyed_ = true;
  shared_.watch.remove(parts_.id);
  if (!shared_.api.remove(parts_.id).ok()) shared_.undertaker.take(parts_.id);
  parts_.ending->mark();
  parts_.log.reset();
  parts_.mount_namespace.reset();
}

}  // namespace invoker_docker
