// The activations under way, and the clients that wait for them.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/timer.h"
#include "reply.h"
#include "standalone/http.h"

namespace standalone {

struct WaitingClient {
  Responder responder;
  ReplyContext reply;
  bool result_only = false;
};

// Threads: any method from any thread. Lock order: this, then the timer's.
class Invocations {
 public:
  explicit Invocations(base::Timer& timer) : timer_(timer) {}

  // Without a client: nobody waits.
  void begin(const std::string& activation_id, std::string action);
  // With one, who is given to `expired` if nothing has come until `deadline`.
  void begin(const std::string& activation_id, std::string action, WaitingClient client,
             base::Instant deadline, std::function<void(WaitingClient)> expired);

  // Takes the client who still waits, and forgets the activation.
  std::optional<WaitingClient> end(const std::string& activation_id);

  std::size_t waiting() const;
  std::size_t count() const;
  // Activation id and action of each.
  std::vector<std::pair<std::string, std::string>> all() const;

 private:
  struct Entry {
    std::string action;
    std::optional<WaitingClient> client;
    base::Timer::Ticket ticket;
  };
  std::optional<WaitingClient> expire(const std::string& activation_id);

  base::Timer& timer_;
  mutable std::mutex mutex_;  // guards everything below
  std::unordered_map<std::string, Entry> entries_;
  std::size_t waiting_ = 0;
};

}  // namespace standalone
