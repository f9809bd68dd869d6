#include "invoker_handoff/executor_side.h"

#include <gtest/gtest.h>

namespace invoker_handoff {
namespace {

using namespace std::chrono_literals;

std::string in_words(const ExecutorCommand& command) {
  struct {
    std::string operator()(const to_do::Reserve&) const { return "reserve"; }
    std::string operator()(const to_do::Release&) const { return "release"; }
    std::string operator()(const to_do::Begin&) const { return "begin"; }
    std::string operator()(const to_do::TakeOut&) const { return "take out"; }
    std::string operator()(const to_do::Fail&) const { return "fail"; }
    std::string operator()(const to_do::SendAnswer& c) const {
      return c.refusal ? "refuse " + std::string(name_of(*c.refusal)) : "accept";
    }
    std::string operator()(const to_do::SendNotStarted& c) const {
      return "not started " + std::string(name_of(c.reason));
    }
    std::string operator()(const to_do::SendUnderway&) const { return "underway"; }
    std::string operator()(const to_do::SendDone&) const { return "done"; }
  } words;
  return std::visit(words, command);
}

class Executor : public testing::Test {
 protected:
  Executor() { side.peer_up({"a", 1}, now); }

  static std::string said(const ExecutorCommands& commands) {
    std::string all;
    for (const auto& command : commands) all += (all.empty() ? "" : ", ") + in_words(command);
    return all;
  }
  std::string offer(Ticket ticket, const std::string& peer = "a") {
    return said(side.offered(peer, ticket, now));
  }
  GuestId guest(Ticket ticket) { return side.guest_of("a", ticket).value(); }
  std::string commit(Ticket ticket, const std::string& id = "") {
    return said(side.committed("a", ticket, id.empty() ? std::to_string(ticket) : id, 10s, now));
  }
  std::string ask(Ticket ticket, bool take_back = false) {
    return said(side.asked("a", ticket, take_back, now));
  }
  void reserve(Ticket ticket) {
    ASSERT_EQ(offer(ticket), "reserve");
    ASSERT_EQ(said(side.reserved(guest(ticket), std::nullopt, now)), "accept");
  }
  GuestId begin(Ticket ticket) {
    reserve(ticket);
    const GuestId id = guest(ticket);
    EXPECT_EQ(commit(ticket), "begin");
    return id;
  }
  std::string after(std::chrono::nanoseconds time) {
    now += time;
    return said(side.tick(now));
  }

