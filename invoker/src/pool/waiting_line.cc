#include "waiting_line.h"

#include "base/check.h"

namespace invoker {

namespace {

// How far behind a granted job that must still wait a smaller one is looked for.
constexpr int kLookAhead = 16;

}  // namespace

void WaitingLine::push_back(PooledJob& job) { insert(job); }

void WaitingLine::push_front(PooledJob& job) {
  job.order = --first_order_;
  insert(job);
}

void WaitingLine::insert(PooledJob& job) {
  job.place = JobPlace::kWaiting;
  job.container = nullptr;
  waiting_.emplace(job.order, &job);
  by_size_[job.memory_bytes].emplace(job.order, &job);
  job.key->waiting.emplace(job.order, &job);
  if (job.stem != nullptr) job.stem->waiting.emplace(job.order, &job);
}

void WaitingLine::leave_search(const PooledJob& job) {
  waiting_.erase(job.order);
  const auto size = by_size_.find(job.memory_bytes);
  size->second.erase(job.order);
  if (size->second.empty()) by_size_.erase(size);
}

void WaitingLine::grant(PooledJob& job) {
  CHECK(job.place == JobPlace::kWaiting);
  leave_search(job);
  job.place = JobPlace::kGranted;
  job.grant_order = ++last_grant_;
  granted_.emplace(job.grant_order, &job);
}

void WaitingLine::remove(PooledJob& job) {
  if (job.place == JobPlace::kGranted) {
    granted_.erase(job.grant_order);
  } else {
    leave_search(job);
  }
  job.key->waiting.erase(job.order);
  if (job.stem != nullptr) job.stem->waiting.erase(job.order);
  job.place = JobPlace::kNowhere;
}

PooledJob* WaitingLine::oldest_fitting(std::int64_t bytes) const {
  PooledJob* oldest = nullptr;
  for (auto size = by_size_.begin(); size != by_size_.end() && size->first <= bytes; ++size) {
    PooledJob* first = size->second.begin()->second;
    if (oldest == nullptr || first->order < oldest->order) oldest = first;
  }
  return oldest;
}

PooledJob* WaitingLine::granted_fitting(std::int64_t bytes, base::Instant strict_before) const {
  int looked = 0;
  for (const auto& [order, job] : granted_) {
    if (job->memory_bytes <= bytes) return job;
    if (job->submitted <= strict_before || ++looked == kLookAhead) break;
  }
  return nullptr;
}

}  // namespace invoker
