#include "invoker_handoff/drill.h"

#include <algorithm>
#include <utility>

namespace invoker_handoff {
namespace {

base::Json in_ms(microseconds time) {
  const auto fraction = std::to_string(1000 + time.count() % 1000).substr(1);
  return base::Json::number(std::to_string(time.count() / 1000) + "." + fraction);
}

}  // namespace

Drill::Drill(int own, int percent, std::vector<int> peers, Placement* next)
    : own_(own), percent_(percent), peers_(std::move(peers)), next_(next) {}

Choice Drill::choose(const invoker::Placeable& activation, base::Instant now) {
  const std::uint64_t number = count_++;
  const auto percent = static_cast<std::uint64_t>(percent_);
  // Spread evenly, and exact over any hundred.
  const bool is_due = (number + 1) * percent / 100 != number * percent / 100;
  if (!is_due || peers_.empty()) {
    return next_ == nullptr ? Choice{} : next_->choose(activation, now);
  }
  Choice choice;
  choice.where = Choice::Where::kPeer;
  choice.peers = peers_;
  std::ranges::rotate(choice.peers,
                      choice.peers.begin() + static_cast<std::ptrdiff_t>(number % peers_.size()));
  choice.note = [own = own_](int invoker, microseconds decision, microseconds waited) {
    return base::Json::object({{"result", invoker == own ? "miss" : "handoff"},
                               {"from", own},
                               {"to", invoker},
                               {"decisionMs", in_ms(decision)},
                               {"waitedMs", in_ms(waited)},
                               {"why", "drill"}});
  };
  return choice;
}

void Drill::accepted(int peer, const invoker::JobDemand& demand, microseconds took) {
  if (next_ != nullptr) next_->accepted(peer, demand, took);
}

void Drill::refused(int peer) {
  if (next_ != nullptr) next_->refused(peer);
}

}  // namespace invoker_handoff
