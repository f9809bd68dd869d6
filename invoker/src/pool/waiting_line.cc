#include "waiting_line.h"

#include <algorithm>

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
  job.key->waiting.emplace(job.order, &job);
  job.key->unpromised.emplace(job.order, &job);
  if (job.stem != nullptr) job.stem->waiting.emplace(job.order, &job);
  reconsider(*job.key);
}

void WaitingLine::leave_search(const PooledJob& job) {
  waiting_.erase(job.order);
  job.key->unpromised.erase(job.order);
}

void WaitingLine::grant(PooledJob& job) {
  CHECK(job.place == JobPlace::kWaiting);
  leave_search(job);
  job.place = JobPlace::kGranted;
  job.grant_order = ++last_grant_;
  granted_.emplace(job.grant_order, &job);
  reconsider(*job.key);
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
  reconsider(*job.key);
}

void WaitingLine::reconsider(WarmKey& key) {
  forget_candidate(key);
  if (key.unpromised.empty()) return;
  key.candidate = key.unpromised.begin()->second;
  judge(key);
  search_of(key)[key.candidate->memory_bytes].emplace(key.candidate->order, key.candidate);
  if (!key.modest_until) return;
  modest_until_.emplace(std::pair(*key.modest_until, key.candidate->order), &key);
}

void WaitingLine::forget_candidate(WarmKey& key) {
  if (key.candidate == nullptr) return;
  BySize& search = search_of(key);
  const auto size = search.find(key.candidate->memory_bytes);
  size->second.erase(key.candidate->order);
  if (size->second.empty()) search.erase(size);
  if (key.modest_until) modest_until_.erase({*key.modest_until, key.candidate->order});
  key.candidate = nullptr;
}

// The patience begins again with each new container: first it shall do for the line what it can.
void WaitingLine::judge(WarmKey& key) const {
  key.modest_until.reset();
  key.modest = patience_.count() > 0 && key.live + key.promised() > 0;
  if (!key.modest || key.forming + key.promised() > 0) return;
  const base::Instant end = std::max(key.candidate->submitted, key.ready_at) + patience_;
  key.modest = end > now_;
  if (key.modest) key.modest_until = end;
}

void WaitingLine::advance(base::Instant now) {
  now_ = now;
  while (!modest_until_.empty() && modest_until_.begin()->first.first <= now) {
    reconsider(*modest_until_.begin()->second);
  }
}

std::optional<base::Instant> WaitingLine::next_modesty_end() const {
  if (modest_until_.empty()) return std::nullopt;
  return modest_until_.begin()->first.first;
}

PooledJob* WaitingLine::oldest_in(const BySize& jobs, std::int64_t bytes) {
  PooledJob* oldest = nullptr;
  for (auto size = jobs.begin(); size != jobs.end() && size->first <= bytes; ++size) {
    PooledJob* first = size->second.begin()->second;
    if (oldest == nullptr || first->order < oldest->order) oldest = first;
  }
  return oldest;
}

PooledJob* WaitingLine::oldest_fitting(Bytes bytes) const {
  PooledJob* const modest = oldest_in(modest_, bytes.modest);
  PooledJob* const other = oldest_in(immodest_, bytes.any);
  if (modest == nullptr || other == nullptr) return modest == nullptr ? other : modest;
  return modest->order < other->order ? modest : other;
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
