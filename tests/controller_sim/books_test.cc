// The books: what an invoker must do passes, and every breach is provoked once.
#include "controller_sim/books.h"

#include "books_fixture.h"
#include "recorded.h"

namespace controller_sim {
namespace {

using base::Json;
using enum BreachKind;
using namespace std::chrono_literals;

class BooksTest : public BooksFixture {};

TEST_F(BooksTest, AResultAndThenACompletionBreakNothing) {
  const std::string id = send();
  EXPECT_EQ(books_->open(), 1U);
  EXPECT_EQ(balancer_->slots(0).free_mb(), 768);
  answer(id);
  books_->finish(now_);
  EXPECT_EQ(books_->open(), 0U);
  EXPECT_EQ(balancer_->slots(0).free_mb(), 1024);
  expect_breaches({});
}

TEST_F(BooksTest, ANonBlockingOneIsCompletedWithoutAResult) {
  answer(send(0, false));
  books_->finish(now_);
  expect_breaches({});
}

TEST_F(BooksTest, BothAtOnceIsRightWhereNoLogsAreCollected) {
  config_.strict_shapes = true;
  config_.actions[0].logs_mb = 0;
  restart();
  take(combined(send()));
  books_->finish(now_);
  expect_breaches({});
}

TEST_F(BooksTest, BothAtOnceIsWrongForASuccessWhoseLogsAreCollected) {
  config_.strict_shapes = true;
  restart();
  take(combined(send()));
  expect_breaches({kAckShapeWrong});
}

TEST_F(BooksTest, BothApartIsWrongWhereNoLogsAreCollected) {
  config_.strict_shapes = true;
  config_.actions[0].logs_mb = 0;
  restart();
  const std::string id = send();
  take(result(id));
  expect_breaches({kAckShapeWrong});
}

TEST_F(BooksTest, AResultThatIsTooLargeComesAsTheBareId) {
  const std::string id = send();
  Ack shrunk = result(id);
  shrunk.activation.reset();
  take(shrunk);
  take(completion(id));
  books_->finish(now_);
  expect_breaches({});
  EXPECT_EQ(books_->results_by_record(), 1U);
}

TEST_F(BooksTest, AnAcknowledgementOfNobodysActivationIsNamed) {
  const std::string id = send();
  Ack foreign = completion(id);
  foreign.id = random_activation_id(random_);
  take(foreign);
  expect_breaches({kUnknownId});
  EXPECT_EQ(breaches_->kept()[0].id, foreign.id);
}

TEST_F(BooksTest, AHealthTestIsKnownByItsIdAndCreditedByItsTransid) {
  const Json constant = Json::Array{Json("sid_invokerHealth"), Json(std::int64_t{17})};
  books_->health_test_sent("2a142b8a53a54d62942b8a53a56d6269", constant);
  Ack ack;
  ack.id = "2a142b8a53a54d62942b8a53a56d6269";
  ack.transid = constant;
  ack.instance = completion(send()).instance;
  take(ack);
  EXPECT_EQ(books_->health_tests_acked(), 1U);
  expect_breaches({});
  ack.transid = Json::Array{Json("sid_invokerHealth"), Json(std::int64_t{18})};
  take(ack);
  EXPECT_EQ(books_->health_tests_acked(), 1U);
  expect_breaches({kTransidChanged});
}

TEST_F(BooksTest, AChangedTransidIsNamed) {
  const std::string id = send();
  Ack changed = result(id);
  changed.transid.append(true);
  take(changed);
  expect_breaches({kTransidChanged});
}

TEST_F(BooksTest, WhatIsNeverCompletedIsGivenUpAfterTheControllersTimeout) {
  const std::string id = send();
  take(result(id));
  books_->tick(now_ + 179s);
  expect_breaches({});
  books_->tick(now_ + 180s);
  expect_breaches({kAckMissing});
  EXPECT_EQ(breaches_->kept()[0].id, id);
  EXPECT_EQ(books_->given_up(), 1U);
  EXPECT_EQ(balancer_->slots(0).free_mb(), 1024);
}

TEST_F(BooksTest, TheForcedTimeoutIsThatOfTheContract) {
  EXPECT_EQ(forced_timeout(60s), 3min);
  EXPECT_EQ(forced_timeout(100ms), 3min);
  EXPECT_EQ(forced_timeout(300s), 11min);
}

TEST_F(BooksTest, FourGivenUpInARowMakeTheInvokerUnresponsive) {
  for (int i = 0; i < 4; ++i) send();
  for (int i = 0; i < 7; ++i) balancer_->outcome(0, Outcome::kSuccess, now_);
  books_->tick(now_ + 200s);
  EXPECT_EQ(balancer_->state(0), HealthState::kUnresponsive);
}

TEST_F(BooksTest, WhatIsOpenAtTheEndIsNamed) {
  send();
  books_->finish(now_);
  expect_breaches({kAckMissing});
}

TEST_F(BooksTest, ACompletionAfterTheTimeoutIsLateAndFreesNothingTwice) {
  const std::string id = send();
  take(result(id));
  now_ += 200s;
  books_->tick(now_);
  take(completion(id));
  expect_breaches({kAckMissing, kAckLate});
  EXPECT_EQ(balancer_->slots(0).free_mb(), 1024);
}

TEST_F(BooksTest, AFirstAcknowledgementLaterThanAskedForIsLate) {
  config_.ack_within = 50ms;
  restart();
  answer(send());
  expect_breaches({});
  const std::string id = send();
  take(result(id), 51ms);
  take(completion(id), 1s);
  expect_breaches({kAckLate});
}

TEST_F(BooksTest, ACompletionBeforeItsResultIsNamed) {
  const std::string id = send();
  take(completion(id));
  take(result(id));
  expect_breaches({kCompletionBeforeResult});
}

TEST_F(BooksTest, ASecondCompletionIsNamedAndFreesNothing) {
  const std::string id = send();
  answer(id);
  take(completion(id));
  books_->finish(now_);
  expect_breaches({kSecondCompletion});
}

TEST_F(BooksTest, ASecondResultIsNamed) {
  const std::string id = send();
  take(result(id));
  answer(id);
  expect_breaches({kSecondResult});
}

TEST_F(BooksTest, ANonBlockingOnesResultIsNamed) {
  const std::string id = send(0, false);
  take(combined(id));
  expect_breaches({kResultUnexpected});
}

TEST_F(BooksTest, AResultByItselfForANonBlockingOneIsNamed) {
  const std::string id = send(0, false);
  Ack shrunk = result(id);
  shrunk.activation.reset();
  take(shrunk);
  expect_breaches({kResultUnexpected});
}

TEST_F(BooksTest, EveryMemberOfAResultIsCompared) {
  using Change = void (*)(AckedActivation&);
  const std::vector<Change> changes = {
      [](AckedActivation& a) { a.result->set("n", 99); },
      [](AckedActivation& a) { a.result->set("text", "?"); },
      [](AckedActivation& a) { a.result.reset(); },
      [](AckedActivation& a) { a.status = 1; },
      [](AckedActivation& a) { a.namespace_name = "other"; },
      [](AckedActivation& a) { a.subject = "other"; },
      [](AckedActivation& a) { a.name = "other"; },
      [](AckedActivation& a) { a.version = "0.0.2"; },
      [](AckedActivation& a) { a.end_ms = a.start_ms - 1; },
      [](AckedActivation& a) { a.logs = {"a line"}; },
      [](AckedActivation& a) { a.annotations.items().erase(a.annotations.items().begin()); },
      [](AckedActivation& a) { a.annotations.items().erase(a.annotations.items().begin() + 1); },
      [](AckedActivation& a) { a.annotations.items().pop_back(); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    restart();
    Ack ack = result(send());
    changes[i](*ack.activation);
    take(ack);
    expect_breaches({kResultWrong});
  }
}

TEST_F(BooksTest, ASystemErrorThatIsNoneIsNamed) {
  const std::string id = send();
  take(result(id));
  Ack ack = completion(id);
  ack.system_error = true;
  take(ack);
  expect_breaches({kSystemErrorWrong});
}

TEST_F(BooksTest, ASystemErrorThatIsNotSaidIsNamed) {
  const std::string id = send();
  Ack ack = combined(id);
  ack.activation->status = 3;
  take(ack);
  expect_breaches({kResultWrong, kSystemErrorWrong});
}

TEST_F(BooksTest, AnotherInvokersNameIsNamedAndItsSlotsAreWrong) {
  const std::string id = send();
  take(result(id));
  Ack ack = completion(id);
  ack.instance->id = 1;
  take(ack);
  expect_breaches({kInstanceWrong});
  EXPECT_EQ(balancer_->slots(0).free_mb(), 768);
  EXPECT_EQ(balancer_->slots(1).free_mb(), 1280);
  books_->finish(now_);
  EXPECT_EQ(breaches_->count(kSlotLeak), 2U);
}

TEST_F(BooksTest, WhatDidNotReachTheBrokerTakesNoSlot) {
  const std::string id = send();
  books_->undelivered(id);
  EXPECT_EQ(books_->open(), 0U);
  books_->tick(now_ + 200s);
  books_->finish(now_ + 200s);
  expect_breaches({});
}

TEST_F(BooksTest, FailuresOfTheActionAreNoBreachesWhereTheyAreExpected) {
  for (const std::string behaviour : {"fail", "throw", "hang:100", "oom", "exit", "noop", "sleep:5",
                                      "result:1000", "log:3", "init"}) {
    SCOPED_TRACE(behaviour);
    config_.actions[0].behaviour = parse_behaviour(behaviour).value();
    restart();
    answer(send());
    books_->finish(now_);
    expect_breaches({});
  }
}

TEST_F(BooksTest, MarksGoIntoTheParametersAndComeBackInAnEcho) {
  config_.mark = Json::object({{"file", "/marks"}});
  restart();
  const std::string id = send();
  const Json content = books_->content_of(entry(id).call);
  EXPECT_EQ(content.find("mark")->find("id")->as_string(), id);
  answer(id);
  expect_breaches({});
}

// What a real controller and the stock invoker said: each activation is closed by its
// acknowledgements and frees what it took. (What the actions there return is not ours to judge.)
TEST_F(BooksTest, RecordedAcknowledgementsCloseTheirActivations) {
  int closed = 0;
  for (const RecordedCase& each : recorded_cases()) {
    SCOPED_TRACE(each.name);
    restart();
    for (const std::string& text : each.messages) {
      const auto message = Json::parse(text);
      const Json* transid = message ? message->find("transid") : nullptr;
      if (transid == nullptr || message->find("blocking") == nullptr) continue;
      const Json* id = message->find("activationId");
      if (id == nullptr || !is_activation_id(id->as_string())) continue;
      books_->sent({id->as_string(), *transid, 0, 0, message->find("blocking")->as_bool(), true}, 0,
                   now_);
    }
    for (const std::string& text : each.acks) {
      const Ack ack = read_ack(text).value();
      if (books_->find(ack.id) == nullptr) continue;
      take(ack);
      if (entry(ack.id).completed) ++closed;
    }
    for (const BreachKind kind : {kTransidChanged, kSecondCompletion, kSecondResult, kInstanceWrong,
                                  kResultUnexpected, kSystemErrorWrong}) {
      EXPECT_EQ(breaches_->count(kind), 0U) << name_of(kind);
    }
  }
  EXPECT_GE(closed, 40);
}

}  // namespace
}  // namespace controller_sim