  base::Instant now{1h};
  ExecutorSide side{ExecutorConfig{}};
};

TEST_F(Executor, WhatFitsIsReservedBegunAndDone) {
  const GuestId id = begin(1);
  EXPECT_EQ(ask(1), "underway");
  EXPECT_EQ(said(side.ended(id, now)), "done");
  EXPECT_EQ(side.stats().guests, 0U);
  EXPECT_EQ(ask(1), "done");
}

TEST_F(Executor, WithoutRoomItIsRefused) {
  offer(1);
  EXPECT_EQ(said(side.reserved(guest(1), Refusal::kNoRoom, now)), "refuse no_room");
  EXPECT_EQ(commit(1), "not started no_room");
}

TEST_F(Executor, AReservationLapses) {
  reserve(1);
  EXPECT_EQ(after(99ms), "");
  EXPECT_EQ(after(1ms), "release");
  EXPECT_EQ(commit(1), "not started lapsed");
  EXPECT_EQ(side.stats().lapsed, 1U);
}

TEST_F(Executor, AProcessThatStoodStillFindsItsReservationGoneBeforeItsClockStruck) {
  reserve(1);
  now += 10min;
  EXPECT_EQ(commit(1), "release, not started lapsed");
}

TEST_F(Executor, AWithdrawnOfferFreesItsPlace) {
  reserve(1);
  EXPECT_EQ(said(side.withdrawn("a", 1, now)), "release");
  EXPECT_EQ(commit(1), "not started taken_back");
  EXPECT_EQ(offer(2), "reserve");
  const GuestId id = guest(2);
  EXPECT_EQ(said(side.withdrawn("a", 2, now)), "release");
  EXPECT_EQ(said(side.reserved(id, std::nullopt, now)), "");
}

TEST_F(Executor, WhatWasBegunIsNotWithdrawn) {
  begin(1);
  EXPECT_EQ(said(side.withdrawn("a", 1, now)), "");
}

TEST_F(Executor, AnOfferThatComesAgainHearsNothing) {
  reserve(1);
  EXPECT_EQ(offer(1), "");
  side.withdrawn("a", 1, now);
  EXPECT_EQ(offer(1), "");
  reserve(5);
  EXPECT_EQ(offer(4), "");
}

TEST_F(Executor, ACommitThatComesAgainBeginsNothing) {
  const GuestId id = begin(1);
  EXPECT_EQ(commit(1), "");
  side.ended(id, now);
  EXPECT_EQ(commit(1), "done");
  EXPECT_EQ(side.stats().begun, 1U);
}

TEST_F(Executor, AnActivationThatComesAgainUnderAnotherTicketIsNotRunAgain) {
  begin(1);
  reserve(2);
  EXPECT_EQ(commit(2, "1"), "release, done");
  EXPECT_EQ(side.stats().repeated, 1U);
}

TEST_F(Executor, ACommitWithoutAnOfferBeginsNothing) {
  EXPECT_EQ(commit(9), "not started lapsed");
  EXPECT_EQ(offer(9), "");
}

TEST_F(Executor, WhoIsAskedForWhatItNeverHeardOfNeverBeginsIt) {
  EXPECT_EQ(ask(3), "not started lapsed");
  EXPECT_EQ(offer(3), "");
  EXPECT_EQ(commit(3), "not started lapsed");
}

TEST_F(Executor, WhatHasNotBegunIsTakenBack) {
  const GuestId id = begin(1);
  EXPECT_EQ(ask(1, true), "take out");
  EXPECT_EQ(said(side.taken_out(id, true, now)), "release, not started taken_back");
  EXPECT_EQ(ask(1), "not started taken_back");
}

TEST_F(Executor, WhatRunsIsNotTakenBack) {
  const GuestId id = begin(1);
  EXPECT_EQ(ask(1, true), "take out");
  EXPECT_EQ(said(side.taken_out(id, false, now)), "underway");
  EXPECT_EQ(said(side.ended(id, now)), "done");
}

TEST_F(Executor, WhatHasNotBegunInItsTimeIsGivenBack) {
  const GuestId id = begin(1);
  EXPECT_EQ(after(10s), "take out");
  EXPECT_EQ(said(side.taken_out(id, true, now)), "release, not started too_late");
  const GuestId runs = begin(2);
  EXPECT_EQ(after(10s), "take out");
  EXPECT_EQ(said(side.taken_out(runs, false, now)), "");
  EXPECT_EQ(after(1h), "");
  EXPECT_EQ(said(side.ended(runs, now)), "done");
}

TEST_F(Executor, WhatCannotBeBegunIsGivenBack) {
  const GuestId id = begin(1);
  EXPECT_EQ(said(side.not_begun(id, Refusal::kCannotBegin, now)),
            "release, not started cannot_begin");
}

TEST_F(Executor, AnOwnerThatLeavesFreesWhatWasReservedAndNotWhatWasBegun) {
  reserve(1);
  const GuestId id = begin(2);
  EXPECT_EQ(said(side.peer_down("a", now)), "release");
  EXPECT_EQ(said(side.ended(id, now)), "");
  side.peer_up({"a", 1}, now);
  EXPECT_EQ(ask(2), "done");
  EXPECT_EQ(ask(1), "not started lapsed");
}

TEST_F(Executor, WhatCannotBeBegunWaitsForAnOwnerWhoIsAway) {
  const GuestId id = begin(1);
  side.peer_down("a", now);
  EXPECT_EQ(said(side.not_begun(id, Refusal::kCannotBegin, now)), "");
  EXPECT_EQ(after(7s), "");
  EXPECT_EQ(said(side.peer_up({"a", 1}, now)), "release, not started cannot_begin");
}

TEST_F(Executor, WhenTheOwnerStaysAwayWhoHasItEndsItAsAnError) {
  const GuestId id = begin(1);
  side.peer_down("a", now);
  side.not_begun(id, Refusal::kCannotBegin, now);
  EXPECT_EQ(after(8s), "fail");
  side.peer_up({"a", 1}, now);
  EXPECT_EQ(ask(1), "done");  // it must not be run any more
}

TEST_F(Executor, WhenTheOwnerIsAnotherLifeWhoHasItEndsItAsAnError) {
  const GuestId id = begin(1);
  side.peer_down("a", now);
  side.not_begun(id, Refusal::kCannotBegin, now);
  side.peer_up({"a", 2}, now);
  EXPECT_EQ(after(0s), "fail");
}

TEST_F(Executor, AnotherLifesTicketsAreOthers) {
  const GuestId id = begin(1);
  side.peer_up({"a", 2}, now);
  reserve(1);
  EXPECT_EQ(said(side.ended(id, now)), "");
  EXPECT_EQ(commit(1, "another"), "begin");
}

TEST_F(Executor, WhoIsNotThereIsNotHeard) {
  EXPECT_EQ(said(side.offered("stranger", 1, now)), "");
  side.peer_down("a", now);
  EXPECT_EQ(offer(1), "");
  EXPECT_EQ(commit(1), "");
  EXPECT_EQ(ask(1), "");
}

TEST_F(Executor, ItTakesSoManyAndNoMore) {
  ExecutorConfig config;
  config.guests_max = 3;
  config.guests_per_peer_max = 2;
  side = ExecutorSide(config);
  side.peer_up({"a", 1}, now);
  side.peer_up({"c", 1}, now);
  reserve(1);
  reserve(2);
  EXPECT_EQ(offer(3), "refuse too_many");
  EXPECT_EQ(offer(1, "c"), "reserve");
  EXPECT_EQ(offer(2, "c"), "refuse too_many");
}

TEST_F(Executor, WhoStopsTakesNothingNewAndEndsWhatItHas) {
  const GuestId id = begin(1);
  side.stop_taking();
  EXPECT_EQ(offer(2), "refuse stopping");
  EXPECT_EQ(said(side.ended(id, now)), "done");
}

TEST_F(Executor, WhatWasForgottenIsNotTold) {
  ExecutorConfig config;
  config.remembered_max = 2;
  side = ExecutorSide(config);
  side.peer_up({"a", 1}, now);
  for (Ticket ticket = 1; ticket <= 3; ++ticket) side.ended(begin(ticket), now);
  EXPECT_EQ(ask(1), "");
  EXPECT_EQ(ask(3), "done");
}

}  // namespace
}  // namespace invoker_handoff
