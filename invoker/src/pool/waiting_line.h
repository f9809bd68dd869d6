// The jobs that wait for a place, found by age, by key, by stem cell and by size.
//
// A key is modest while it should rather wait for a container of its own than evict one that was
// used recently: it has one, or memory for one, and either one is on its way or the first job of
// the key has not been patient for long. The search by size knows the first job of each key: the
// others of the key need as much, and come after it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "records.h"

namespace invoker {

class WaitingLine {
 public:
  explicit WaitingLine(std::chrono::milliseconds patience) : patience_(patience) {}

  // Every job has an order from its arrival, in the line or not.
  std::int64_t next_order() { return ++last_order_; }

  void push_back(PooledJob& job);
  void push_front(PooledJob& job);
  void remove(PooledJob& job);
  // `key` has a container more or less, or one that is initialised.
  void reconsider(WarmKey& key);
  // Time went by: some keys have been patient long enough.
  void advance(base::Instant now);
  // Memory is promised to `job`: it leaves the search by size, and is served in the order of
  // grants.
  void grant(PooledJob& job);

  std::size_t size() const { return waiting_.size() + granted_.size(); }
  // The oldest job without a promise.
  PooledJob* head() const { return waiting_.empty() ? nullptr : waiting_.begin()->second; }
  // The oldest job without a promise that needs no more than there is for its key.
  struct Bytes {
    std::int64_t any = 0;
    std::int64_t modest = 0;
  };
  PooledJob* oldest_fitting(Bytes bytes) const;
  bool has_modest() const { return !modest_.empty(); }
  std::optional<base::Instant> next_modesty_end() const;
  // The next job to be started with `bytes`: the first granted one, or, while that one does not
  // fit and is younger than `strict_before`, one close behind it that does.
  PooledJob* granted_fitting(std::int64_t bytes, base::Instant strict_before) const;

 private:
  using BySize = std::map<std::int64_t, JobsInOrder>;

  void insert(PooledJob& job);
  void leave_search(const PooledJob& job);
  void judge(WarmKey& key) const;
  void forget_candidate(WarmKey& key);
  static PooledJob* oldest_in(const BySize& jobs, std::int64_t bytes);
  BySize& search_of(const WarmKey& key) { return key.modest ? modest_ : immodest_; }

  std::int64_t first_order_ = 0;
  std::int64_t last_order_ = 0;
  std::uint64_t last_grant_ = 0;
  std::chrono::milliseconds patience_;
  base::Instant now_;
  JobsInOrder waiting_;
  BySize modest_;    // the candidates of modest keys
  BySize immodest_;  // of all others
  std::map<std::pair<base::Instant, std::int64_t>, WarmKey*> modest_until_;  // and by their order
  std::map<std::uint64_t, PooledJob*> granted_;                              // by grant_order
};

}  // namespace invoker
