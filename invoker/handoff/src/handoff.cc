#include "invoker_handoff/handoff.h"

#include <utility>

#include "desk.h"

namespace invoker_handoff {

base::Result<std::unique_ptr<Handoff>> Handoff::start(HandoffConfig config,
                                                      HandoffOutside outside) {
  TRY(auto identity, base_net::Identity::make(config.trust));
  TRY(base::UniqueFd listener, base_net::listen_at(config.listen));
  TRY(const std::uint16_t port, base_net::port_of(listener));
  return std::unique_ptr<Handoff>(new Handoff(std::make_unique<Desk>(
      std::move(config), std::move(outside), std::move(identity), std::move(listener), port)));
}

Handoff::Handoff(std::unique_ptr<Desk> desk) : desk_(std::move(desk)) {}
Handoff::~Handoff() = default;

std::uint16_t Handoff::port() const { return desk_->port(); }
void Handoff::use(invoker::Invoker& engine) { desk_->use(engine); }
void Handoff::set_peers(const std::vector<PeerAddress>& peers) { desk_->set_peers(peers); }
void Handoff::peer_seen(int invoker, std::uint64_t incarnation) {
  desk_->peer_seen(invoker, incarnation);
}
invoker::Delegate::Verdict Handoff::place(const invoker::Placeable& activation) {
  return desk_->place(activation);
}
void Handoff::guest_in_trouble(invoker::GuestId guest, invoker::GuestTrouble trouble) {
  desk_->guest_in_trouble(guest, trouble);
}
void Handoff::guest_ended(invoker::GuestId guest) { desk_->guest_ended(guest); }
void Handoff::stop_moving() { desk_->stop_moving(); }
bool Handoff::wait_until_settled(base::Instant deadline) {
  return desk_->wait_until_settled(deadline);
}
void Handoff::close() { desk_->close(); }
HandoffStats Handoff::stats() const { return desk_->stats(); }
std::vector<PeerState> Handoff::peers() const { return desk_->peers(); }

}  // namespace invoker_handoff
