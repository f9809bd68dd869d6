// The client's connection: calls of many threads, answered in any order, over restarts of the
// daemon.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_control/client.h"
#include "storage_control/packet.h"

namespace storage_control {

// What a call does when the daemon goes away before it has answered.
enum class WhenLost { kAskAgain, kGiveUp };

class Connection {
 public:
  explicit Connection(ControlClientOptions options);
  ~Connection();

  // Waits for the first welcome.
  base::Status greet();

  base::Result<base::Json> ask(const Call& call, int descriptor, WhenLost when_lost);

  ControlState state() const;

  // The mount, as the daemon has last handed it over.
  std::shared_ptr<const base::UniqueFd> mount() const;
  const ControlClientOptions& options() const { return options_; }

 private:
  using Socket = std::shared_ptr<const base::UniqueFd>;
  using Waiting = std::map<CallId, std::optional<base::Result<base::Json>>>;

  void serve(const std::stop_token& stop);
  base::Result<Socket> begin(const std::stop_token& stop);
  base::Status welcome(const Socket& socket);
  void watch(const Socket& socket);
  void read_answer(std::unique_lock<std::mutex>& lock, const Socket& socket);
  void set_connected(Socket socket, std::shared_ptr<const base::UniqueFd> mount);
  void set_lost(base::Error why);
  void set_lost_locked(base::Error why);
  base::Result<Socket> wait_for_socket(std::unique_lock<std::mutex>& lock);

  const ControlClientOptions options_;
  std::mutex sending_;  // one packet after the other; nothing is taken under it
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::condition_variable_any changed_;
  Socket socket_;   // null while there is none
  Socket opening_;  // for the destructor to interrupt
  base::Error why_lost_{base::ErrorCode::kUnavailable, "larder-storaged was not reached yet"};
  bool hopeless_ = false;                                   // it refuses us
  bool met_ = false;                                        // one has taken us
  base::Instant since_ = std::chrono::steady_clock::now();  // socket_ is there, or is not
  std::shared_ptr<const base::UniqueFd> mount_;
  CallId next_id_ = 1;
  Waiting waiting_;
  bool reading_ = false;  // somebody reads answers, for all that wait
  std::jthread thread_;   // connects, and sees connections end
};

}  // namespace storage_control
