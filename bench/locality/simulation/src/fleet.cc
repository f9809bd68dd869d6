#include "fleet.h"

#include <algorithm>

#include "invoker_locality/card_codec.h"

namespace locality_simulation {

using invoker_locality::Ask;
using invoker_locality::Decision;
using invoker_locality::Due;
using invoker_locality::Era;
using invoker_locality::FleetView;
using invoker_locality::NodeCard;
using invoker_locality::NodePulse;
using invoker_locality::OwnState;
using invoker_locality::Peer;
using invoker_locality::ViewConfig;
using invoker_locality::Where;

namespace {

constexpr double kTellMs = 100;  // between two looks whether there is something to tell

std::vector<FleetView> make_views(const Config& config) {
  // Where several nodes look at one view, it is nobody's own.
  const int count = std::min(config.nodes, config.views);
  std::vector<FleetView> views;
  for (int i = 0; i < count; ++i) {
    ViewConfig view;
    view.own_instance = count == config.nodes ? i : -1;
    views.emplace_back(view);
  }
  return views;
}

}  // namespace

Fleet::Fleet(const Config& config)
    : config_(config),
      random_(config.seed),
      workload_(config_, random_),
      views_(make_views(config)) {
  end_ms_ = (config_.warm_up_s + config_.measured_s) * 1000;
  for (int i = 0; i < config_.nodes; ++i) {
    nodes_.push_back(std::make_unique<Node>(config_, i, workload_));
  }
  for (int i = 0; i < config_.volumes; ++i) {
    node(static_cast<int>(random_() % static_cast<std::uint64_t>(config_.nodes))).store(i, true);
  }
}

void Fleet::at(double ms, Event event) {
  events_.push({ms, event_number_++, std::make_shared<Event>(std::move(event))});
}

base::Instant Fleet::instant() const {
  return base::Instant() + std::chrono::hours(1) +
         std::chrono::microseconds(static_cast<std::int64_t>(now_ms_ * 1000));
}

Report Fleet::run() {
  for (int i = 0; i < config_.nodes; ++i) {
    at(kTellMs * i / config_.nodes, [this, i] { tell(i); });
  }
  at(1000, [this] { arrive(); });
  at(config_.warm_up_s * 1000, [this] {
    for (auto& one : nodes_) one->begin_measuring(now_ms_);
  });
  while (!events_.empty()) {
    const Timed next = events_.top();
    if (next.at_ms > end_ms_ && in_flight_ == 0) break;
    events_.pop();
    now_ms_ = next.at_ms;
    (*next.event)();
  }
  finish(report_);
  return report_;
}

void Fleet::tell(int id) {
  if (now_ms_ > end_ms_) return;
  Node& one = node(id);
  NodeCard card = one.card();
  const Due due = one.pacer.due(card, nodes_.size(), instant());
  if (due != Due::kNothing && config_.locality) {
    card.version = one.next_version();
    card.next_within = one.pacer.next_within(nodes_.size());
    one.pacer.sent(due, card, instant());
    const NodePulse pulse{card.life, card.version, card.next_within, card.numbers};
    const std::size_t bytes = (due == Due::kCard ? encode(card) : encode(pulse)).size();
    if (measuring()) {
      report_.messages_per_s += 1;
      report_.bytes_per_s += static_cast<double>(bytes);
    }
    // The bus keeps their order: each card's way is as long as the mean, give or take the tick.
    at(now_ms_ + std::min(workload_.draw_bus_ms(), kTellMs * 0.9), [this, due, card, pulse, bytes] {
      for (FleetView& view : views_) {
        if (due == Due::kCard) {
          view.hear(card, bytes, Era::kNow, instant());
        } else {
          view.hear(pulse, bytes, Era::kNow, instant());
        }
      }
    });
  }
  at(now_ms_ + kTellMs, [this, id] { tell(id); });
}

// The controller's books: each action has a home and, where that is full, a next one.
int Fleet::home_of(int action) {
  const auto n = static_cast<std::uint64_t>(config_.nodes);
  const std::uint64_t hash = workload_.actions()[static_cast<std::size_t>(action)].hash >> 7;
  const auto home = static_cast<int>(hash % n);
  for (int i = 0; i < config_.nodes; ++i) {
    const int id = (home + i) % config_.nodes;
    if (node(id).charged_mb + kCallMb <= config_.slots * kCallMb) return id;
  }
  return static_cast<int>(random_() % n);
}

void Fleet::arrive() {
  at(now_ms_ + workload_.next_arrival(), [this] {
    if (now_ms_ < end_ms_) arrive();
  });
  SimulatedCall call;
  call.action = workload_.draw_action();
  call.volume = workload_.draw_volume(call.action);
  call.owner = home_of(call.action);
  call.arrived_ms = now_ms_;
  call.run_ms = workload_.draw_run_ms();
  node(call.owner).charged_mb += kCallMb;
  ++in_flight_;
  call.had_room = std::ranges::any_of(nodes_, [&](const auto& one) {
    return one->holds(call.volume) && one->has_room() && one->queue.empty();
  });
  decide(call);
}

void Fleet::decide(SimulatedCall call) {
  if (!config_.locality) return run_here(call.owner, call);
  call.asked = true;
  const Decision decision = timed_decision(call);
  look_at_ages(decision, call);
  switch (decision.where) {
    case Where::kHere:
      return run_here(call.owner, call);
    case Where::kPeer:
      return offer(call, decision.peers, 0);
    case Where::kWait:
      return wait(call, decision);
  }
}

Decision Fleet::timed_decision(const SimulatedCall& call) {
  const ActionFacts& action = workload_.actions()[static_cast<std::size_t>(call.action)];
  Node& owner = node(call.owner);
  Ask ask;
  ask.activation_id = std::to_string(call.arrived_ms);
  ask.namespace_name = "guest";
  ask.action = action.name;
  ask.warm_action = action.hash;
  ask.kind = "python";
  ask.memory_mb = kCallMb;
  ask.hints = &workload_.hints();
  ask.content = &workload_.volumes()[static_cast<std::size_t>(call.volume)].content;
  const auto offset =
      std::chrono::microseconds(static_cast<std::int64_t>((now_ms_ - call.arrived_ms) * 1000));
  ask.accepted = instant() - offset;
  const OwnState own = owner.own(action);
  FleetView& view = view_of(call.owner);
  if (!config_.cpu_ns) return owner.placement.decide(ask, own, view, instant());
  const std::int64_t begun = config_.cpu_ns();
  Decision decision = owner.placement.decide(ask, own, view, instant());
  if (measuring()) {
    decisions_us_.push_back(static_cast<double>(config_.cpu_ns() - begun) / 1000);
  }
  return decision;
}

void Fleet::look_at_ages(const Decision& decision, const SimulatedCall& call) {
  if (!measuring()) return;
  for (const hints::Candidate& candidate : decision.candidates) {
    const Peer* peer = candidate.here ? nullptr : view_of(call.owner).find(candidate.node);
    if (peer == nullptr) continue;
    ages_ms_ += std::chrono::duration<double, std::milli>(instant() - peer->heard).count();
    ++ages_;
  }
}

// An offer that is refused costs a round trip, and the next one is asked; the last resort is here.
void Fleet::offer(SimulatedCall call, std::vector<int> peers, std::size_t next) {
  if (next >= peers.size() || next >= 2) {
    settle_wait(call);
    return run_here(call.owner, call);
  }
  const int peer = peers[next];
  at(now_ms_ + config_.hand_off_ms, [this, call, peers = std::move(peers), next, peer]() mutable {
    FleetView& view = view_of(call.owner);
    if (node(peer).has_room() && node(peer).queue.empty()) {
      view.handed(peer, kCallMb);
      view.accepted(peer);
      if (measuring()) ++report_.hand_offs;
      settle_wait(call);
      return begin(peer, call);
    }
    view.refused(peer, instant());
    if (measuring()) ++report_.refusals;
    offer(call, std::move(peers), next + 1);
  });
}

void Fleet::settle_wait(SimulatedCall& call) const {
  if (call.begun_waiting_ms >= 0) call.waited_ms = now_ms_ - call.begun_waiting_ms;
}

// Who waits for a peer asks that itself; who waits for room here sees it.
void Fleet::wait(SimulatedCall call, const Decision& decision) {
  if (call.begun_waiting_ms < 0) call.begun_waiting_ms = now_ms_;
  const double pause =
      std::chrono::duration<double, std::milli>(decision.again_at - instant()).count();
  const int peer = decision.peers.empty() ? -1 : decision.peers.front();
  at(now_ms_ + std::max(pause, 0.1), [this, call, peer]() mutable {
    if (peer >= 0 && node(peer).has_room() && node(peer).queue.empty()) {
      view_of(call.owner).handed(peer, kCallMb);
      if (measuring()) ++report_.hand_offs;
      settle_wait(call);
      return begin(peer, call);
    }
    decide(call);
  });
}

void Fleet::run_here(int id, SimulatedCall call) {
  settle_wait(call);
  if (node(id).has_room() && node(id).queue.empty()) return begin(id, call);
  node(id).queue.push_back(call);
}

void Fleet::begin(int id, const SimulatedCall& call) {
  Node& one = node(id);
  one.count_use(now_ms_);
  const std::int64_t missing = one.missing_bytes(call.volume);
  const double start = one.take(call);
  if (one.broken()) ++report_.wrong;
  const double bring =
      static_cast<double>(missing) / (config_.link_mib_per_ms * static_cast<double>(kMiB));
  at(now_ms_ + start + bring + call.run_ms, [this, id, call, missing] { end(id, call, missing); });
}

void Fleet::end(int id, const SimulatedCall& call, std::int64_t missing) {
  Node& one = node(id);
  one.count_use(now_ms_);
  one.give_back(call, now_ms_);
  one.store(call.volume, false);
  node(call.owner).charged_mb -= kCallMb;
  --in_flight_;
  const VolumeFacts& volume = workload_.volumes()[static_cast<std::size_t>(call.volume)];
  const std::string& action = workload_.actions()[static_cast<std::size_t>(call.action)].name;
  node(call.owner).placement.ran(action, {{volume.name, volume.bytes}}, instant());
  if (measuring() && now_ms_ <= end_ms_) count(call, missing);
  if (one.queue.empty() || !one.has_room()) return;
  const SimulatedCall next = one.queue.front();
  one.queue.pop_front();
  begin(id, next);
}

void Fleet::count(const SimulatedCall& call, std::int64_t missing) {
  const bool hit = missing == 0;
  ++report_.calls;
  report_.hits += hit ? 1 : 0;
  report_.had_room += call.had_room ? 1 : 0;
  report_.hits_with_room += hit && call.had_room ? 1 : 0;
  report_.waited += call.waited_ms > 0 ? 1 : 0;
  report_.waited_ms += call.waited_ms;
  report_.brought_mib += static_cast<double>(missing) / static_cast<double>(kMiB);
  latencies_.push_back(now_ms_ - call.arrived_ms);
}

void Fleet::finish(Report& report) {
  const double calls = std::max<double>(static_cast<double>(report.calls), 1);
  report.waited_ms /= calls;
  report.brought_mib /= calls;
  const auto quantile = [](std::vector<double>& values, double part) {
    if (values.empty()) return 0.0;
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return *at;
  };
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
  };
  report.latency_ms = mean(latencies_);
  report.latency_p99_ms = quantile(latencies_, 0.99);
  report.decision_us = mean(decisions_us_);
  report.decision_p99_us = quantile(decisions_us_, 0.99);
  double most = 0;
  double sum = 0;
  for (const auto& one : nodes_) {
    most = std::max(most, one->used_ms);
    sum += one->used_ms;
  }
  report.load_max_over_mean = sum > 0 ? most * config_.nodes / sum : 0;
  report.messages_per_s /= config_.measured_s;
  report.bytes_per_s /= config_.measured_s;
  report.view_bytes = static_cast<double>(views_.front().bytes());
  report.view_age_ms = ages_ == 0 ? 0 : ages_ms_ / static_cast<double>(ages_);
  report.wrong += in_flight_;
}

}  // namespace locality_simulation
