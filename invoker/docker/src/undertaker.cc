#include "undertaker.h"

#include <chrono>
#include <utility>

namespace invoker_docker {
namespace {
constexpr std::chrono::seconds kPause{1};
}  // namespace

Undertaker::Undertaker(const EngineApi& api, const base::Logger& log)
    : api_(api), log_(log), thread_([this] { work(); }) {}

Undertaker::~Undertaker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Undertaker::take(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    ids_.push_back(id);
  }
  changed_.notify_one();
}

void Undertaker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !ids_.empty(); });
    if (ids_.empty()) return;
    std::string id = std::move(ids_.front());
    ids_.pop_front();
    lock.unlock();
    const base::Status status = api_.remove(id);
    lock.lock();
    if (status.ok()) continue;
    if (stopping_) {
      log_.warn("Docker", "container " + id + " is left behind: " + status.error().message);
      continue;
    }
    ids_.push_back(std::move(id));
    changed_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

}  // namespace invoker_docker
