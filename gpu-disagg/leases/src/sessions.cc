// Session processes: kept ahead, given to a lease, replaced.
#include <algorithm>
#include <utility>

#include "gpu_leases/lease_book.h"

namespace gpu_leases {
namespace {

constexpr int kFailuresMax = 3;  // sessions in a row that end before they are ready, for one lease
constexpr milliseconds kFirstPause{100};
constexpr int kDoublingsMax = 7;  // 12.8 s

milliseconds pause_after(int failures) {
  return kFirstPause * (1 << std::min(failures - 1, kDoublingsMax));
}

}  // namespace

// One that is idle, else one that starts for nobody yet, else a new one.
void LeaseBook::find_session(LeaseId id, Lease& lease, base::Instant now, Commands& commands) {
  auto chosen = sessions_.end();
  for (auto session = sessions_.begin(); session != sessions_.end(); ++session) {
    const Session& one = session->second;
    if (one.lease || one.gpus != lease.gpus || one.state == State::kEnding) continue;
    if (one.state == State::kIdle) {
      chosen = session;
      break;
    }
    if (chosen == sessions_.end()) chosen = session;
  }
  if (chosen == sessions_.end()) chosen = sessions_.find(start_session(lease.gpus, commands));
  chosen->second.lease = id;
  chosen->second.memory_bytes = memory_of(lease.request);
  lease.session = chosen->first;
  lease.try_at.reset();
  if (chosen->second.state != State::kIdle) return;
  ++counts_.granted_at_once;
  grant(id, lease, chosen->first, now, commands);
}

SessionId LeaseBook::start_session(std::vector<GpuIndex> gpus, Commands& commands) {
  const SessionId id{++last_session_};
  commands.emplace_back(to_do::StartSession{id, gpus});
  sessions_.emplace(id, Session{.state = State::kStarting, .gpus = std::move(gpus)});
  return id;
}

void LeaseBook::end_session(SessionId id, Commands& commands) {
  Session& session = sessions_.at(id);
  if (session.state == State::kEnding) return;
  session.state = State::kEnding;
  commands.emplace_back(to_do::EndSession{id});
}

std::size_t LeaseBook::spare_sessions(GpuIndex gpu) const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [&](const auto& entry) {
    const Session& session = entry.second;
    return !session.lease && session.state != State::kEnding && session.gpus.front() == gpu;
  }));
}

void LeaseBook::keep_ahead(base::Instant now, Commands& commands) {
  if (stopping_) return;
  for (GpuIndex gpu = 0; gpu < spares_.size(); ++gpu) {
    if (spares_[gpu].try_at && now < *spares_[gpu].try_at) continue;
    spares_[gpu].try_at.reset();
    while (spare_sessions(gpu) < config_.idle_sessions) start_session({gpu}, commands);
  }
}

Commands LeaseBook::session_ready(SessionId session, base::Instant now) {
  Commands commands;
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.state != State::kStarting) return commands;
  found->second.state = State::kIdle;
  if (found->second.gpus.size() == 1) spares_[found->second.gpus.front()] = {};
  if (!found->second.lease) return commands;
  const LeaseId lease = *found->second.lease;
  grant(lease, leases_.at(lease), session, now, commands);
  return commands;
}

Commands LeaseBook::session_gone(SessionId session, base::Instant now) {
  Commands commands;
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return commands;
  const Session gone = std::move(found->second);
  sessions_.erase(found);
  if (gone.state == State::kStarting && gone.gpus.size() == 1) {
    Spares& spares = spares_[gone.gpus.front()];
    spares.try_at = now + pause_after(++spares.failures);
  }
  const bool held = gone.lease && leases_.contains(*gone.lease);
  if (held && gone.state == State::kStarting) {
    lost_before_ready(*gone.lease, now, commands);
  } else if (held) {
    const auto lease = leases_.find(*gone.lease);
    lease->second.session.reset();
    ++counts_.lost;
    commands.emplace_back(to_do::Lost{lease->first, false});
    end_lease(lease, now, commands);
  }
  serve(now, commands);
  return commands;
}

// The place stays the lease's: only the process is tried again.
void LeaseBook::lost_before_ready(LeaseId id, base::Instant now, Commands& commands) {
  const auto lease = leases_.find(id);
  lease->second.session.reset();
  if (++lease->second.failures >= kFailuresMax || stopping_) {
    refuse(id, Refusal::kNoSession, commands);
    end_lease(lease, now, commands);
    return;
  }
  lease->second.try_at = now + pause_after(lease->second.failures);
}

}  // namespace gpu_leases
