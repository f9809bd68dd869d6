// Peers that have the key and lie, are late, hang, die, send noise and say things twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "hostile_peer.h"
#include "invoker/message_json.h"
#include "node.h"
#include "testing/eventually.h"
#include "testing/scratch_folder.h"

namespace invoker_handoff {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing_support::eventually;

// Node 0 is ours; invoker 5 is somebody else's.
class Hostile : public testing::Test {
 protected:
  explicit Hostile(OwnerConfig owner = quick()) : node_(Node::Options{.id = 0, .owner = owner}) {
    node_.placement.send_to({5});
    call();
  }
  static OwnerConfig quick() {
    OwnerConfig config;
    config.budget = 10s;
    config.ask_pause = 30ms;
    config.silence = 100ms;
    return config;
  }
  void call() {
    peer_.emplace(node_.address().address, 5, kKey, "invoker0");
    ASSERT_TRUE(peer_->is_in());
    peer_->say(Greet{++lives_});
    ASSERT_TRUE(eventually([&] { return node_.handoff->stats().peers_up == 1; }));
  }
  // What a controller hears of the only activation: it ran here once, or it is an error.
  void ran_here_once() {
    ASSERT_TRUE(eventually([&] { return !node_.completions().empty(); }));
    EXPECT_FALSE(node_.completions()[0].find("isSystemError")->as_bool());
    EXPECT_EQ(node_.completions().size(), 1U);
    EXPECT_TRUE(eventually([&] { return node_.places_free() == 1; }));
  }
  void one_error() {
    ASSERT_TRUE(eventually([&] { return !node_.completions().empty(); }));
    EXPECT_TRUE(node_.completions()[0].find("isSystemError")->as_bool());
    EXPECT_EQ(node_.completions().size(), 1U);
    EXPECT_THAT(node_.world.diary(), IsEmpty()) << "it is not run again";
    EXPECT_TRUE(eventually([&] { return node_.places_free() == 1; }));
    EXPECT_EQ(node_.handoff->stats().owner.lost, 1U);
  }
  // And node 0 works as before.
  void works() {
    node_.placement.send_to({});
    const std::size_t before = node_.completions().size();
    node_.submit("ffff");
    EXPECT_TRUE(eventually([&] { return node_.completions().size() == before + 1; }));
  }
  Ticket accept() {
    const auto offer = peer_->hear_a<Offer>();
    EXPECT_TRUE(offer);
    peer_->say(Answer{offer->ticket, true, Refusal::kNoRoom});
    EXPECT_TRUE(peer_->hear_a<Commit>());
    return offer->ticket;
  }
  // As an owner that speaks for `instance`.
  static Commit commit(Ticket ticket, const std::string& id, int instance = 5) {
    return {ticket, 10s, R"({"instance":)" + std::to_string(instance) + "}", "",
            invoker::to_json(activation_message(id)).to_string()};
  }
  static Offer offer(Ticket ticket) {
    Offer offer{.ticket = ticket, .demand = {}};
    offer.demand.warm_key = "guest\nguest/hello\n1-a";
    offer.demand.kind = "python:3";
    offer.demand.memory_bytes = 256LL << 20;
    return offer;
  }

