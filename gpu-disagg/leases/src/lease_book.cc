#include "gpu_leases/lease_book.h"

#include <algorithm>
#include <utility>

namespace gpu_leases {

LeaseBook::LeaseBook(Config config)
    : config_(std::move(config)),
      spares_(config_.gpus.size()),
      shares_(config_.half_life, config_.weights) {}

Commands LeaseBook::start(base::Instant now) {
  Commands commands;
  keep_ahead(now, commands);
  return commands;
}

Commands LeaseBook::request(Request request, base::Instant now) {
  Commands commands;
  const LeaseId id = request.id;
  if (stopping_) {
    refuse(id, Refusal::kStopping, commands);
  } else if (!fits_ever(request)) {
    refuse(id, Refusal::kNeverFits, commands);
  } else if (const auto line = lines_.find(request.namespace_name);
             waiting_ >= config_.waiting_max ||
             (line != lines_.end() && line->second.size() >= config_.waiting_per_namespace_max)) {
    refuse(id, Refusal::kFull, commands);
  } else {
    lines_[request.namespace_name].push_back({std::move(request), now});
    ++waiting_;
    serve(now, commands);
  }
  return commands;
}

Commands LeaseBook::release(LeaseId lease, base::Instant now) {
  Commands commands;
  if (const auto held = leases_.find(lease); held != leases_.end()) {
    end_lease(held, now, commands);
  }
  for (auto line = lines_.begin(); line != lines_.end();) {
    waiting_ -=
        std::erase_if(line->second, [&](const Waiting& one) { return one.request.id == lease; });
    line = line->second.empty() ? lines_.erase(line) : std::next(line);
  }
  serve(now, commands);
  return commands;
}

Commands LeaseBook::tick(base::Instant now) {
  Commands commands;
  refuse_late(now, commands);
  for (auto lease = leases_.begin(); lease != leases_.end();) {
    const auto next = std::next(lease);
    if (lease->second.expires && *lease->second.expires <= now) {
      ++counts_.expired;
      commands.emplace_back(to_do::Lost{lease->first, true});
      end_lease(lease, now, commands);
    } else if (lease->second.try_at && *lease->second.try_at <= now) {
      find_session(lease->first, lease->second, now, commands);
    }
    lease = next;
  }
  shares_.forget(now);
  serve(now, commands);
  return commands;
}

// A head that was passed over for long enough changes what is served only when something is given
// back, so it needs no deadline.
std::optional<base::Instant> LeaseBook::next_deadline() const {
  std::optional<base::Instant> first;
  const auto at = [&](const std::optional<base::Instant>& time) {
    if (time && (!first || *time < *first)) first = time;
  };
  for (const auto& [name, line] : lines_) {
    for (const auto& waiting : line) at(waiting.request.wait_until);
  }
  for (const auto& [id, lease] : leases_) {
    at(lease.expires);
    at(lease.try_at);
  }
  for (const auto& spares : spares_) at(spares.try_at);
  return first;
}

Commands LeaseBook::stop(base::Instant now) {
  Commands commands;
  stopping_ = true;
  refuse_late(now, commands);
  for (const auto& [id, session] : sessions_) {
    if (!session.lease) end_session(id, commands);
  }
  return commands;
}

LeaseStats LeaseBook::stats() const {
  LeaseStats stats = counts_;
  stats.waiting = waiting_;
  stats.held = leases_.size();
  for (const auto& [id, session] : sessions_) {
    if (session.state == State::kIdle && !session.lease) ++stats.idle_sessions;
  }
  return stats;
}

}  // namespace gpu_leases
