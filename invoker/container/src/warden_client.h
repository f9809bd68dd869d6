// The factory's end of the conversation with larder-sandbox.
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "orders.h"

namespace invoker_container {

struct StartedSandbox {
  pid_t pid = 0;
  base::UniqueFd pidfd;
};

// What is started; its environment is what is given here.
struct WardenProgram {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "KEY=value"
};

// Threads: any; orders are handed over one at a time, which takes about half a millisecond each.
class WardenClient {
 public:
  // Starts the program and waits until it is ready. It keeps `fds` open until it ends.
  static base::Result<std::unique_ptr<WardenClient>> start(const WardenProgram& program,
                                                           const WardenSetup& setup,
                                                           const std::vector<int>& fds);
  // The warden ends when nobody speaks to it any more; waits for that.
  ~WardenClient();

  // `fds` as orders.h lists them. Errors: kUnavailable when the warden is gone.
  base::Result<StartedSandbox> order(StartOrder order, const std::vector<int>& fds);

  // Somebody has ended it; its sandboxes have ended with it.
  bool has_ended() const;

 private:
  WardenClient(pid_t pid, base::UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

  const pid_t pid_;
  std::mutex mutex_;  // guards the conversation
  base::UniqueFd socket_;
  std::uint64_t next_id_ = 1;
};

}  // namespace invoker_container
