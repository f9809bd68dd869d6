#include "history.h"

#include <algorithm>

namespace storage_tree {
namespace {

using hints::Isolation;
using State = std::map<int, Value>;  // only what is there

class Checker {
 public:
  Checker(const std::vector<Transaction>& history, const std::map<int, int>& directory_of)
      : history_(history), directory_of_(directory_of) {}

  std::vector<std::string> run() {
    replay();
    for (std::size_t i = 0; i < history_.size(); ++i) {
      name_ = "transaction " + std::to_string(i);
      const auto& transaction = history_[i];
      check_reads(transaction);
      check_order(transaction);
      if (transaction.committed && !transaction.writes.empty()) check_isolation(transaction);
      if (transaction.refused_for) check_refusal(transaction);
    }
    return std::move(found_);
  }

 private:
  void wrong(const std::string& what) { found_.push_back(name_ + ": " + what); }

  // The states of the volume, by commit number.
  void replay() {
    for (const auto& transaction : history_) {
      if (!transaction.committed || transaction.writes.empty()) continue;
      if (!by_number_.emplace(*transaction.committed, &transaction).second) {
        wrong("commit " + std::to_string(*transaction.committed) + " was given twice");
      }
    }
    states_.emplace_back();
    for (const auto& [number, transaction] : by_number_) {
      if (number != states_.size()) {
        wrong("commit " + std::to_string(states_.size()) + " is missing");
        return;
      }
      State next = states_.back();
      for (const auto& [name, value] : transaction->writes) {
        next.erase(name);
        if (value != 0) next[name] = value;
      }
      states_.push_back(std::move(next));
    }
  }

  void check_reads(const Transaction& transaction) {
    if (transaction.snapshot >= states_.size()) return wrong("its snapshot is of the future");
    const State& state = states_[transaction.snapshot];
    for (const auto& [name, value] : transaction.reads) {
      const auto found = state.find(name);
      if (value != (found == state.end() ? 0 : found->second)) {
        wrong("it read a value that its snapshot does not have");
      }
    }
    for (const auto& [directory, names] : transaction.lists) {
      std::set<int> wanted;
      for (const auto& [name, value] : state) {
        if (directory_of_.at(name) == directory) wanted.insert(name);
      }
      if (names != wanted) wrong("it listed what its snapshot does not have");
    }
  }

  // What was reported before it began it must see, and it comes after what it saw.
  void check_order(const Transaction& transaction) {
    for (const auto& [number, other] : by_number_) {
      if (other->told && other->answered < transaction.begun && number > transaction.snapshot) {
        wrong("it began after commit " + std::to_string(number) + " and does not see it");
      }
    }
    if (transaction.committed && !transaction.writes.empty() &&
        *transaction.committed <= transaction.snapshot) {
      wrong("it was committed before its own snapshot");
    }
  }

  bool writes_meet(const Transaction& mine, const Transaction& theirs) const {
    return std::any_of(theirs.writes.begin(), theirs.writes.end(),
                       [&](const auto& write) { return mine.writes.contains(write.first); });
  }
  bool reads_meet(const Transaction& mine, const Transaction& theirs) const {
    return std::any_of(theirs.writes.begin(), theirs.writes.end(), [&](const auto& write) {
      return mine.reads.contains(write.first) || mine.lists.contains(directory_of_.at(write.first));
    });
  }
  bool may_not_follow(const Transaction& mine, const Transaction& theirs) const {
    const bool guards_writes =
        mine.isolation == Isolation::kSnapshot || mine.isolation == Isolation::kSerializable;
    return (guards_writes && writes_meet(mine, theirs)) ||
           (mine.isolation == Isolation::kSerializable && reads_meet(mine, theirs));
  }

  void check_isolation(const Transaction& transaction) {
    for (const auto& [number, other] : by_number_) {
      if (number <= transaction.snapshot || number >= *transaction.committed) continue;
      if (may_not_follow(transaction, *other)) {
        wrong("commit " + std::to_string(number) + " should have stopped it");
      }
    }
  }

  // Nobody is refused without a reason.
  void check_refusal(const Transaction& transaction) {
    const auto winner = by_number_.find(*transaction.refused_for);
    if (winner == by_number_.end() || winner->first <= transaction.snapshot ||
        !may_not_follow(transaction, *winner->second)) {
      wrong("it was refused for nothing");
    }
  }

  const std::vector<Transaction>& history_;
  const std::map<int, int>& directory_of_;
  std::string name_;
  std::vector<std::string> found_;
  std::map<std::uint64_t, const Transaction*> by_number_;
  std::vector<State> states_;
};

}  // namespace

std::vector<std::string> violations(const std::vector<Transaction>& history,
                                    const std::map<int, int>& directory_of) {
  return Checker(history, directory_of).run();
}

}  // namespace storage_tree
