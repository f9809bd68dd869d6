// Who is served next, and what a lease's life is.
#include <algorithm>
#include <tuple>
#include <utility>

#include "gpu_leases/lease_book.h"

namespace gpu_leases {

// Of each namespace's first request: who has used least, then who came first.
std::vector<std::string> LeaseBook::order(base::Instant now) const {
  std::vector<std::tuple<double, base::Instant, std::string>> heads;
  heads.reserve(lines_.size());
  for (const auto& [name, line] : lines_) {
    heads.emplace_back(shares_.used(name, now), line.front().since, name);
  }
  std::ranges::sort(heads);
  std::vector<std::string> names;
  names.reserve(heads.size());
  for (auto& head : heads) names.push_back(std::move(std::get<std::string>(head)));
  return names;
}

// Each grant changes who has used least, so the order is made anew after it.
void LeaseBook::serve(base::Instant now, Commands& commands) {
  if (stopping_) return;
  while (serve_one(now, commands)) {
  }
  keep_ahead(now, commands);
}

bool LeaseBook::serve_one(base::Instant now, Commands& commands) {
  std::vector<bool> kept(config_.gpus.size(), false);
  for (const auto& name : order(now)) {
    const auto line = lines_.find(name);
    const Waiting& head = line->second.front();
    auto gpus = place(head.request, kept);
    if (gpus.size() == head.request.count) {
      Request request = std::move(line->second.front().request);
      line->second.pop_front();
      if (line->second.empty()) lines_.erase(line);
      --waiting_;
      settle(std::move(request), std::move(gpus), now, commands);
      return true;
    }
    if (now - head.since >= config_.passed_over_max) keep(head.request, kept);
  }
  return false;
}

void LeaseBook::settle(Request request, std::vector<GpuIndex> gpus, base::Instant now,
                       Commands& commands) {
  const LeaseId id = request.id;
  Lease& lease = leases_[id];
  lease.request = std::move(request);
  lease.gpus = std::move(gpus);
  shares_.begin(lease.request.namespace_name, share_of(lease), now);
  find_session(id, lease, now, commands);
}

double LeaseBook::share_of(const Lease& lease) const {
  double share = 0;
  for (const GpuIndex gpu : lease.gpus) {
    share += static_cast<double>(memory_of(lease.request)) /
             static_cast<double>(config_.gpus[gpu].memory_bytes);
  }
  return share;
}

void LeaseBook::grant(LeaseId id, Lease& lease, SessionId session, base::Instant now,
                      Commands& commands) {
  sessions_.at(session).state = State::kLeased;
  lease.expires = now + lease.request.lease_for;
  ++counts_.granted;
  commands.emplace_back(to_do::Grant{id, session, lease.gpus, memory_of(lease.request)});
}

void LeaseBook::refuse(LeaseId id, Refusal reason, Commands& commands) {
  ++counts_.refused;
  commands.emplace_back(to_do::Refuse{id, reason});
}

void LeaseBook::refuse_late(base::Instant now, Commands& commands) {
  for (auto line = lines_.begin(); line != lines_.end();) {
    waiting_ -= std::erase_if(line->second, [&](const Waiting& waiting) {
      const bool late = stopping_ || waiting.request.wait_until <= now;
      const auto reason = stopping_ ? Refusal::kStopping : Refusal::kTooLate;
      if (late) refuse(waiting.request.id, reason, commands);
      return late;
    });
    line = line->second.empty() ? lines_.erase(line) : std::next(line);
  }
}

// Its session is killed, not cleaned: nothing of a tenant is left for the next one then.
void LeaseBook::end_lease(std::map<LeaseId, Lease>::iterator lease, base::Instant now,
                          Commands& commands) {
  shares_.end(lease->second.request.namespace_name, share_of(lease->second), now);
  const auto session = lease->second.session;
  leases_.erase(lease);
  if (session) end_session(*session, commands);
}

}  // namespace gpu_leases
