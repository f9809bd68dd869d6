// Invokers that hand activations to each other over real connections.
#include "invoker_handoff/handoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "node.h"
#include "testing/eventually.h"

namespace invoker_handoff {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::eventually;
using testing_support::FakeWorld;

const base::Json* annotation(const invoker::Activation& activation, std::string_view key) {
  for (const base::Json& item : activation.annotations.items()) {
    if (item.find("key")->as_string() == key) return item.find("value");
  }
  return nullptr;
}

class HandoffTest : public testing::Test {
 protected:
  Node& start(const Node::Options& options) {
    nodes_[options.id] = std::make_unique<Node>(options);
    meet();
    return *nodes_[options.id];
  }
  Node& start(int id) { return start(Node::Options{.id = id}); }
  Node& node(int id) { return *nodes_.at(id); }
  void kill(int id) { nodes_.erase(id); }
  // Each knows where the others are.
  void meet() {
    std::vector<PeerAddress> all;
    for (const auto& [id, node] : nodes_) all.push_back(node->address());
    for (const auto& [id, node] : nodes_) node->handoff->set_peers(all);
  }
  bool connected(int id, std::size_t peers) {
    return eventually([&] { return node(id).handoff->stats().peers_up == peers; });
  }
  // Both are there and connected; a sends everything to b.
  void pair(const Node::Options& a = {.id = 0}, const Node::Options& b = {.id = 1}) {
    start(a);
    start(b);
    ASSERT_TRUE(connected(a.id, 1) && connected(b.id, 1));
    node(a.id).placement.send_to({b.id});
  }
  bool acknowledged(int id, std::size_t count) {
    return eventually([&] { return node(id).completions().size() >= count; });
  }

  std::map<int, std::unique_ptr<Node>> nodes_;
};

TEST_F(HandoffTest, TheExecutorRunsItAndSpeaksInTheOwnersName) {
  pair();
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(1, 1));
  const base::Json said = node(1).completions()[0];
  EXPECT_EQ(said.find("instance")->find("instance")->as_int64(), 0);
  EXPECT_EQ(said.find("instance")->find("userMemory")->as_string(), "1073741824 B");
  EXPECT_EQ(*said.find("transid"), *base::Json::parse(R"(["tid",1700000000000])"));
  for (const auto& sent : node(1).producer.sent()) {
    if (sent.topic == "events") {
      EXPECT_EQ(base::Json::parse(sent.text)->find("source")->as_string(), "invoker0");
    }
  }
  ASSERT_EQ(node(1).records().size(), 1U);
  EXPECT_EQ(node(1).records()[0].response.code, invoker::StatusCode::kSuccess);
  EXPECT_EQ(annotation(node(1).records()[0], "locality")->find("to")->as_int64(), 1);
  ASSERT_TRUE(eventually([&] { return node(0).handoff->stats().owner.done == 1; }));
  EXPECT_TRUE(eventually([&] { return node(0).places_free() == 1; }));
  EXPECT_THAT(node(0).completions(), IsEmpty());
  EXPECT_THAT(node(0).world.diary(), IsEmpty());
  node(0).end();
  node(1).end();
}

TEST_F(HandoffTest, TheParametersArriveUntouched) {
  pair();
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(1, 1));
  EXPECT_THAT(node(1).world.last_body("/run"), testing::HasSubstr("12345678901234567890"));
}

TEST_F(HandoffTest, EitherSideHandsOver) {
  pair();
  node(1).placement.send_to({0});
  node(0).submit("a1");
  node(1).submit("b1");
  ASSERT_TRUE(acknowledged(0, 1) && acknowledged(1, 1));
  EXPECT_EQ(node(0).completions()[0].find("instance")->find("instance")->as_int64(), 1);
  EXPECT_EQ(node(1).completions()[0].find("instance")->find("instance")->as_int64(), 0);
}

TEST_F(HandoffTest, AGuestIsNotHandedOnAndTheTestOfAnInvokerStays) {
  pair();
  node(1).placement.send_to({0});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(1, 1));
  EXPECT_EQ(node(1).placement.asked(), 0U);
  invoker::ActivationMessage test = activation_message("a2");
  test.transid.id = "sid_invokerHealth";
  node(0).submit(std::move(test));
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(0).placement.asked(), 1U);
}

TEST_F(HandoffTest, WithoutRoomThereItRunsHere) {
  pair({.id = 0}, {.id = 1, .memory_mb = 128});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_THAT(node(0).placement.refusals(), ElementsAre(1));
  EXPECT_EQ(annotation(node(0).records()[0], "locality")->find("to")->as_int64(), 0);
  EXPECT_EQ(node(1).handoff->stats().executor.refused[static_cast<std::size_t>(Refusal::kNoRoom)],
            1U);
}

