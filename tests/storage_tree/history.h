// What concurrent transactions did and saw, and whether their isolation allows it. Knows nothing of
// the tree: names are numbers, and every value is written once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hints/hints.h"

namespace storage_tree {

using Value = std::uint64_t;  // 0: the name is not there

struct Transaction {
  hints::Isolation isolation = hints::Isolation::kSnapshot;
  // Moments of the whole history, in their order.
  std::uint64_t begun = 0, answered = 0;
  std::uint64_t snapshot = 0;
  std::map<int, Value> reads;          // as of the snapshot
  std::map<int, std::set<int>> lists;  // directory to the names that were there
  std::map<int, Value> writes;
  std::optional<std::uint64_t> committed;  // number
  bool told = false;                       // that it was; else it was found out afterwards
  // Of one that was refused, because of this commit.
  std::optional<std::uint64_t> refused_for;
};

// `directory_of`: of each name. Gives what is wrong, one line each.
std::vector<std::string> violations(const std::vector<Transaction>& history,
                                    const std::map<int, int>& directory_of);

}  // namespace storage_tree
