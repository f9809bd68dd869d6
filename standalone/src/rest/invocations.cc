#include "invocations.h"

namespace standalone {

void Invocations::begin(const std::string& activation_id, std::string action) {
  const std::lock_guard lock(mutex_);
  entries_.try_emplace(activation_id, Entry{std::move(action), std::nullopt, {}});
}

void Invocations::begin(const std::string& activation_id, std::string action, WaitingClient client,
                        base::Instant deadline, std::function<void(WaitingClient)> expired) {
  // The timer may strike at once: it finds the entry because it has to wait for the lock.
  const std::lock_guard lock(mutex_);
  auto on_time = [this, activation_id, expired = std::move(expired)] {
    if (auto late = expire(activation_id); late.has_value()) expired(std::move(*late));
  };
  const base::Timer::Ticket ticket = timer_.arm(deadline, std::move(on_time));
  entries_.try_emplace(activation_id, Entry{std::move(action), std::move(client), ticket});
  ++waiting_;
}

std::optional<WaitingClient> Invocations::end(const std::string& activation_id) {
  const std::lock_guard lock(mutex_);
  auto node = entries_.extract(activation_id);
  if (node.empty() || !node.mapped().client.has_value()) return std::nullopt;
  --waiting_;
  timer_.cancel(node.mapped().ticket);
  return std::move(node.mapped().client);
}

std::optional<WaitingClient> Invocations::expire(const std::string& activation_id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(activation_id);
  if (found == entries_.end() || !found->second.client.has_value()) return std::nullopt;
  --waiting_;
  return std::exchange(found->second.client, std::nullopt);
}

std::size_t Invocations::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::size_t Invocations::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::vector<std::pair<std::string, std::string>> Invocations::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> running;
  running.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) running.emplace_back(id, entry.action);
  return running;
}

}  // namespace standalone
