#include "undertaker.h"

#include <chrono>
#include <utility>

#include "forgotten.h"

namespace invoker_docker {
namespace {

using base::ErrorCode;

bool is_away(const base::Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

}  // namespace

Undertaker::Undertaker(const EngineApi& api, const base::Logger& log, base::milliseconds pause)
    : api_(api), log_(log), pause_(pause), thread_([this] { work(); }) {}

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

void Undertaker::expect(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    expected_[name] = kExpectedRounds;
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
base::Status Undertaker::go_round(const std::vector<std::string>& ids,
                                  const std::vector<std::string>& names) {
  end_processes_of(ids);
  base::Status trouble;
  for (const std::string& name : names) TRY_STATUS(look_for(name));
  for (const std::string& id : ids) {
    const base::Status status = api_.remove(id);
    if (!status.ok() && is_away(status.error())) return status;
    if (status.ok()) drop(id);
    if (!status.ok()) trouble = status;
  }
  return trouble;
}

// Errors: the daemon is away, so nothing is known of it.
base::Status Undertaker::look_for(const std::string& name) {
  const auto removed = api_.remove_if_there(name);
  if (!removed.ok() && is_away(removed.error())) return removed.error();
  const std::lock_guard lock(mutex_);
  const auto at = expected_.find(name);
  if (at == expected_.end()) return {};
  const bool found = removed.ok() && *removed;
  if (found || --at->second == 0) expected_.erase(at);
  return {};
}

void Undertaker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !idle(); });
    const bool last = stopping_;
    const std::vector<std::string> ids = ids_;
    std::vector<std::string> names;
    names.reserve(expected_.size());
    for (const auto& [name, rounds] : expected_) names.push_back(name);
    lock.unlock();
    const base::Status status = go_round(ids, names);
    lock.lock();
    if (last && !ids_.empty()) {
      log_.warn("Docker", std::to_string(ids_.size()) + " containers are left behind" +
                              (status.ok() ? "" : ": " + status.error().message));
    }
    if (last) return;
    if (!status.ok() || !idle()) changed_.wait_for(lock, pause_, [this] { return stopping_; });
  }
}

}  // namespace invoker_docker
