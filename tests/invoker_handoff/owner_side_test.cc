#include "invoker_handoff/owner_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invoker_handoff {
namespace {

using namespace std::chrono_literals;

// What it commands, in words.
std::string in_words(const OwnerCommand& command) {
  struct {
    std::string operator()(const to_do::SendOffer& c) const { return "offer " + c.peer; }
    std::string operator()(const to_do::SendCommit& c) const { return "commit " + c.peer; }
    std::string operator()(const to_do::SendWithdraw& c) const { return "withdraw " + c.peer; }
    std::string operator()(const to_do::SendAsk& c) const {
      return (c.take_back ? "take back " : "ask ") + c.peer;
    }
    std::string operator()(const to_do::Returned& c) const {
      return "returned " + std::string(name_of(c.why));
    }
    std::string operator()(const to_do::Finished&) const { return "finished"; }
    std::string operator()(const to_do::Lost& c) const { return "lost at " + c.peer; }
  } words;
  return std::visit(words, command);
}

class Owner : public testing::Test {
 protected:
  Owner() { side.peer_up({"b", 1}, now); }

  std::string said(const OwnerCommands& commands) {
    std::string all;
    for (const auto& command : commands) all += (all.empty() ? "" : ", ") + in_words(command);
    return all;
  }
  std::string offer(Ticket ticket, const std::string& peer = "b") {
    return said(side.offer(ticket, peer, now + 165s, now));
  }
  // Offered, accepted and committed.
  void commit(Ticket ticket, const std::string& peer = "b") {
    ASSERT_EQ(offer(ticket, peer), "offer " + peer);
    ASSERT_EQ(said(side.answered(peer, ticket, std::nullopt, now)), "commit " + peer);
  }
  std::string after(std::chrono::nanoseconds time) {
    now += time;
    return said(side.tick(now));
  }

