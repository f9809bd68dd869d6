// When a node speaks.
#include "invoker_locality/card_pacer.h"

#include <gtest/gtest.h>

#include "cards.h"

namespace {

using invoker_locality::CardPacer;
using invoker_locality::Due;
using invoker_locality::NodeCard;
using std::chrono::milliseconds;

TEST(CardPacer, TellsACardFirstThenWhatChangedThenThatItLives) {
  CardPacer pacer({});
  NodeCard card = cards::card(1);
  base::Instant now = cards::kNow;
  EXPECT_EQ(pacer.due(card, 3, now), Due::kCard);
  pacer.sent(Due::kCard, card, now);
  EXPECT_EQ(pacer.due(card, 3, now += milliseconds(1'000)), Due::kNothing);
  card.numbers.guest_memory_mb -= 100;
  EXPECT_EQ(pacer.due(card, 3, now), Due::kNothing) << "that is no news";
  card.numbers.guest_memory_mb -= 200;
  EXPECT_EQ(pacer.due(card, 3, now), Due::kPulse);
  pacer.sent(Due::kPulse, card, now);
  cards::hold(card, "guest/photos", cards::kMiB);
  EXPECT_EQ(pacer.due(card, 3, now), Due::kNothing) << "cards are not told more often";
  EXPECT_EQ(pacer.due(card, 3, now += milliseconds(1'000)), Due::kCard);
  pacer.sent(Due::kCard, card, now);
  EXPECT_EQ(pacer.due(card, 3, now + milliseconds(4'999)), Due::kNothing);
  EXPECT_EQ(pacer.due(card, 3, now + milliseconds(5'000)), Due::kPulse);
}

TEST(CardPacer, ATurnOfTheSwitchIsToldAtOnceAndDriftOfBytesIsNot) {
  CardPacer pacer({});
  NodeCard card = cards::card(1);
  cards::hold(card, "guest/photos", 100 * cards::kMiB);
  pacer.sent(Due::kCard, card, cards::kNow);
  const base::Instant later = cards::kNow + milliseconds(3'000);
  card.volumes[0].prefixes[0].sealed += 4 * cards::kMiB;
  EXPECT_EQ(pacer.due(card, 3, later), Due::kNothing);
  card.volumes[0].prefixes[0].sealed += 2 * cards::kMiB;
  EXPECT_EQ(pacer.due(card, 3, later), Due::kCard);
  card.volumes[0].prefixes[0].sealed -= 6 * cards::kMiB;
  card.numbers.takes_guests = false;
  EXPECT_EQ(pacer.due(card, 3, cards::kNow + milliseconds(500)), Due::kPulse);
}

// Whatever the size of the fleet, all nodes together send a bounded number a second.
TEST(CardPacer, MessagesOfTheWholeFleetAreBounded) {
  for (const std::size_t nodes : {3U, 100U, 1'000U, 5'000U}) {
    CardPacer pacer({});
    NodeCard card = cards::card(1);
    int sent = 0;
    base::Instant silent_since = cards::kNow;
    for (int ms = 0; ms < 300'000; ms += 50) {
      const base::Instant now = cards::kNow + milliseconds(ms);
      card.numbers.guest_memory_mb = ms % 100 == 0 ? 0 : 2048;  // restless
      card.warm.assign(1, {static_cast<std::uint64_t>(ms), 1});
      const Due due = pacer.due(card, nodes, now);
      if (due == Due::kNothing) continue;
      EXPECT_LT(now - silent_since, pacer.next_within(nodes));
      silent_since = now;
      pacer.sent(due, card, now);
      ++sent;
    }
    const double all_per_second = sent / 300.0 * static_cast<double>(nodes);
    EXPECT_LE(all_per_second, std::max(350.0, static_cast<double>(nodes) * 2.5 * (nodes < 100)))
        << nodes;
    EXPECT_GE(sent, 10);
  }
}

}  // namespace
