// Hands activations to other invokers, and runs theirs: connections, and the two sides' decisions
// carried out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base_net/identity.h"
#include "base_net/sockets.h"
#include "invoker/instance.h"
#include "invoker/invoker.h"
#include "invoker_handoff/executor_side.h"
#include "invoker_handoff/owner_side.h"
#include "invoker_handoff/placement.h"

namespace invoker_handoff {

struct HandoffConfig {
  invoker::InvokerInstance instance;
  std::uint64_t incarnation = 0;  // of this process; a number that no other has had
  base_net::Address listen;       // port 0: any
  base_net::Trust trust;          // a certificate names the invoker: CN=invoker3
  OwnerConfig owner;
  ExecutorConfig executor;
  bool takes_guests = true;
  std::size_t tries_max = 2;  // offers of one activation
  // The controller's patience: twice the action's limit and a minute, at least as if the limit were
  // this. An activation that is not heard of again is given up so much earlier.
  std::chrono::milliseconds time_limit_standard{60'000};
  std::chrono::milliseconds give_up_early{15'000};
};

struct PeerAddress {
  int invoker = 0;
  base_net::Address address;

  bool operator==(const PeerAddress&) const = default;
};

// All outlive it.
struct HandoffOutside {
  Placement& placement;
  const base::Clock& clock;
  base::Logger& log;
  // The feed may take another message: that of an activation which somebody else has.
  std::function<void()> processed;
};

struct HandoffStats {
  OwnerStats owner;
  ExecutorStats executor;
  std::size_t peers_up = 0;
  std::uint64_t links_broken = 0, links_refused = 0;
};

// For people.
struct PeerState {
  int invoker = 0;
  bool up = false;
  bool takes_offers = false;  // false: not there, or avoided for a while
  std::string trouble;        // of the last try to reach it
};

// Threads: any method from any thread, except as said. It has two: one for connections and
// decisions, one that tells the feed.
class Handoff final : public invoker::Delegate {
 public:
  // Errors: kInvalidArgument (what is trusted, where to listen), kUnavailable (the port is taken).
  static base::Result<std::unique_ptr<Handoff>> start(HandoffConfig config, HandoffOutside outside);
  ~Handoff() override;

  std::uint16_t port() const;

  // Before anything is placed, and before peers are set. `engine` outlives close().
  void use(invoker::Invoker& engine);

  // All others that are known, this one left out. Of two, the one with the larger number calls.
  void set_peers(const std::vector<PeerAddress>& peers);
  // Somebody else has heard of that life just now.
  void peer_seen(int invoker, std::uint64_t incarnation);

  Verdict place(const invoker::Placeable& activation) override;
  void guest_in_trouble(invoker::GuestId guest, invoker::GuestTrouble trouble) override;
  // A guest was acknowledged.
  void guest_ended(invoker::GuestId guest);

  // For the end: nothing is offered or taken any more, what waits runs here.
  void stop_moving();
  // Waits until nothing of this invoker's is at others; false when `deadline` came first.
  bool wait_until_settled(base::Instant deadline);
  // Ends connections and threads: nobody is called any more. What is at others is theirs.
  void close();

  HandoffStats stats() const;
  std::vector<PeerState> peers() const;

 private:
  class Desk;
  explicit Handoff(std::unique_ptr<Desk> desk);
  std::unique_ptr<Desk> desk_;
};

}  // namespace invoker_handoff