TEST_F(HandoffTest, TheNextPeerIsAskedAndNoMore) {
  start({.id = 0});
  for (int id = 1; id <= 3; ++id) start({.id = id, .memory_mb = id == 3 ? 1024 : 128});
  ASSERT_TRUE(connected(0, 3));
  node(0).placement.send_to({1, 3});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(3, 1));
  node(0).placement.send_to({1, 2, 3});
  node(0).submit("a2");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_THAT(node(0).placement.refusals(), ElementsAre(1, 1, 2));
}

TEST_F(HandoffTest, WhoTakesNoGuestsIsOfferedAndRefuses) {
  pair({.id = 0}, {.id = 1, .takes_guests = false});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(1).handoff->stats().executor.refused[static_cast<std::size_t>(Refusal::kStopping)],
            1U);
}

TEST_F(HandoffTest, AStockInvokerIsNeverOfferedAnything) {
  start({.id = 0});
  node(0).placement.send_to({7});  // nobody of ours
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(0).handoff->stats().owner.offers, 0U);
}

TEST_F(HandoffTest, AContainerThatCannotBeMadeThereIsMadeHere) {
  pair();
  node(1).world.fail_next({base::ErrorCode::kUnavailable, "no containers here"});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(0).records()[0].response.code, invoker::StatusCode::kSuccess);
  EXPECT_TRUE(eventually([&] { return node(0).places_free() == 1; }))
      << "its place was given back with the commit";
  EXPECT_THAT(node(1).completions(), IsEmpty());
  EXPECT_TRUE(eventually([&] { return node(1).engine->stats().pool.memory_used_bytes == 0; }));
}

TEST_F(HandoffTest, WhoWaitsIsOfferedLaterAndDecidedAnewWhenNobodyTakesIt) {
  pair();
  node(0).placement.wait_for(5ms, {1});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(1, 1));
  EXPECT_EQ(node(0).placement.asked(), 1U);
  node(0).placement.wait_for(5ms, {});  // then it is told to run here
  node(0).submit("a2");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(0).placement.asked(), 3U);
}

TEST_F(HandoffTest, WhoStopsRunsWhatWaits) {
  pair();
  node(0).placement.wait_for(1h, {1});
  node(0).submit("a1");
  ASSERT_TRUE(eventually([&] { return node(0).placement.asked() == 1; }));
  node(0).end();
  EXPECT_EQ(node(0).completions().size(), 1U);
}

TEST_F(HandoffTest, WhoStopsWaitsForWhatIsElsewhere) {
  pair();
  std::promise<void> running, finish;
  node(1).world.answer_next("/run", [&](const std::string&, const std::string&) {
    running.set_value();
    finish.get_future().wait();
    return FakeWorld::ok("{}");
  });
  node(0).submit("a1");
  running.get_future().wait();
  node(0).handoff->stop_moving();
  EXPECT_FALSE(node(0).handoff->wait_until_settled(std::chrono::steady_clock::now()));
  finish.set_value();
  node(0).end();
  EXPECT_EQ(node(1).completions().size(), 1U);
}

// The world ends while the activation runs: whoever has it does not.
class DeathTest : public HandoffTest {
 protected:
  void begin() {
    pair();
    node(1).world.answer_next("/run", [this](const std::string&, const std::string&) {
      running_.set_value();
      finish_.get_future().wait();
      return FakeWorld::ok("{}");
    });
    node(0).submit("a1");
    running_.get_future().wait();
  }
  std::promise<void> running_, finish_;
};

TEST_F(DeathTest, OfTheOwnerLeavesTheBooksRight) {
  begin();
  kill(0);
  finish_.set_value();
  ASSERT_TRUE(acknowledged(1, 1));
  EXPECT_EQ(node(1).completions()[0].find("instance")->find("instance")->as_int64(), 0);
  EXPECT_FALSE(node(1).completions()[0].find("isSystemError")->as_bool());
}

