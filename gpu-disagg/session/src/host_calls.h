// Host functions that streams have come to, or will: the device's thread waits here for the
// client's answer.
//
// Threads: call() on threads of the device, the rest on the session's. It outlives the session as
// long as the device has a function queued.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_set>

namespace gpu_session {

class Connection;

class HostCalls {
 public:
  explicit HostCalls(Connection& connection) : connection_(&connection) {}

  // One more will come.
  void expect();
  // It will not, after all.
  void unexpect();
  // Tells the client and waits for its answer, or for the end of the session.
  void call(std::uint64_t function);
  void done(std::uint64_t function);
  // The connection is not touched any more.
  void end();
  // How many were queued and have not returned.
  int outstanding() const;

 private:
  mutable std::mutex mutex_;  // guards all
  std::condition_variable changed_;
  Connection* connection_;  // null after the end
  std::unordered_set<std::uint64_t> done_;
  int outstanding_ = 0;
};

}  // namespace gpu_session
