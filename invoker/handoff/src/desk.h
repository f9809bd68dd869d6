// Both sides' decisions and what carries them out.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base_net/event_loop.h"
#include "errands.h"
#include "invoker_handoff/handoff.h"
#include "links.h"

namespace invoker_handoff {

// Threads: public methods from any; what is below the line runs on the loop's.
class Handoff::Desk final : Links::User {
 public:
  Desk(HandoffConfig config, HandoffOutside outside,
       std::shared_ptr<const base_net::Identity> identity, base::UniqueFd listener,
       std::uint16_t port);
  ~Desk() override;

  std::uint16_t port() const { return port_; }
  void use(invoker::Invoker& engine);
  void set_peers(const std::vector<PeerAddress>& peers);
  void peer_seen(int invoker, std::uint64_t incarnation);
  invoker::Delegate::Verdict place(const invoker::Placeable& activation);
  void guest_in_trouble(GuestId guest, invoker::GuestTrouble trouble);
  void guest_ended(GuestId guest);
  void stop_moving();
  bool wait_until_settled(base::Instant deadline);
  void close();
  HandoffStats stats() const;
  std::vector<PeerState> peers() const;

 private:
  // One activation of this invoker's that may go elsewhere.
  struct Task {
    invoker::JobId job{};
    invoker::JobDemand demand;
    std::shared_ptr<const std::string> message;
    std::string activation_id, action, transaction;
    base::Instant accepted, give_up;
    microseconds decision{};
    Choice choice;
    std::size_t next = 0;   // of choice.peers
    std::size_t tries = 0;  // offers
    int peer = -1;          // of the last offer
    base::Instant offered{};
    bool place_given_back = false;
  };
  using SharedTask = std::shared_ptr<Task>;
  struct Guest {
    Ticket ticket = 0;
    int owner = 0;
    std::optional<invoker::JobDemand> demand;  // until it was asked for
    std::optional<invoker::ActivationMessage> message;
    base::Json locality;
  };

  // --- On the loop's thread ---
  void begin(const SharedTask& task);
  void wait(const SharedTask& task);
  void offer_next(const SharedTask& task);
  void nobody_took(const SharedTask& task);
  void run_here(const SharedTask& task);
  void settled();
  void commit(const SharedTask& task, Ticket ticket, milliseconds start_within);

  void peer_up(int peer, std::uint64_t incarnation) override;
  void peer_down(int peer) override;
  void heard(int peer, Message message) override;
  void hear(int /*peer*/, const Greet& /*greet*/) {}
  void hear(int peer, Offer& offer);
  void hear(int peer, const Answer& answer);
  void hear(int peer, const Withdraw& withdraw);
  void hear(int peer, Commit& commit);
  void hear(int peer, const Ask& ask);
  void hear(int peer, const NotStarted& not_started);
  void hear(int peer, const Underway& underway);
  void hear(int peer, const Done& done);
  bool read(const Commit& commit, int peer, GuestId id, Guest& guest) const;

  void obey(const OwnerCommands& commands);
  void obey(const ExecutorCommands& commands);
  void act(const to_do::SendOffer& command);
  void act(const to_do::SendCommit& command);
  void act(const to_do::SendWithdraw& command);
  void act(const to_do::SendAsk& command);
  void act(const to_do::Returned& command);
  void act(const to_do::Finished& command);
  void act(const to_do::Lost& command);
  void act(const to_do::Reserve& command);
  void act(const to_do::Release& command);
  void act(const to_do::Begin& command);
  void act(const to_do::TakeOut& command);
  void act(const to_do::Fail& command);
  void act(const to_do::SendAnswer& command);
  void act(const to_do::SendNotStarted& command);
  void act(const to_do::SendUnderway& command);
  void act(const to_do::SendDone& command);
  void keep_time();
  SharedTask take_task(Ticket ticket);
  template <typename Answer>
  Answer ask_loop(std::function<Answer()> answer) const;
  base::Instant now() const { return outside_.clock.now(); }

  const HandoffConfig config_;
  const HandoffOutside outside_;
  const base::Logger log_;
  base::UniqueFd listener_;  // until use()
  const std::uint16_t port_;
  const std::string instance_json_;
  invoker::Invoker* engine_ = nullptr;
  std::atomic<bool> moving_ = true;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable settled_;
  std::size_t unsettled_ = 0;  // tasks
  std::set<int> up_;           // peers
  bool closed_ = false;

  // The loop's thread alone.
  OwnerSide owner_;
  ExecutorSide executor_;
  Ticket last_ticket_ = 0;
  std::unordered_map<Ticket, SharedTask> tasks_;
  std::map<std::uint64_t, SharedTask> waiting_;
  std::uint64_t last_waiting_ = 0;
  std::unordered_map<GuestId, Guest> guests_;
  std::optional<base_net::EventLoop::Timer> timer_;

  Errands errands_;
  mutable base_net::EventLoop loop_;
  Links links_;
};

}  // namespace invoker_handoff
