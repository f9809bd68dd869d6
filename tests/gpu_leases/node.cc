#include "node.h"

#include <numeric>

namespace gpu_leases_testing {

LeaseId Node::ask(const std::string& namespace_name, std::uint64_t memory_bytes, std::size_t count,
                  std::chrono::milliseconds patience, std::chrono::milliseconds lease_for) {
  const LeaseId id{++last_lease_};
  owners_[id] = namespace_name;
  pending_.insert(id);
  take(book_.request({.id = id,
                      .activation_id = "activation",
                      .namespace_name = namespace_name,
                      .memory_bytes = memory_bytes,
                      .count = count,
                      .wait_until = now_ + patience,
                      .lease_for = lease_for},
                     now_));
  return id;
}

void Node::release(LeaseId lease) {
  pending_.erase(lease);
  take(book_.release(lease, now_));
}

void Node::ready(SessionId session) {
  starting_.erase(session);
  idle_.insert(session);
  take(book_.session_ready(session, now_));
}

void Node::gone(SessionId session) {
  for (auto* set : {&starting_, &idle_, &ending_, &used_}) set->erase(session);
  memory_.erase(session);
  take(book_.session_gone(session, now_));
}

void Node::ready_all() {
  while (!starting_.empty()) ready(*starting_.begin());
}

void Node::gone_all() {
  while (!ending_.empty()) gone(*ending_.begin());
}

// Deadline by deadline, as a timer would.
void Node::pass(std::chrono::milliseconds time) {
  const auto end = now_ + time;
  for (auto next = book_.next_deadline(); next && *next <= end; next = book_.next_deadline()) {
    now_ = std::max(now_, *next);
    take(book_.tick(now_));
    if (book_.next_deadline() == next) return expect(false, "a deadline is met by its tick");
  }
  now_ = end;
  take(book_.tick(now_));
}

std::optional<gpu_leases::Refusal> Node::refusal_of(LeaseId lease) const {
  const auto found = refused_.find(lease);
  return found == refused_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<bool> Node::lost(LeaseId lease) const {
  const auto found = lost_.find(lease);
  return found == lost_.end() ? std::nullopt : std::optional(found->second);
}

void Node::take(const gpu_leases::Commands& commands) {
  for (const auto& command : commands) {
    std::visit([this](const auto& one) { on(one); }, command);
  }
  check_memory();
}

void Node::on(const gpu_leases::to_do::StartSession& command) {
  expect(!command.gpus.empty(), "a session has GPUs");
  expect(starting_.insert(command.session).second, "a session is started once");
}

void Node::on(const gpu_leases::to_do::EndSession& command) {
  expect(starting_.contains(command.session) || idle_.contains(command.session) ||
             used_.contains(command.session),
         "only sessions that are there are ended, and once");
  for (auto* set : {&starting_, &idle_, &used_}) set->erase(command.session);
  std::erase_if(held_, [&](const auto& entry) { return entry.second.session == command.session; });
  ending_.insert(command.session);
}

void Node::on(const gpu_leases::to_do::Grant& command) {
  expect(idle_.erase(command.session) == 1, "a lease gets a session that is ready and nobody's");
  expect(!refused_.contains(command.lease) && !lost_.contains(command.lease),
         "a lease that is over is not granted");
  expect(held_.emplace(command.lease, command).second, "a lease is granted once");
  expect(pending_.erase(command.lease) == 1, "only what is wanted is granted");
  used_.insert(command.session);
  memory_.emplace(command.session, command);
}

void Node::on(const gpu_leases::to_do::Refuse& command) {
  expect(!held_.contains(command.lease), "what was granted is not refused");
  pending_.erase(command.lease);
  expect(refused_.emplace(command.lease, command.reason).second, "a request is refused once");
}

void Node::on(const gpu_leases::to_do::Lost& command) {
  expect(held_.erase(command.lease) == 1, "only a lease that is held is lost");
  lost_.emplace(command.lease, command.expired);
}

void Node::check_memory() {
  std::vector<std::uint64_t> held(config_.gpus.size(),
                                  config_.idle_sessions * config_.session_bytes);
  for (const auto& [session, grant] : memory_) {
    for (const auto gpu : grant.gpus) held[gpu] += grant.memory_bytes + config_.session_bytes;
  }
  for (std::size_t gpu = 0; gpu < held.size(); ++gpu) {
    expect(held[gpu] <= config_.gpus[gpu].memory_bytes, "no memory is promised twice");
    expect(book_.free_bytes(gpu) <= config_.gpus[gpu].memory_bytes - held[gpu],
           "no memory is free that a session still holds");
  }
}

}  // namespace gpu_leases_testing
