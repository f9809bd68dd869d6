// Where an activation goes: from annotations, parameters, history and the view.
#include "invoker_locality/placement.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "cards.h"
#include "hints/parse.h"

namespace {

using cards::card;
using cards::kMiB;
using cards::kNow;
using invoker_locality::Ask;
using invoker_locality::Decision;
using invoker_locality::Era;
using invoker_locality::filled_key;
using invoker_locality::FleetView;
using invoker_locality::known_part;
using invoker_locality::NodeCard;
using invoker_locality::OwnState;
using invoker_locality::Placement;
using invoker_locality::Where;
using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(KnownPart, IsWhatParametersAndStarsLeave) {
  const auto content = base::Json::parse(
      R"({"album":"2024","n":7,"yes":true,"deep":"a/b","o":{},"empty":"","star":"*"})");
  ASSERT_TRUE(content.ok());
  const struct {
    const char* pattern;
    const char* known;
  } cases[] = {{"photos", "photos"},
               {"photos/**", "photos"},
               {"photos/{album}/**", "photos/2024"},
               {"photos/{album}/{n}-{yes}.jpg", "photos/2024/7-true.jpg"},
               {"photos/{deep}/c", "photos/a/b/c"},
               {"photos/{missing}/x", "photos"},
               {"photos/x{missing}", "photos"},
               {"photos/{o}", "photos"},
               {"photos/20*", "photos"},
               {"photos/?/a", "photos"},
               {"photos/{empty}", "photos"},
               {"{missing}/a", ""},
               {"{album}", "2024"},
               {"{album}*", ""},
               {"photos/{star}/a", "photos/*/a"}};
  for (const auto& one : cases)
    EXPECT_EQ(known_part(one.pattern, &*content), one.known) << one.pattern;
  EXPECT_EQ(known_part("photos/{album}", nullptr), "photos");
  EXPECT_EQ(filled_key("tenant-{n}*", &*content), "tenant-7*");
  EXPECT_EQ(filled_key("tenant-{missing}", &*content), "");
  const base::Json giant = base::Json::object({{"album", std::string(1 << 20, 'x')}});
  EXPECT_EQ(known_part("photos/{album}/x", &giant), "photos");
}

class Placing : public testing::Test {
 protected:
  Placing() {
    config_.own_instance = 0;
    config_.costs.bringing[0] = {0, static_cast<double>(kMiB)};  // a GiB a second
    own_.free_memory_mb = 2048;
  }

  void say(const std::string& annotations) {
    const auto json = base::Json::parse(annotations);
    ASSERT_TRUE(json.ok());
    auto hints = hints::parse(*json);
    ASSERT_TRUE(hints.ok()) << hints.error().message;
    hints_ = *hints;
  }
  void fleet(const std::vector<NodeCard>& nodes) {
    for (const NodeCard& one : nodes) view_.hear(one, 500, Era::kNow, kNow);
    view_.tick(kNow);
  }
  Ask ask() {
    Ask result;
    result.activation_id = "0123456789abcdef0123456789abcdef";
    result.namespace_name = "guest";
    result.action = "guest/hello";
    result.warm_action = 77;
    result.kind = "python:3";
    result.memory_mb = 256;
    result.hints = &hints_;
    result.content = &content_;
    result.accepted = kNow;
    return result;
  }
  Decision decide(base::Instant now = kNow) {
    return Placement(config_).decide(ask(), own_, view_, now);
  }

