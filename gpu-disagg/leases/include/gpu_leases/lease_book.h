// Who has which GPU of a node, who waits, and which session processes there are: no I/O, only
// decisions.
//
//   request ─ place ─→ placed ─ session ready ─→ granted ─ release, expiry, session gone ─→ over
//      └ none ─→ waiting ─→ placed, or refused when its time is up
//   session: starting ─→ idle ─→ leased ─→ ending ─→ gone     (one lease, then it is replaced)
//
// Memory belongs to a lease until its session is gone, not until it is given back: the next tenant
// must not meet a driver that still holds it. Who waits is served by namespace, the one that has
// used least first, and within one in the order of asking. Smaller requests may overtake one that
// does not fit, but not for longer than `passed_over_max`: then the GPUs it needs are kept free.
//
// Threads: one at a time. Time: never goes back from one event to the next. Errors: none; events
// about leases and sessions that are not known do nothing (they may have crossed a command).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gpu_leases/fair_share.h"
#include "gpu_leases/quote.h"
#include "gpu_leases/terms.h"

namespace gpu_leases {

struct LeaseStats {
  std::uint64_t granted = 0, granted_at_once = 0, refused = 0, expired = 0, lost = 0;
  std::size_t waiting = 0, held = 0, idle_sessions = 0;
};

class LeaseBook {
 public:
  // `config` has at least one GPU.
  explicit LeaseBook(Config config);

  // Begins the sessions that are kept ahead.
  Commands start(base::Instant now);

  Commands request(Request request, base::Instant now);
  // The activation is over, or nobody wants the place any more.
  Commands release(LeaseId lease, base::Instant now);
  Commands session_ready(SessionId session, base::Instant now);
  Commands session_gone(SessionId session, base::Instant now);

  Commands tick(base::Instant now);
  std::optional<base::Instant> next_deadline() const;

  // From now on nothing new is granted or started; whoever waits is refused.
  Commands stop(base::Instant now);

  // What somebody who asks several nodes needs to choose one.
  Quote quote(const Request& request) const;

  LeaseStats stats() const;
  // Bytes of a GPU that neither a lease nor a session holds or is kept for.
  std::uint64_t free_bytes(GpuIndex gpu) const;

 private:
  enum class State : std::uint8_t { kStarting, kIdle, kLeased, kEnding };
  struct Session {
    State state = State::kStarting;
    std::vector<GpuIndex> gpus{};
    std::optional<LeaseId> lease{};  // also while it starts for one
    std::uint64_t memory_bytes = 0;  // of its lease, on each GPU, until it is gone
  };
  struct Waiting {
    Request request;
    base::Instant since;
  };
  struct Lease {
    Request request;
    std::vector<GpuIndex> gpus;
    std::optional<SessionId> session;
    std::optional<base::Instant> expires;  // granted
    std::optional<base::Instant> try_at;   // another session, after one that ended too soon
    int failures = 0;
  };
  // Kept ahead on one GPU.
  struct Spares {
    int failures = 0;  // in a row
    std::optional<base::Instant> try_at;
  };
  using Line = std::deque<Waiting>;

  // ---- placing.cc
  std::uint64_t memory_of(const Request& request) const;
  bool is_of_kind(const Request& request, GpuIndex gpu) const;
  bool fits_ever(const Request& request) const;
  bool fits(const Request& request, GpuIndex gpu) const;
  // Best first; fewer than `count` where there is no place. `kept` are not to be used.
  std::vector<GpuIndex> place(const Request& request, const std::vector<bool>& kept) const;
  void keep(const Request& request, std::vector<bool>& kept) const;
  std::size_t leases_on(GpuIndex gpu, const std::string* namespace_name) const;

  // ---- grants.cc
  void serve(base::Instant now, Commands& commands);
  bool serve_one(base::Instant now, Commands& commands);
  std::vector<std::string> order(base::Instant now) const;
  void settle(Request request, std::vector<GpuIndex> gpus, base::Instant now, Commands& commands);
  void grant(LeaseId id, Lease& lease, SessionId session, base::Instant now, Commands& commands);
  void refuse(LeaseId id, Refusal reason, Commands& commands);
  void refuse_late(base::Instant now, Commands& commands);
  void end_lease(std::map<LeaseId, Lease>::iterator lease, base::Instant now, Commands& commands);
  double share_of(const Lease& lease) const;

  // ---- sessions.cc
  void find_session(LeaseId id, Lease& lease, base::Instant now, Commands& commands);
  SessionId start_session(std::vector<GpuIndex> gpus, Commands& commands);
  void end_session(SessionId id, Commands& commands);
  void keep_ahead(base::Instant now, Commands& commands);
  void lost_before_ready(LeaseId id, base::Instant now, Commands& commands);
  std::size_t spare_sessions(GpuIndex gpu) const;

  const Config config_;
  bool stopping_ = false;
  std::uint64_t last_session_ = 0;
  std::map<std::string, Line> lines_;  // by namespace; none is empty
  std::size_t waiting_ = 0;
  std::map<LeaseId, Lease> leases_;
  std::map<SessionId, Session> sessions_;
  std::vector<Spares> spares_;
  FairShare shares_;
  LeaseStats counts_;
};

}  // namespace gpu_leases
