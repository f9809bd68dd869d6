// Views under random schedules: cards late, twice, of dead and replaced nodes, of liars.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "cards.h"
#include "invoker_locality/card_codec.h"
#include "invoker_locality/fleet_view.h"
#include "invoker_locality/placement.h"

namespace {

using cards::kNow;
using invoker_locality::Ask;
using invoker_locality::Decision;
using invoker_locality::Era;
using invoker_locality::FleetView;
using invoker_locality::milliseconds;
using invoker_locality::NodeCard;
using invoker_locality::Peer;
using invoker_locality::Placement;
using invoker_locality::VolumeBytes;

// What must hold whatever was heard: nobody usable is silent for long, indexes name what is there,
// and sums are what the parts make.
void check(const FleetView& view, base::Instant now) {
  std::size_t bytes = 0;
  for (const Peer& peer : view.peers()) {
    bytes += peer.card_bytes;
    EXPECT_EQ(view.find(peer.card.life.instance), &peer);
    EXPECT_GE(peer.guest_memory_mb(), 0);
    if (view.usable(peer, now)) {
      EXPECT_LT(now - peer.heard, 3 * peer.card.next_within);
      EXPECT_TRUE(peer.heard_now);
      EXPECT_NE(peer.card.port, 0);
    }
  }
  EXPECT_EQ(bytes, view.bytes());
}

// The index by volume says what the cards say.
void check_index(const FleetView& view, const std::string& name) {
  std::map<int, int> seen;
  for (const FleetView::Holder& holder : view.holders(name, 1'000, 0)) {
    const Peer* peer = view.find(holder.instance);
    ASSERT_NE(peer, nullptr);
    ASSERT_LT(holder.volume, peer->card.volumes.size());
    EXPECT_EQ(peer->card.volumes[holder.volume].volume, name);
    EXPECT_EQ(++seen[holder.instance], 1);
  }
  for (const Peer& peer : view.peers()) {
    const bool holds = std::ranges::any_of(
        peer.card.volumes, [&](const VolumeBytes& one) { return one.volume == name; });
    EXPECT_EQ(seen.contains(peer.card.life.instance), holds);
  }
}

NodeCard some_card(std::mt19937& random, std::map<int, std::uint64_t>& versions) {
  const int id = static_cast<int>(random() % 12);
  NodeCard card = cards::card(id, versions[id] + random() % 3, random() % 8 == 0 ? 2 : 1);
  versions[id] += random() % 2;
  if (random() % 5 == 0) card.port = 0;
  card.numbers.guest_memory_mb = static_cast<std::int64_t>(random() % 4096);
  card.next_within = milliseconds(500 + random() % 5'000);
  for (int volume = 0; volume < 5; ++volume) {
    if (random() % 2 == 0) {
      cards::hold(card, "guest/v" + std::to_string(volume),
                  static_cast<std::int64_t>(random() % 1'000) * cards::kMiB, "2024");
    }
  }
  for (std::uint64_t action = 0; action < 5; ++action) {
    if (random() % 2 == 0) card.warm.push_back({action, static_cast<int>(random() % 3)});
  }
  return card;
}

TEST(ViewSchedule, HoldsItsPromisesWhateverIsHeard) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  FleetView view({.own_instance = 0, .nodes_max = 10});
  Placement placement({});
  std::map<int, std::uint64_t> versions;
  base::Instant now = kNow;
  hints::Hints hints;
  hints.locality = hints::Locality{.reads = {"v1/2024/**", "v2"}, .key = {}};
  for (int step = 0; step < 20'000; ++step) {
    now += milliseconds(random() % 300);
    const Era era = random() % 10 == 0 ? Era::kPast : Era::kNow;
    const int id = static_cast<int>(random() % 12);
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        view.hear(some_card(random, versions), 100 + random() % 1'000, era, now);
        break;
      case 3: {
        const NodeCard card = some_card(random, versions);
        view.hear(cards::pulse(card, card.version), 60, era, now);
        break;
      }
      case 4:
        view.handed(id, static_cast<std::int64_t>(random() % 512));
        break;
      case 5:
        random() % 3 == 0 ? view.accepted(id) : view.refused(id, now);
        break;
      case 6:
        random() % 10 == 0 ? view.gone(id) : view.tick(now);
        break;
      default: {
        Ask ask;
        ask.activation_id = std::to_string(step);
        ask.namespace_name = "guest";
        ask.memory_mb = 256;
        ask.warm_action = random() % 5;
        ask.hints = &hints;
        const Decision decision = placement.decide(ask, {}, view, now);
        for (const int peer : decision.peers) {
          ASSERT_NE(view.find(peer), nullptr);
          EXPECT_TRUE(view.usable(*view.find(peer), now));
        }
      }
    }
    if (step % 20 != 0) continue;
    check(view, now);
    for (int volume = 0; volume < 5; ++volume) {
      check_index(view, "guest/v" + std::to_string(volume));
    }
  }
}

// Nodes that say that everything is there and free get what they cannot take offered a few times a
// minute, and the others go on.
TEST(ViewSchedule, LiarsCostAFewOffersAMinute) {
  FleetView view({.own_instance = 0});
  Placement placement({});
  hints::Hints hints;
  hints.locality = hints::Locality{.reads = {"v1"}, .key = {}};
  NodeCard liar = cards::card(1);
  liar.numbers.guest_memory_mb = liar.numbers.free_memory_mb = liar.numbers.memory_mb = 1 << 30;
  liar.numbers.load = 0;
  liar.warm = {{7, 9'999}};
  cards::hold(liar, "guest/v1", 1LL << 41);
  NodeCard honest = cards::card(2);
  cards::hold(honest, "guest/v1", 1LL << 40);
  Ask ask;
  ask.namespace_name = "guest";
  ask.memory_mb = 256;
  ask.warm_action = 7;
  ask.hints = &hints;
  int refused = 0;
  int taken = 0;
  base::Instant now = kNow;
  for (int step = 0; step < 6'000; ++step) {  // ten minutes
    now += milliseconds(100);
    if (step % 5 == 0) {
      liar.version = honest.version = static_cast<std::uint64_t>(step) + 1;
      view.hear(liar, 100, Era::kNow, now);
      view.hear(honest, 100, Era::kNow, now);
      view.tick(now);
    }
    for (const int peer : placement.decide(ask, {}, view, now).peers) {
      if (peer == 1) {
        ++refused;
        view.refused(1, now);
      } else {
        ++taken;
        view.accepted(2);
      }
      if (peer == 2) break;
    }
  }
  EXPECT_LE(refused, 20);
  EXPECT_GE(taken, 5'900);
}

}  // namespace