  base::Instant now{1h};
  OwnerSide side{OwnerConfig{}};
};

TEST_F(Owner, AnAcceptedOfferIsCommittedAndEndsWithDone) {
  commit(1);
  EXPECT_EQ(said(side.done("b", 1, now)), "finished");
  EXPECT_EQ(side.stats().done, 1U);
  EXPECT_EQ(side.stats().outstanding, 0U);
  EXPECT_FALSE(side.next_deadline());
}

TEST_F(Owner, NobodyIsOfferedAnythingWhoIsNotThere) {
  EXPECT_EQ(offer(1, "stock"), "returned not_offered");
  side.peer_down("b", now);
  EXPECT_EQ(offer(2), "returned not_offered");
}

TEST_F(Owner, WhatIsRefusedComesBack) {
  offer(1);
  EXPECT_EQ(said(side.answered("b", 1, Refusal::kNoRoom, now)), "returned refused");
  EXPECT_TRUE(side.takes_offers("b", now));
}

TEST_F(Owner, WithoutAnAnswerInTimeItComesBackAndALateOneIsWithdrawn) {
  offer(1);
  EXPECT_EQ(after(4ms), "");
  EXPECT_EQ(after(1ms), "withdraw b, returned late");
  EXPECT_EQ(said(side.answered("b", 1, std::nullopt, now)), "withdraw b");
  EXPECT_EQ(side.stats().late_answers, 1U);
}

TEST_F(Owner, WhoIsLateAgainAndAgainIsAvoidedForAWhile) {
  for (Ticket ticket = 1; ticket <= 5; ++ticket) {
    EXPECT_EQ(offer(ticket), "offer b");
    after(5ms);
  }
  EXPECT_EQ(offer(6), "returned not_offered");
  now += 5s;
  EXPECT_EQ(offer(7), "offer b");
}

TEST_F(Owner, WhoAcceptsAndDoesNotBeginIsAvoidedForAWhile) {
  for (Ticket ticket = 1; ticket <= 3; ++ticket) {
    commit(ticket);
    EXPECT_EQ(said(side.not_started("b", ticket, Refusal::kCannotBegin, now)),
              "returned not_started");
  }
  EXPECT_FALSE(side.takes_offers("b", now));
  EXPECT_TRUE(side.takes_offers("b", now + 5s));
}

TEST_F(Owner, ALinkThatBreaksBeforeTheCommitBringsItBack) {
  offer(1);
  EXPECT_EQ(said(side.peer_down("b", now)), "returned link_lost");
}

TEST_F(Owner, AfterABreakTheSameLifeIsAskedForWhatItHas) {
  commit(1);
  EXPECT_EQ(said(side.peer_down("b", now)), "");
  EXPECT_EQ(after(9s), "");
  EXPECT_EQ(said(side.peer_up({"b", 1}, now)), "ask b");
  EXPECT_EQ(said(side.done("b", 1, now)), "finished");
}

TEST_F(Owner, AnotherLifeUnderTheSameNameHasLostEverything) {
  commit(1);
  side.peer_down("b", now);
  EXPECT_EQ(said(side.peer_up({"b", 2}, now)), "lost at b");
  EXPECT_EQ(said(side.not_started("b", 1, Refusal::kLapsed, now)), "");
  EXPECT_FALSE(side.takes_offers("b", now));
  EXPECT_TRUE(side.takes_offers("b", now + 30s));
}

TEST_F(Owner, WhoStaysOutOfReachHasLostItAfterAWhile) {
  commit(1);
  side.peer_down("b", now);
  EXPECT_EQ(after(10s), "lost at b");
}

TEST_F(Owner, WhoIsOutOfReachAndSeenElsewhereIsBelievedToTellItself) {
  commit(1);
  side.peer_down("b", now);
  for (int second = 0; second < 164; ++second) {
    side.peer_seen({"b", 1}, now);
    EXPECT_EQ(after(1s), "");
  }
  EXPECT_EQ(after(1s), "finished");
  EXPECT_EQ(side.stats().lost, 0U);
}

TEST_F(Owner, AnotherLifeThatIsSeenSavesNothing) {
  commit(1);
  side.peer_down("b", now);
  side.peer_seen({"b", 2}, now + 9s);
  EXPECT_EQ(after(10s), "lost at b");
}

TEST_F(Owner, WhoSaysNothingOverAnOpenLinkHasLostIt) {
  commit(1);
  EXPECT_EQ(after(2s), "ask b");
  EXPECT_EQ(after(2s), "ask b");
  EXPECT_EQ(after(2s), "ask b");
  EXPECT_EQ(after(2s), "lost at b");
}

TEST_F(Owner, WhatHasNotBegunInTimeIsTakenBack) {
  commit(1);
  EXPECT_EQ(after(2s), "ask b");
  side.underway("b", 1, now);
  EXPECT_EQ(after(4s), "ask b");
  side.underway("b", 1, now);
  EXPECT_EQ(after(4s), "take back b");
  EXPECT_EQ(said(side.not_started("b", 1, Refusal::kTakenBack, now)), "returned not_started");
}

TEST_F(Owner, WhatRunsTooLongIsGivenUpBeforeTheControllerDoes) {
  commit(1);
  std::string last;
  for (int second = 0; second < 165; ++second) {
    last = after(1s);
    side.underway("b", 1, now);
  }
  EXPECT_EQ(last, "lost at b");
}

TEST_F(Owner, AnotherPeersWordCountsForNothing) {
  side.peer_up({"c", 1}, now);
  commit(1);
  EXPECT_EQ(said(side.done("c", 1, now)), "");
  EXPECT_EQ(said(side.not_started("c", 1, Refusal::kNoRoom, now)), "");
  offer(2);
  EXPECT_EQ(said(side.answered("c", 2, std::nullopt, now)), "withdraw c");
  EXPECT_EQ(said(side.done("b", 2, now)), "");  // not committed yet
  EXPECT_EQ(said(side.not_started("b", 2, Refusal::kNoRoom, now)), "");
}

TEST_F(Owner, AnAnswerThatComesTwiceCommitsOnce) {
  commit(1);
  EXPECT_EQ(said(side.answered("b", 1, std::nullopt, now)), "");
  EXPECT_EQ(said(side.answered("b", 1, Refusal::kNoRoom, now)), "");
  EXPECT_EQ(side.stats().committed, 1U);
}

TEST_F(Owner, OnePeerGetsSoManyAndNoMore) {
  OwnerConfig config;
  config.outstanding_max = 2;
  side = OwnerSide(config);
  side.peer_up({"b", 1}, now);
  commit(1);
  commit(2);
  EXPECT_EQ(offer(3), "returned not_offered");
  side.done("b", 1, now);
  EXPECT_EQ(offer(4), "offer b");
}

}  // namespace
}  // namespace invoker_handoff
