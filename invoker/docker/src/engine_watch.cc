#include "engine_watch.h"

#include <chrono>
#include <vector>

namespace invoker_docker {
namespace {
constexpr std::chrono::milliseconds kPause{200};
}  // namespace

EngineWatch::EngineWatch(const EngineApi& api, const base::Clock& clock, const base::Logger& log)
    : api_(api), clock_(clock), log_(log), stream_(api.target()), thread_([this] { work(); }) {}

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
void EngineWatch::add(const std::string& id, const std::shared_ptr<Ending>& ending) {
  {
    const std::lock_guard lock(mutex_);
    endings_[id] = ending;
  }
  ask(id);
}

void EngineWatch::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  endings_.erase(id);
}

void EngineWatch::work() {
  bool told = false;
  base::WallTime since = clock_.wall();
  for (;;) {
    const base::Status status = api_.follow_events(stream_, since, [&](std::string_view line) {
      note(line);
      return true;
    });
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (!told) log_.warn("Docker", "the daemon's events broke off: " + status.error().message);
    told = true;
    if (changed_.wait_for(lock, kPause, [this] { return stopping_; })) return;
    lock.unlock();
    since = clock_.wall();  // what happens between asking and following is told then
    ask_again();
  }
}

void EngineWatch::note(std::string_view line) {
  if (const auto event = parse_event(line); event && event->action == "die") mark(event->id);
}

void EngineWatch::ask_again() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, ending] : endings_) ids.push_back(id);
  }
  for (const std::string& id : ids) ask(id);
}

void EngineWatch::ask(const std::string& id) {
  const auto found = api_.inspect(id, "");
  const bool gone = !found.ok() && found.error().code == base::ErrorCode::kNotFound;
  if (gone || (found.ok() && !found->running)) mark(id);
}

void EngineWatch::mark(const std::string& id) {
  std::shared_ptr<Ending> ending;
  {
    const std::lock_guard lock(mutex_);
    const auto at = endings_.find(id);
    if (at != endings_.end()) ending = at->second.lock();
  }
  if (ending != nullptr) ending->mark();
}

}  // namespace invoker_docker