TEST_F(HandoffTest, AnotherLifeOfTheExecutorHasLostWhatTheFirstHad) {
  start({.id = 0});
  start({.id = 1});
  ASSERT_TRUE(connected(0, 1) && connected(1, 1));
  node(0).placement.send_to({1});
  std::promise<void> running;
  auto dead = std::make_shared<std::promise<void>>();
  node(1).world.answer_next("/run", [&running, dead](const std::string&, const std::string&) {
    running.set_value();
    dead->get_future().wait();
    return FakeWorld::ok("{}");
  });
  node(0).submit("a1");
  running.get_future().wait();
  // Its connections end; what it runs is of no account any more.
  node(1).handoff->close();
  auto gone = std::move(nodes_.at(1));
  start({.id = 1, .incarnation = 2});
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_TRUE(node(0).completions()[0].find("isSystemError")->as_bool());
  EXPECT_THAT(node(0).world.diary(), IsEmpty()) << "nobody knows whether it ran, so it is not run";
  EXPECT_TRUE(eventually([&] { return node(0).places_free() == 1; }));
  EXPECT_EQ(node(0).records()[0].response.code, invoker::StatusCode::kWhiskError);
  // And nothing is offered to it for a while.
  node(0).submit("a2");
  ASSERT_TRUE(acknowledged(0, 2));
  EXPECT_EQ(node(0).handoff->stats().owner.offers, 1U);
  dead->set_value();
}

TEST_F(HandoffTest, AConnectionThatBreaksIsMadeAgain) {
  pair();
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(1, 1));
  kill(0);
  ASSERT_TRUE(connected(1, 0));
  start({.id = 0, .incarnation = 2});
  ASSERT_TRUE(connected(0, 1));
  node(0).placement.send_to({1});
  node(0).submit("a2");
  EXPECT_TRUE(acknowledged(1, 2));
}

TEST_F(HandoffTest, WhoHasAnotherKeyIsNotLetIn) {
  start({.id = 0});
  start({.id = 1, .trust = base_net::SharedKey{"another key, just as long as it has to be"}});
  ASSERT_TRUE(eventually([&] { return node(0).handoff->stats().links_refused >= 1; }));
  node(0).placement.send_to({1});
  node(0).submit("a1");
  ASSERT_TRUE(acknowledged(0, 1));
  EXPECT_EQ(node(0).handoff->stats().owner.offers, 0U);
}

// Thousands, both ways, with more than fits: the judge is what the controllers are told.
class Traffic : public HandoffTest, public testing::WithParamInterface<int> {};

TEST_P(Traffic, EachActivationIsAcknowledgedOnceInItsOwnersName) {
  constexpr int kEach = 700;
  for (int id = 0; id < 3; ++id) {
    start({.id = id, .memory_mb = 1024, .concurrency = GetParam()});
  }
  for (int id = 0; id < 3; ++id) {
    ASSERT_TRUE(connected(id, 2));
    node(id).placement.send_to({(id + 1) % 3, (id + 2) % 3});
  }
  std::vector<std::jthread> feeds;
  for (int id = 0; id < 3; ++id) {
    feeds.emplace_back([this, id] {
      // As a feed does it: so many at once, else nobody has room for anybody.
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(eventually([&] { return i - node(id).places_free() < 4; }));
        node(id).submit(std::to_string(id * kEach + i));
      }
    });
  }
  feeds.clear();
  const auto all = [this] {
    std::size_t count = 0;
    for (int id = 0; id < 3; ++id) count += node(id).completions().size();
    return count;
  };
  ASSERT_TRUE(eventually([&] { return all() >= 3 * kEach; })) << all();
  for (int id = 0; id < 3; ++id) node(id).end();
  std::map<std::string, int> by_id;
  std::uint64_t guests = 0;
  for (int id = 0; id < 3; ++id) {
    for (const base::Json& said : node(id).completions()) {
      const base::Json* response = said.find("response");
      const std::string activation = response != nullptr
                                         ? response->find("activationId")->as_string()
                                         : said.find("activationId")->as_string();
      ++by_id[activation];
      const auto owner = *said.find("instance")->find("instance")->as_int64();
      EXPECT_EQ(std::stoi(activation) / kEach, owner);
      EXPECT_FALSE(said.find("isSystemError")->as_bool());
      if (owner != id) ++guests;
    }
  }
  EXPECT_EQ(by_id.size(), 3U * kEach);
  for (const auto& [id, times] : by_id) EXPECT_EQ(times, 1) << id;
  EXPECT_GT(guests, 0U);
  for (int id = 0; id < 3; ++id) {
    const auto stats = node(id).handoff->stats();
    EXPECT_EQ(stats.owner.outstanding, 0U);
    EXPECT_EQ(stats.executor.guests, 0U);
    EXPECT_EQ(stats.owner.lost, 0U);
  }
  const auto places = [this] {
    int sum = 0;
    for (int id = 0; id < 3; ++id) sum += node(id).places_free();
    return sum;
  };
  EXPECT_TRUE(eventually([&] { return places() >= 3 * kEach; }));
  EXPECT_EQ(places(), 3 * kEach);
}

INSTANTIATE_TEST_SUITE_P(Concurrency, Traffic, testing::Values(1, 8));

}  // namespace
}  // namespace invoker_handoff
