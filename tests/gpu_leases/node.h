// A node that does at once, or when it is told to, what a lease book asks of it; and watches that
// the book keeps its promises.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gpu_leases/lease_book.h"

namespace gpu_leases_testing {

using namespace std::chrono_literals;
using gpu_leases::LeaseId;
using gpu_leases::SessionId;

class Node {
 public:
  explicit Node(gpu_leases::Config config) : config_(config), book_(std::move(config)) {}

  void start() { take(book_.start(now_)); }
  LeaseId ask(const std::string& namespace_name, std::uint64_t memory_bytes, std::size_t count = 1,
              std::chrono::milliseconds patience = 1h, std::chrono::milliseconds lease_for = 1h);
  void release(LeaseId lease);
  void ready(SessionId session);
  void gone(SessionId session);
  void ready_all();
  void gone_all();  // those that were told to end
  void pass(std::chrono::milliseconds time);
  void stop() { take(book_.stop(now_)); }

  gpu_leases::LeaseBook& book() { return book_; }
  base::Instant now() const { return now_; }
  bool holds(LeaseId lease) const { return held_.contains(lease); }
  SessionId session_of(LeaseId lease) const { return held_.at(lease).session; }
  std::vector<gpu_leases::GpuIndex> gpus_of(LeaseId lease) const { return held_.at(lease).gpus; }
  std::optional<gpu_leases::Refusal> refusal_of(LeaseId lease) const;
  std::optional<bool> lost(LeaseId lease) const;  // and whether it had expired
  const std::set<SessionId>& starting() const { return starting_; }
  const std::set<SessionId>& ending() const { return ending_; }
  const std::map<LeaseId, gpu_leases::to_do::Grant>& held() const { return held_; }
  // Asked for, and neither granted, refused nor given up yet.
  const std::set<LeaseId>& pending() const { return pending_; }
  const std::map<LeaseId, std::string>& owners() const { return owners_; }
  // "" while the book keeps its promises, else the first one it broke.
  const std::string& broken() const { return broken_; }

 private:
  void take(const gpu_leases::Commands& commands);
  void on(const gpu_leases::to_do::StartSession& command);
  void on(const gpu_leases::to_do::EndSession& command);
  void on(const gpu_leases::to_do::Grant& command);
  void on(const gpu_leases::to_do::Refuse& command);
  void on(const gpu_leases::to_do::Lost& command);
  void check_memory();
  void expect(bool holds, const std::string& promise) {
    if (!holds && broken_.empty()) broken_ = promise;
  }

  const gpu_leases::Config config_;
  gpu_leases::LeaseBook book_;
  base::Instant now_{};
  std::uint64_t last_lease_ = 0;
  std::set<SessionId> starting_, idle_, ending_, used_;
  std::map<SessionId, gpu_leases::to_do::Grant> memory_;  // by session, until it is gone
  std::map<LeaseId, gpu_leases::to_do::Grant> held_;
  std::set<LeaseId> pending_;
  std::map<LeaseId, gpu_leases::Refusal> refused_;
  std::map<LeaseId, bool> lost_;
  std::map<LeaseId, std::string> owners_;
  std::string broken_;
};

}  // namespace gpu_leases_testing
