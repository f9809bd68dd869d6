#include "engine_watch.h"

#include <chrono>
#include <vector>

namespace invoker_docker {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// Between two tries to reach a daemon that is away.
constexpr milliseconds kPause{200};
// A daemon that has stopped without ending says as little as one to which nothing happens.
constexpr milliseconds kQuietMax{2'000};

}  // namespace

EngineWatch::EngineWatch(const EngineApi& api, const base::Clock& clock, const base::Logger& log)
    : api_(api),
      clock_(clock),
      log_(log),
      health_(clock),
      stream_(api.target()),
      since_(clock.wall()),
      thread_([this] { work(); }) {}

EngineWatch::~EngineWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  stream_.stop();
  thread_.join();
}

// Asked for once it is in the list: an event that comes before is not lost then.
void EngineWatch::add(const std::string& id, const std::string& address,
                      const std::shared_ptr<Ending>& ending) {
  if (const auto former = former_owner(id, address)) {
    log_.warn("Docker", "the daemon gave " + address + " to " + id +
                            " while another container had it: that one is ended");
    former->end();
  }
  {
    const std::lock_guard lock(mutex_);
    containers_[id] = {address, ending};
  }
  if (!ending->by_kernel()) static_cast<void>(ask(id).ok());  // asked again when it is back
}

std::shared_ptr<Ending> EngineWatch::former_owner(const std::string& id,
                                                  const std::string& address) {
  if (address.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  for (const auto& [other, watched] : containers_) {
    if (other == id || watched.address != address) continue;
    if (auto ending = watched.ending.lock(); ending != nullptr && !ending->ended()) return ending;
  }
  return nullptr;
}

void EngineWatch::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  containers_.erase(id);
}

void EngineWatch::work() {
  bool doubtful = false;  // it has been away since it was last asked for all containers
  for (;;) {
    if (doubtful && ask_for_all().ok()) {
      doubtful = false;
      note_health({});
    }
    if (!follow()) {
      doubtful = true;
      if (!wait_until_back()) return;
    }
  }
}

// False when the daemon does not answer any more. What happens between two requests is told by the
// second one.
bool EngineWatch::follow() {
  const base::WallTime begin = clock_.wall();
  const auto sink = [this](std::string_view line) {
    note(line);
    return true;
  };
  base::Status status = api_.follow_events(stream_, since_, kQuietMax, sink);
  if (status.error().code == ErrorCode::kDeadlineExceeded) status = api_.ping();
  if (stops_within(milliseconds(0))) return false;
  note_health(status);
  if (status.ok()) since_ = begin;
  return status.ok();
}

// False when there is nothing to wait for any more.
bool EngineWatch::wait_until_back() {
  for (;;) {
    if (stops_within(kPause)) return false;
    const base::Status status = api_.ping();
    if (status.ok()) return true;
    note_health(status);
  }
}

bool EngineWatch::stops_within(milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return stopping_; });
}

void EngineWatch::note_health(const base::Status& status) {
  if (!health_.note(status)) return;
  if (status.ok()) {
    log_.info("Docker", "the daemon answers again");
  } else {
    log_.warn("Docker", "the daemon does not answer: " + status.error().message);
  }
}

void EngineWatch::note(std::string_view line) {
  const auto event = parse_event(line);
  const auto ending = event ? find(event->id) : nullptr;
  if (ending == nullptr) return;
  if (event->action == "die") ending->mark();
  if (event->action == "pause") ending->note_pause();
}

// Errors: as the daemon's, when it went away again meanwhile.
base::Status EngineWatch::ask_for_all() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, watched] : containers_) ids.push_back(id);
  }
  for (const std::string& id : ids) TRY_STATUS(ask(id));
  return {};
}

// A process that the daemon has started anew under that id is not the one that we hold.
base::Status EngineWatch::ask(const std::string& id) {
  const auto found = api_.inspect(id, "");
  if (!found.ok() && found.error().code != ErrorCode::kNotFound) return found.error();
  const auto ending = find(id);
  if (ending == nullptr || ending->ended()) return {};
  const int pid = ending->view().pid;
  const bool runs = found.ok() && found->running && (pid == 0 || found->pid == pid);
  if (runs) {
    if (found->paused) ending->note_pause();
    return {};
  }
  if (ending->by_kernel()) log_.warn("Docker", "the daemon has lost container " + id + ": it ends");
  ending->end();
  return {};
}

std::shared_ptr<Ending> EngineWatch::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto at = containers_.find(id);
  return at == containers_.end() ? nullptr : at->second.ending.lock();
}

}  // namespace invoker_docker
