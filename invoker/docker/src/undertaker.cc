#include "undertaker.h"

#include <chrono>
#include <utility>

#include "forgotten.h"

namespace invoker_docker {
namespace {

using base::ErrorCode;

constexpr std::chrono::seconds kPause{1};

bool is_away(const base::Status& status) {
  return !status.ok() && (status.error().code == ErrorCode::kUnavailable ||
                          status.error().code == ErrorCode::kDeadlineExceeded);
}

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

void Undertaker::end_processes() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    ids = ids_;
  }
  if (!ids.empty()) end_processes_of(ids);
}

void Undertaker::drop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase(ids_, id);
}

// Processes go first: the daemon may not know of them, and when it has forgotten the container
// nobody could find them any more.
base::Status Undertaker::go_round(const std::vector<std::string>& ids) {
  end_processes_of(ids);
  base::Status trouble;
  for (const std::string& id : ids) {
    const base::Status status = api_.remove(id);
    if (is_away(status)) return status;
    if (status.ok()) drop(id);
    if (!status.ok()) trouble = status;
  }
  return trouble;
}

void Undertaker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !ids_.empty(); });
    const bool last = stopping_;
    const std::vector<std::string> ids = ids_;
    lock.unlock();
    const base::Status status = go_round(ids);
    lock.lock();
    if (last && !ids_.empty()) {
      log_.warn("Docker", std::to_string(ids_.size()) +
                              " containers are left behind: " + status.error().message);
    }
    if (last) return;
    if (!status.ok()) changed_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

}  // namespace invoker_docker
