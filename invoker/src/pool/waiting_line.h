// The jobs that wait for a place, found by age, by key, by stem cell and by size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "records.h"

namespace invoker {

class WaitingLine {
 public:
  // Every job has an order from its arrival, in the line or not.
  std::int64_t next_order() { return ++last_order_; }

  void push_back(PooledJob& job);
  void push_front(PooledJob& job);
  void remove(PooledJob& job);
  // Memory is promised to `job`: it leaves the search by size, and is served in the order of
  // grants.
  void grant(PooledJob& job);

  std::size_t size() const { return waiting_.size() + granted_.size(); }
  // The oldest job without a promise.
  PooledJob* head() const { return waiting_.empty() ? nullptr : waiting_.begin()->second; }
  // The oldest job without a promise that needs no more than `bytes`.
  PooledJob* oldest_fitting(std::int64_t bytes) const;
  // The next job to be started with `bytes`: the first granted one, or, while that one does not
  // fit and is younger than `strict_before`, one close behind it that does.
  PooledJob* granted_fitting(std::int64_t bytes, base::Instant strict_before) const;

 private:
  void insert(PooledJob& job);
  void leave_search(const PooledJob& job);

  std::int64_t first_order_ = 0;
  std::int64_t last_order_ = 0;
  std::uint64_t last_grant_ = 0;
  JobsInOrder waiting_;
  std::map<std::int64_t, JobsInOrder> by_size_;  // the same jobs
  std::map<std::uint64_t, PooledJob*> granted_;  // by grant_order
};

}  // namespace invoker