  invoker_locality::PlacementConfig config_;
  hints::Hints hints_;
  base::Json content_ = base::Json::object({{"album", "2024"}});
  OwnState own_;
  FleetView view_{{.own_instance = 0}};
};

constexpr const char* kReads = R"([{"key":"locality","value":{"reads":["photos/{album}/**"]}}])";

TEST_F(Placing, GoesToWhereMostOfItsBytesAre) {
  say(kReads);
  NodeCard some = card(1);
  cards::hold(some, "guest/photos", 100 * kMiB, "2024");
  NodeCard most = card(2);
  cards::hold(most, "guest/photos", 800 * kMiB, "2024");
  NodeCard other = card(3);
  cards::hold(other, "guest/photos", 4'000 * kMiB, "2023");
  fleet({some, most, other});
  const Decision decision = decide();
  EXPECT_EQ(decision.where, Where::kPeer);
  EXPECT_EQ(decision.peers.front(), 2);
  ASSERT_EQ(decision.call.needs.size(), 1U);
  EXPECT_EQ(decision.call.needs[0].name, "photos/2024");
  EXPECT_EQ(decision.call.needs[0].bytes, 800 * kMiB);
  content_ = base::Json::object({{"album", "2023"}});
  EXPECT_EQ(decide().peers.front(), 3);
}

TEST_F(Placing, StaysWhereItIsForWhatIsHardlyBetterElsewhere) {
  say(kReads);
  NodeCard slightly = card(1);
  cards::hold(slightly, "guest/photos", 2 * kMiB, "2024");
  fleet({slightly});
  EXPECT_EQ(decide().where, Where::kHere);
  own_.warm = 1;
  NodeCard cold = card(1, 2);
  cards::hold(cold, "guest/photos", 300 * kMiB, "2024");
  fleet({cold});
  EXPECT_EQ(decide().where, Where::kHere) << "a cold start there takes longer than the bytes here";
  cold.version = 3;
  cold.warm = {{77, 1}};
  fleet({cold});
  EXPECT_EQ(decide().where, Where::kPeer);
}

TEST_F(Placing, HealthTestsAndWhatWasMovedBeforeStay) {
  say(kReads);
  NodeCard holder = card(1);
  cards::hold(holder, "guest/photos", 800 * kMiB, "2024");
  fleet({holder});
  ASSERT_EQ(decide().where, Where::kPeer);
  Ask fixed = ask();
  fixed.may_move = false;
  const Decision decision = Placement(config_).decide(fixed, own_, view_, kNow);
  EXPECT_EQ(decision.where, Where::kHere);
  EXPECT_FALSE(decision.has_reasons);
}

TEST_F(Placing, VolumesAreWeakHintsAndRunsTeachMore) {
  say(R"([{"key":"volumes","value":{"name":"photos","path":"/mnt/photos"}}])");
  NodeCard holder = card(1);
  cards::hold(holder, "guest/photos", 800 * kMiB);
  fleet({holder});
  Decision decision = decide();
  EXPECT_EQ(decision.where, Where::kPeer);
  EXPECT_EQ(decision.call.needs[0].bytes, 64 * kMiB) << "a quarter, and no more than that";
  own_.warm = 1;
  EXPECT_EQ(decide().where, Where::kHere);

  Placement placement(config_);
  placement.ran("guest/hello", {{"guest/photos", 600 * kMiB}}, kNow);
  decision = placement.decide(ask(), own_, view_, kNow);
  EXPECT_EQ(decision.where, Where::kPeer);
  EXPECT_EQ(decision.call.needs[0].bytes, 600 * kMiB);
  decision = placement.decide(ask(), own_, view_, kNow + milliseconds(1));
  EXPECT_EQ(decision.where, Where::kPeer);
  for (int i = 0; i < 30; ++i) placement.ran("guest/hello", {}, kNow);
  EXPECT_EQ(placement.decide(ask(), own_, view_, kNow).where, Where::kHere);
}

TEST_F(Placing, WithNothingToWinItDoesNotEvenLook) {
  fleet({card(1), card(2)});
  const Decision decision = decide();
  EXPECT_EQ(decision.where, Where::kHere);
  EXPECT_FALSE(decision.has_reasons);
  EXPECT_TRUE(decision.candidates.empty());
}

TEST_F(Placing, AFullNodeHandsOverWhatWouldWaitLonger) {
  NodeCard warm = card(1);
  warm.warm = {{77, 1}};
  fleet({warm});
  own_.free_memory_mb = 0;
  own_.turn_ms = 100;
  EXPECT_EQ(decide().where, Where::kPeer);
  own_.turn_ms = 1;
  EXPECT_EQ(decide().where, Where::kPeer) << "a turn here would begin with a new container";
  own_.busy = 1;
  EXPECT_EQ(decide().where, Where::kHere);
}

TEST_F(Placing, WaitsForThePeerAndAsksItself) {
  say(R"([{"key":"locality","value":{"reads":"photos/{album}/**","waitMs":50}}])");
  NodeCard holder = card(1);
  cards::hold(holder, "guest/photos", 4'000 * kMiB, "2024");
  holder.numbers.guest_memory_mb = 0;
  holder.numbers.turn_ms = 8;
  fleet({holder});
  const Decision waits = decide();
  ASSERT_EQ(waits.where, Where::kWait);
  EXPECT_EQ(waits.peers, std::vector<int>{1});
  EXPECT_EQ(waits.again_at, kNow + milliseconds(8));
  EXPECT_EQ(waits.wait_until, kNow + milliseconds(50));
  EXPECT_EQ(decide(kNow + milliseconds(50)).where, Where::kHere);
  const Decision later = decide(kNow + milliseconds(45));
  EXPECT_EQ(later.again_at, kNow + milliseconds(50));
}

TEST_F(Placing, CallsOfOneKeyMeetWhoeverOwnsThem) {
  say(R"([{"key":"locality","value":{"key":"tenant-{album}"}}])");
  std::vector<NodeCard> nodes;
  nodes.reserve(20);
  for (int i = 1; i < 20; ++i) nodes.push_back(card(i));
  fleet(nodes);
  own_.load = 0.5;
  const Decision here = decide();
  const int place = here.where == Where::kPeer ? here.peers.front() : 0;
  for (int owner = 1; owner < 20; ++owner) {
    FleetView view({.own_instance = owner});
    for (int i = 0; i < 20; ++i) view.hear(card(i), 500, Era::kNow, kNow);
    view.tick(kNow);
    invoker_locality::PlacementConfig config = config_;
    config.own_instance = owner;
    const Decision there = Placement(config).decide(ask(), own_, view, kNow);
    EXPECT_EQ(there.where == Where::kPeer ? there.peers.front() : owner, place);
  }
}

TEST_F(Placing, NobodyUnusableIsAsked) {
  say(kReads);
  std::vector<NodeCard> nodes;
  for (int i = 1; i <= 4; ++i) {
    nodes.push_back(card(i));
    cards::hold(nodes.back(), "guest/photos", 800 * kMiB, "2024");
  }
  nodes[0].numbers.takes_guests = false;
  nodes[1].port = 0;
  nodes[2].numbers.guest_memory_mb = 100;
  fleet({nodes[0], nodes[1], nodes[2]});
  view_.hear(nodes[3], 500, Era::kPast, kNow);
  const Decision decision = decide();
  EXPECT_EQ(decision.where, Where::kHere);
  EXPECT_TRUE(decision.has_reasons);
  EXPECT_EQ(decision.candidates.size(), 2U);
}

TEST_F(Placing, AGpuIsAResidentThing) {
  say(R"([{"key":"gpu","value":"cuda"}])");
  NodeCard near = card(1);
  near.things = {{hints::ResidentKind::kGpu, "cuda", 80LL << 30}};
  fleet({near, card(2)});
  config_.costs.bringing[2].start_ms = 20;
  EXPECT_EQ(decide().peers, std::vector<int>{1});
  near.version = 2;
  near.things[0].name = "host";
  fleet({near});
  EXPECT_EQ(decide().where, Where::kHere);
}

TEST_F(Placing, MeasuredCostsReplaceTheFirstGuess) {
  Placement placement(config_);
  EXPECT_EQ(placement.costs("python:3").cold_ms, 400);
  for (int i = 0; i < 50; ++i) {
    placement.measured_start("python:3", hints::ContainerState::kCold, 30);
    placement.measured_hand_off(0.4);
    placement.measured_bringing(hints::ResidentKind::kFiles, 100 * kMiB, 50);
  }
  EXPECT_NEAR(placement.costs("python:3").cold_ms, 30, 1);
  EXPECT_EQ(placement.costs("nodejs:20").cold_ms, 400);
  EXPECT_NEAR(placement.costs("x").hand_off_ms, 0.4, 0.01);
  EXPECT_NEAR(placement.costs("x").bringing[0].bytes_per_ms, 2.0 * kMiB, 10);
  placement.measured_hand_off(-1);
  placement.measured_hand_off(1e300);
  placement.measured_bringing(hints::ResidentKind::kFiles, 100, 1e-9);
  EXPECT_NEAR(placement.costs("x").hand_off_ms, 0.4, 0.01);
  EXPECT_NEAR(placement.costs("x").bringing[0].bytes_per_ms, 2.0 * kMiB, 10);
}

}  // namespace
