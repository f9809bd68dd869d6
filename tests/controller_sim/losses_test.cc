// At most once: invokers die, and the verdict says what they lost.
#include "controller_sim/losses.h"

#include "books_fixture.h"

namespace controller_sim {
namespace {

using enum BreachKind;
using namespace std::chrono_literals;

class LossesTest : public BooksFixture {
 protected:
  // Sends one whose message has this offset.
  std::string send_at(std::int64_t offset) {
    const std::string id = send();
    books_->delivered(id, offset);
    return id;
  }
  void die(std::int64_t committed) {
    now_ += 1s;
    deaths_.push_back({0, committed, now_});
  }
  LossReport judge(const std::optional<Marks>& marks = std::nullopt) {
    return judge_losses(*books_, deaths_, {{0, 100}}, marks, *breaches_);
  }

  std::vector<Death> deaths_;
};

TEST_F(LossesTest, TheLostAreThoseCommittedAndUnfinishedAtADeath) {
  const std::string finished = send_at(0);
  answer(finished);
  const std::string lost = send_at(1);
  const std::string waiting = send_at(2);
  die(2);
  answer(waiting);
  const LossReport report = judge();
  EXPECT_TRUE(report.exact);
  EXPECT_EQ(report.lost_ids, std::vector{lost});
  EXPECT_EQ(report.lost_expected, 1U);
  EXPECT_EQ(report.completed, 2U);
  expect_breaches({});
}

TEST_F(LossesTest, OneThatWasNotCommittedMustNotBeLost) {
  send_at(0);
  die(0);
  EXPECT_FALSE(judge().exact);
  expect_breaches({kLostUncommitted});
}

TEST_F(LossesTest, OneThatWasCommittedAfterTheDeathMustNotBeLost) {
  const std::string first = send_at(0);
  answer(first);
  die(1);
  send_at(1);
  EXPECT_FALSE(judge().exact);
  expect_breaches({kLostUncommitted});
}

TEST_F(LossesTest, OneThatComesBackIsNamed) {
  const std::string id = send_at(0);
  die(1);
  answer(id);
  EXPECT_FALSE(judge().exact);
  expect_breaches({kCameBack});
}

TEST_F(LossesTest, OneThatFinishedBetweenTwoDeathsIsNotLostInTheSecond) {
  const std::string lost = send_at(0);
  die(1);
  const std::string fine = send_at(1);
  answer(fine);
  die(2);
  const LossReport report = judge();
  EXPECT_TRUE(report.exact);
  EXPECT_EQ(report.lost_ids, std::vector{lost});
  expect_breaches({});
}

TEST_F(LossesTest, WithoutDeathsWhatIsCommittedAtTheEndMayBeLost) {
  send_at(99);
  EXPECT_TRUE(judge().exact);
  expect_breaches({});
  send_at(100);
  EXPECT_FALSE(judge().exact);
  expect_breaches({kLostUncommitted});
}

TEST_F(LossesTest, MarksTellWhatRanNeverOnceAndTwice) {
  const std::string once = send_at(0);
  const std::string twice = send_at(1);
  const std::string never = send_at(2);
  answer(once);
  answer(twice);
  const LossReport report = judge(Marks{{once, 1}, {twice, 2}});
  EXPECT_EQ(report.ran_once, 1U);
  EXPECT_EQ(report.ran_twice, 1U);
  EXPECT_EQ(report.ran_never, 1U);
  EXPECT_EQ(report.lost_ids, std::vector{never});
  expect_breaches({kRanTwice});
}

TEST_F(LossesTest, ASuccessThatLeftNoMarkIsNamed) {
  answer(send_at(0));
  judge(Marks{});
  expect_breaches({kNeverRan});
}

TEST_F(LossesTest, WhatTheBrokerNeverTookDoesNotCount) {
  books_->undelivered(send());
  EXPECT_EQ(judge().sent, 0U);
  expect_breaches({});
}

}  // namespace
}  // namespace controller_sim
