// What an invoker believes of the others.
#include "invoker_locality/fleet_view.h"

#include <gtest/gtest.h>

#include "cards.h"

namespace {

using cards::card;
using cards::kMiB;
using cards::kNow;
using cards::pulse;
using invoker_locality::bytes_below;
using invoker_locality::Era;
using invoker_locality::FleetView;
using invoker_locality::NodeCard;
using invoker_locality::Standing;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class View : public testing::Test {
 protected:
  void hear(const NodeCard& one, base::Instant now, Era era = Era::kNow) {
    view_.hear(one, 1000, era, now);
  }
  Standing standing(int instance, base::Instant now) const {
    return view_.standing(*view_.find(instance), now);
  }

  FleetView view_{{.own_instance = 0}};
};

TEST_F(View, ANodeIsGoodWhileItKeepsItsPromiseToBeHeard) {
  hear(card(1), kNow);
  EXPECT_EQ(standing(1, kNow), Standing::kGood);
  EXPECT_EQ(standing(1, kNow + milliseconds(14'999)), Standing::kGood);
  EXPECT_EQ(standing(1, kNow + seconds(15)), Standing::kLapsed);
  view_.hear(pulse(card(1), 2), 60, Era::kNow, kNow + seconds(15));
  EXPECT_EQ(standing(1, kNow + seconds(15)), Standing::kGood);
}

TEST_F(View, AViewThatIsMinutesOldOffersNothingToAnybody) {
  for (int i = 1; i <= 10; ++i) hear(card(i), kNow);
  for (const auto& peer : view_.peers()) EXPECT_FALSE(view_.usable(peer, kNow + minutes(3)));
  view_.tick(kNow + minutes(3));
  EXPECT_EQ(view_.peers().size(), 10U) << "kept, in case that only the bus was away";
  view_.tick(kNow + minutes(10));
  EXPECT_TRUE(view_.peers().empty());
}

TEST_F(View, WhatWasSaidBeforeThisInvokerBeganIsNotBelieved) {
  hear(card(1), kNow, Era::kPast);
  EXPECT_EQ(standing(1, kNow), Standing::kNotHeard);
  view_.hear(pulse(card(1), 2), 60, Era::kNow, kNow + seconds(1));
  EXPECT_EQ(standing(1, kNow + seconds(1)), Standing::kGood);
}

TEST_F(View, TheLaterVersionCountsWhateverTheOrder) {
  NodeCard later = card(1, 5);
  later.numbers.guest_memory_mb = 100;
  hear(later, kNow);
  hear(card(1, 4), kNow + seconds(1));
  view_.hear(pulse(card(1), 3), 60, Era::kNow, kNow + seconds(1));
  EXPECT_EQ(view_.find(1)->guest_memory_mb(), 100);
  EXPECT_EQ(view_.find(1)->heard, kNow);
  EXPECT_EQ(view_.stats().stale, 2U);
}

TEST_F(View, ANodeThatWasReplacedUnderItsIdIsTheNewOne) {
  NodeCard old = card(1, 1'000, 99);
  cards::hold(old, "guest/photos", kMiB);
  hear(old, kNow);
  hear(card(1, 1, 3), kNow + seconds(1));
  EXPECT_EQ(view_.find(1)->card.life.incarnation, 3U) << "numbers of lives have no order";
  EXPECT_TRUE(view_.holders("guest/photos", 10, 0).empty());
  EXPECT_EQ(standing(1, kNow + seconds(1)), Standing::kGood);
  view_.hear(pulse(old, 1'001), 60, Era::kNow, kNow + seconds(1));
  EXPECT_EQ(view_.stats().orphans, 1U);
}

TEST_F(View, TwoThatSpeakAsOneAreBothDoubtedUntilOneIsSilent) {
  hear(card(1, 1, 7), kNow);
  hear(card(1, 1, 8), kNow + seconds(1));
  hear(card(1, 2, 7), kNow + seconds(2));
  EXPECT_EQ(standing(1, kNow + seconds(2)), Standing::kContested);
  base::Instant now = kNow + seconds(2);
  for (std::uint64_t version = 3; version < 10; ++version) {
    now += seconds(5);
    hear(card(1, version, 7), now);
  }
  EXPECT_EQ(standing(1, now), Standing::kGood);
}

TEST_F(View, KnowsWhyANodeIsNotUsed) {
  NodeCard stopping = card(1);
  stopping.numbers.takes_guests = false;
  hear(stopping, kNow);
  EXPECT_EQ(standing(1, kNow), Standing::kTakesNone);
  NodeCard deaf = card(2);
  deaf.port = 0;
  hear(deaf, kNow);
  EXPECT_EQ(standing(2, kNow), Standing::kUnreachable);
  for (int i = 0; i <= static_cast<int>(invoker_locality::kLastStanding); ++i) {
    EXPECT_FALSE(sentence_of(static_cast<Standing>(i)).empty());
    EXPECT_FALSE(name_of(static_cast<Standing>(i)).empty());
  }
}

TEST_F(View, ARefusalMeansFullUntilHeardAgainAndManyMeanThatItLies) {
  base::Instant now = kNow;
  std::uint64_t version = 1;
  const auto tells = [&] {
    NodeCard slow = card(1, version++);
    slow.next_within = seconds(60);
    hear(slow, now);
  };
  for (int i = 0; i < 3; ++i) {
    tells();
    view_.refused(1, now);
    EXPECT_EQ(view_.find(1)->guest_memory_mb(), 0);
    EXPECT_EQ(standing(1, now), Standing::kGood);
  }
  milliseconds pause{1'000};
  for (int i = 0; i < 10; ++i) {
    tells();
    view_.refused(1, now);
    EXPECT_EQ(standing(1, now + pause - milliseconds(1)), Standing::kDistrusted);
    EXPECT_NE(standing(1, now + pause), Standing::kDistrusted);
    now += pause;
    pause = std::min(pause * 2, milliseconds(60'000));
  }
  tells();
  view_.accepted(1);
  view_.refused(1, now);
  EXPECT_EQ(standing(1, now), Standing::kGood);
}

TEST_F(View, WhatWasHandedOverIsCountedUntilTheNodeIsHeard) {
  hear(card(1), kNow);
  view_.handed(1, 256);
  view_.handed(1, 512);
  view_.handed(9, 512);
  EXPECT_EQ(view_.find(1)->guest_memory_mb(), 2048 - 768);
  EXPECT_NEAR(view_.find(1)->load(), 0.5 + 768.0 / 4096, 1e-9);
  view_.handed(1, 100'000);
  EXPECT_EQ(view_.find(1)->guest_memory_mb(), 0);
  view_.hear(pulse(card(1), 2), 60, Era::kNow, kNow);
  EXPECT_EQ(view_.find(1)->guest_memory_mb(), 2048);
}

TEST_F(View, PassesOverItselfAndNodesThatSomebodyInvents) {
  hear(card(0), kNow);
  view_.hear(pulse(card(0), 2), 60, Era::kNow, kNow);
  view_.hear(pulse(card(3), 2), 60, Era::kNow, kNow);
  EXPECT_TRUE(view_.peers().empty());
  EXPECT_EQ(view_.stats().own, 2U);
  EXPECT_EQ(view_.stats().orphans, 1U);
  FleetView small({.own_instance = 0, .nodes_max = 5});
  for (int i = 1; i < 100; ++i) small.hear(card(i), 10, Era::kNow, kNow);
  EXPECT_EQ(small.peers().size(), 5U);
  EXPECT_EQ(small.stats().refused, 94U);
}

TEST_F(View, FindsWhoHoldsAVolumeAndWhoHasAContainer) {
  for (int i = 1; i <= 50; ++i) {
    NodeCard one = card(i);
    one.warm = {{77, i % 2}};
    if (i > 10) cards::hold(one, "guest/photos", i * kMiB);
    hear(one, kNow);
  }
  EXPECT_EQ(view_.holders("guest/photos", 100, 5).size(), 40U);
  EXPECT_EQ(view_.holders("guest/photos", 8, 5).size(), 8U);
  EXPECT_NE(view_.holders("guest/photos", 8, 5)[0].instance,
            view_.holders("guest/photos", 8, 6)[0].instance);
  EXPECT_EQ(view_.with_warm(77, 100, 0).size(), 25U);
  EXPECT_TRUE(view_.with_warm(78, 100, 0).empty());
  for (int i = 1; i <= 50; ++i) view_.gone(i);
  EXPECT_TRUE(view_.holders("guest/photos", 100, 5).empty());
  EXPECT_TRUE(view_.with_warm(77, 100, 0).empty());
  EXPECT_EQ(view_.bytes(), 0U);
}

TEST_F(View, AKeyBelongsToTheSameFewWhoeverAsks) {
  FleetView other({.own_instance = 7});
  for (int i = 0; i < 20; ++i) {
    view_.hear(card(i), 10, Era::kNow, kNow);
    other.hear(card(i), 10, Era::kNow, kNow);
  }
  view_.tick(kNow);
  other.tick(kNow);
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_EQ(view_.of_key(key, 3, 0.5, kNow), other.of_key(key, 3, 0.5, kNow));
  }
}

TEST(BytesBelow, GoAsDeepAsTheCardTells) {
  const invoker_locality::VolumeBytes volume{
      .volume = "guest/photos",
      .prefixes = {{.path = "", .sealed = 100, .rest = 5},
                   {.path = "2023", .sealed = 15, .rest = 15},
                   {.path = "2024", .sealed = 60, .cached = 20, .rest = 10},
                   {.path = "2024/07", .sealed = 70, .rest = 70}}};
  const struct {
    const char* path;
    std::int64_t bytes;
  } cases[] = {{"", 100},       {"2024", 80},        {"2024/07", 70}, {"2024/07/a", 70},
               {"2024/08", 10}, {"2024/08/a/b", 10}, {"2022", 5},     {"2023/x", 15},
               {"202", 5},      {"2024-x", 5},       {"2024/070", 10}};
  for (const auto& one : cases) EXPECT_EQ(bytes_below(volume, one.path), one.bytes) << one.path;
  EXPECT_EQ(bytes_below({}, "a"), 0);
}

}  // namespace