  Node node_;
  std::optional<HostilePeer> peer_;
  std::uint64_t lives_ = 0;
};

TEST_F(Hostile, WhoAcceptsAndSaysNothingMoreHasLostIt) {
  node_.submit("a1");
  accept();
  one_error();
  node_.submit("a2");  // offered to nobody
  EXPECT_TRUE(eventually([&] { return node_.completions().size() == 2; }));
  EXPECT_EQ(node_.handoff->stats().owner.offers, 1U);
}

TEST_F(Hostile, WhoDiesBetweenCommitAndAcknowledgementHasLostIt) {
  node_.submit("a1");
  accept();
  peer_->hang_up();
  one_error();
}

TEST_F(Hostile, WhoComesBackAsAnotherHasLostItAtOnce) {
  node_.submit("a1");
  accept();
  peer_->hang_up();
  call();
  one_error();
}

TEST_F(Hostile, WhoDiesBeforeTheCommitCostsNothing) {
  node_.submit("a1");
  ASSERT_TRUE(peer_->hear_a<Offer>());
  peer_->hang_up();
  ran_here_once();
}

TEST_F(Hostile, WhoHasMoreMemoryInWordsThanInTruthIsAvoided) {
  for (int i = 0; i < 3; ++i) {
    node_.submit("a" + std::to_string(i));
    peer_->say(NotStarted{accept(), Refusal::kNoRoom});
  }
  ASSERT_TRUE(eventually([&] { return node_.completions().size() == 3; }));
  node_.submit("b");
  ASSERT_TRUE(eventually([&] { return node_.completions().size() == 4; }));
  EXPECT_EQ(node_.handoff->stats().owner.offers, 3U);
  for (const auto& said : node_.completions()) {
    EXPECT_FALSE(said.find("isSystemError")->as_bool());
  }
}

TEST_F(Hostile, WhatWasSettledIsNotSettledAgain) {
  node_.submit("a1");
  const Ticket ticket = accept();
  peer_->say(NotStarted{ticket, Refusal::kNoRoom});
  peer_->say(NotStarted{ticket, Refusal::kNoRoom});
  peer_->say(Done{ticket});
  peer_->say(Done{ticket + 1});
  peer_->say(Underway{ticket});
  ran_here_once();
  works();
}

class LateHostile : public Hostile {
 protected:
  LateHostile() : Hostile(late()) {}
  static OwnerConfig late() {
    OwnerConfig config;
    config.budget = 20ms;
    return config;
  }
};

TEST_F(LateHostile, WhoAnswersLateIsToldThatItIsTooLate) {
  node_.submit("a1");
  const auto offer = peer_->hear_a<Offer>();
  ASSERT_TRUE(offer);
  ran_here_once();
  peer_->say(Answer{offer->ticket, true, Refusal::kNoRoom});
  EXPECT_TRUE(peer_->hear_a<Withdraw>());
  EXPECT_TRUE(peer_->hear_a<Withdraw>()) << "the answer is withdrawn, too";
  works();
}

TEST_F(Hostile, NoiseEndsTheConnectionAndNothingElse) {
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) {
    std::string noise(1 + random() % 400, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    peer_->send(base_net::framed(noise));
    while (peer_->hear()) {
    }
    ASSERT_TRUE(eventually([&] { return node_.handoff->stats().peers_up == 0; }));
    call();
  }
  peer_->send("\xff\xff\xff\xff");
  EXPECT_FALSE(peer_->hear_a<Offer>());
  works();
}

TEST_F(Hostile, WhoGreetsTwiceOrNotAtAllIsHungUpOn) {
  peer_->say(Greet{9});
  EXPECT_FALSE(peer_->hear_a<Offer>());
  HostilePeer rude(node_.address().address, 6, kKey, "invoker0");
  ASSERT_TRUE(rude.is_in());
  rude.say(Done{1});
  EXPECT_FALSE(rude.hear_a<Offer>());
  works();
}

TEST_F(Hostile, WhoShouldBeCalledMayNotCall) {
  Node high(Node::Options{.id = 9});
  HostilePeer low(high.address().address, 3, kKey, "invoker9");
  low.say(Greet{1});
  EXPECT_FALSE(low.hear_a<Answer>());
  HostilePeer self(high.address().address, 9, kKey, "invoker9");
  self.say(Greet{1});
  EXPECT_FALSE(self.hear_a<Answer>());
  EXPECT_EQ(high.handoff->stats().peers_up, 0U);
}

TEST_F(Hostile, AnActivationThatIsCommittedAgainRunsOnce) {
  peer_->say(offer(1));
  ASSERT_TRUE(peer_->hear_a<Answer>()->accepted);
  peer_->say(commit(1, "a1"));
  peer_->say(commit(1, "a1"));
  ASSERT_TRUE(peer_->hear_a<Done>());
  peer_->say(offer(2));
  ASSERT_TRUE(peer_->hear_a<Answer>()->accepted);
  peer_->say(commit(2, "a1"));
  ASSERT_TRUE(peer_->hear_a<Done>());
  peer_->say(offer(1));  // an old one
  peer_->say(commit(1, "a1"));
  ASSERT_TRUE(peer_->hear_a<Done>());
  EXPECT_EQ(node_.completions().size(), 1U);
  EXPECT_EQ(node_.records().size(), 1U);
}

TEST_F(Hostile, NobodySpeaksForAnotherOwner) {
  peer_->say(offer(1));
  ASSERT_TRUE(peer_->hear_a<Answer>()->accepted);
  peer_->say(commit(1, "a1", 7));
  ASSERT_TRUE(peer_->hear_a<NotStarted>());
  EXPECT_THAT(node_.completions(), IsEmpty());
  EXPECT_THAT(node_.world.diary(), IsEmpty());
}

TEST_F(Hostile, WhatCannotBeReadIsNotBegun) {
  peer_->say(offer(1));
  ASSERT_TRUE(peer_->hear_a<Answer>()->accepted);
  Commit unreadable = commit(1, "a1");
  unreadable.message = "{\"half\":";
  peer_->say(unreadable);
  ASSERT_TRUE(peer_->hear_a<NotStarted>());
  EXPECT_THAT(node_.completions(), IsEmpty());
  EXPECT_TRUE(eventually([&] { return node_.engine->stats().pool.memory_used_bytes == 0; }));
}

TEST_F(Hostile, WhoReservesAndNeverCommitsGetsNothingForLong) {
  for (Ticket ticket = 1; ticket <= 4; ++ticket) {
    peer_->say(offer(ticket));
    ASSERT_TRUE(peer_->hear_a<Answer>()->accepted);
  }
  peer_->say(offer(5));
  EXPECT_FALSE(peer_->hear_a<Answer>()->accepted);
  peer_->hang_up();
  ASSERT_TRUE(eventually([&] { return node_.handoff->stats().executor.guests == 0; }));
  EXPECT_TRUE(eventually([&] { return node_.engine->stats().pool.memory_used_bytes == 0; }));
  works();
}

// --- Certificates ---

class Tls : public testing::Test {
 protected:
  Tls() {
    // OpenSSL writes to sockets that the other side has closed; programs pass that signal over.
    std::signal(SIGPIPE, SIG_IGN);
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ours "
        "-keyout ours.key -out ours.pem");
  }
  void run(const std::string& command) {
    ASSERT_EQ(
        std::system(
            ("cd " + folder_.path().string() + " && openssl " + command + " 2>/dev/null").c_str()),
        0)
        << command;
  }
  base_net::TlsFiles certificate(const std::string& name) {
    run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " +
        name + ".key -out " + name + ".csr");
    run("x509 -req -days 2 -CAcreateserial -in " + name +
        ".csr -CA ours.pem -CAkey ours.key -out " + name + ".pem");
    const auto at = [&](const std::string& made) { return (folder_.path() / made).string(); };
    return {at(name + ".pem"), at(name + ".key"), at("ours.pem")};
  }

  testing_support::ScratchFolder folder_;
};

TEST_F(Tls, InvokersWithCertificatesHandOver) {
  Node a(Node::Options{.id = 0, .trust = certificate("invoker0")});
  Node b(Node::Options{.id = 1, .trust = certificate("invoker1")});
  b.handoff->set_peers({a.address()});
  ASSERT_TRUE(eventually([&] { return a.handoff->stats().peers_up == 1; }));
  a.placement.send_to({1});
  a.submit("a1");
  EXPECT_TRUE(eventually([&] { return b.completions().size() == 1; }));
}

TEST_F(Tls, WhoseCertificateNamesAnotherIsNotLetIn) {
  Node a(Node::Options{.id = 0, .trust = certificate("invoker0")});
  Node b(Node::Options{.id = 1, .trust = certificate("invoker2")});
  b.handoff->set_peers({a.address()});
  EXPECT_TRUE(eventually([&] { return a.handoff->stats().links_refused >= 1; }));
  EXPECT_EQ(a.handoff->stats().peers_up, 0U);
}

}  // namespace
}  // namespace invoker_handoff
