// The checker finds what each isolation forbids, and nothing else.
#include "history.h"

#include <gmock/gmock.h>

namespace storage_tree {
namespace {

using hints::Isolation;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::map<int, int> kDirectories{{1, 10}, {2, 10}, {3, 30}};

Transaction write(std::uint64_t snapshot, std::uint64_t number, std::map<int, Value> writes) {
  Transaction transaction;
  transaction.snapshot = snapshot;
  transaction.committed = number;
  transaction.told = true;
  transaction.begun = snapshot * 10 + 1;  // right after that commit was answered
  transaction.answered = number * 10;
  transaction.writes = std::move(writes);
  return transaction;
}

std::vector<std::string> check(std::vector<Transaction> history,
                               Isolation isolation = Isolation::kSnapshot) {
  for (auto& transaction : history) transaction.isolation = isolation;
  return violations(history, kDirectories);
}

TEST(History, OneAfterTheOtherIsSound) {
  auto second = write(1, 2, {{1, 12}});
  second.reads = {{1, 11}, {2, 0}};
  second.lists = {{10, {1}}, {30, {}}};
  for (const auto isolation :
       {Isolation::kNone, Isolation::kReadAtomic, Isolation::kSnapshot, Isolation::kSerializable}) {
    EXPECT_THAT(check({write(0, 1, {{1, 11}}), second}, isolation), IsEmpty());
  }
}

TEST(History, ATornReadIsFoundAtEveryLevel) {
  auto reader = write(1, 2, {{3, 30}});
  reader.reads = {{1, 11}, {2, 0}};
  EXPECT_THAT(check({write(0, 1, {{1, 11}, {2, 12}}), reader}, Isolation::kReadAtomic),
              ElementsAre(HasSubstr("read a value")));
}

TEST(History, AReadOfWhatWasNotCommittedIsFound) {
  auto lost = write(0, 1, {{1, 66}});
  lost.committed.reset();
  auto reader = write(0, 1, {{3, 30}});
  reader.reads = {{1, 66}};
  EXPECT_THAT(check({lost, reader}, Isolation::kNone), ElementsAre(HasSubstr("read a value")));
}

TEST(History, AReadOfTheFutureIsFound) {
  auto reader = write(0, 2, {{3, 30}});
  reader.reads = {{1, 11}};
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), reader}, Isolation::kReadAtomic),
              ElementsAre(HasSubstr("read a value")));
}

TEST(History, APhantomInAListingIsFound) {
  auto reader = write(1, 2, {{3, 30}});
  reader.lists = {{10, {}}};
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), reader}, Isolation::kReadAtomic),
              ElementsAre(HasSubstr("listed")));
}

TEST(History, ALostUpdateIsFoundFromSnapshotOn) {
  const std::vector<Transaction> history{write(0, 1, {{1, 11}}), write(0, 2, {{1, 12}})};
  EXPECT_THAT(check(history, Isolation::kNone), IsEmpty());
  EXPECT_THAT(check(history, Isolation::kReadAtomic), IsEmpty());
  EXPECT_THAT(check(history, Isolation::kSnapshot), ElementsAre(HasSubstr("have stopped it")));
  EXPECT_THAT(check(history, Isolation::kSerializable), ElementsAre(HasSubstr("have stopped it")));
}

TEST(History, AWriteSkewIsFoundAtSerializable) {
  auto first = write(0, 1, {{1, 11}}), second = write(0, 2, {{2, 22}});
  first.reads = {{2, 0}};
  second.reads = {{1, 0}};
  EXPECT_THAT(check({first, second}, Isolation::kSnapshot), IsEmpty());
  EXPECT_THAT(check({first, second}, Isolation::kSerializable),
              ElementsAre(HasSubstr("have stopped it")));
}

TEST(History, ASkewThroughAListingIsFoundAtSerializable) {
  auto second = write(0, 2, {{3, 33}});
  second.lists = {{10, {}}};
  const std::vector<Transaction> history{write(0, 1, {{1, 11}}), second};
  EXPECT_THAT(check(history, Isolation::kSnapshot), IsEmpty());
  EXPECT_THAT(check(history, Isolation::kSerializable), ElementsAre(HasSubstr("stopped it")));
}

TEST(History, AStaleSnapshotIsFound) {
  auto late = write(0, 2, {{3, 30}});
  late.begun = 11;  // the first commit was answered at 10
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), late}), ElementsAre(HasSubstr("does not see it")));
}

TEST(History, NumbersAreGivenOnceAndWithoutGaps) {
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), write(0, 1, {{2, 12}})}),
              ElementsAre(HasSubstr("twice")));
  EXPECT_THAT(check({write(0, 2, {{1, 11}})}), ElementsAre(HasSubstr("missing")));
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), write(2, 2, {{2, 12}})}),
              ElementsAre(HasSubstr("before its own snapshot")));
}

TEST(History, ARefusalWithoutAReasonIsFound) {
  auto refused = write(0, 0, {{2, 22}});
  refused.committed.reset();
  refused.refused_for = 1;
  EXPECT_THAT(check({write(0, 1, {{1, 11}}), refused}), ElementsAre(HasSubstr("for nothing")));
  EXPECT_THAT(check({write(0, 1, {{2, 12}}), refused}), IsEmpty());
}

}  // namespace
}  // namespace storage_tree
