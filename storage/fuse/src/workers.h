// The threads of a session, and what they do with what the kernel sends.
//
// Lock order: `mutex_` alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core.h"

namespace storage_fuse {

// An answer without libfuse: 0 or a negated errno.
int send_reply(Core& core, std::uint64_t unique, std::span<const std::byte> body);

// Hands libfuse the INIT of this mount again.
void replay_init(Core& core);

class Workers {
 public:
  explicit Workers(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~Workers() { stop(); }

  void start();
  void stop();
  bool wait(std::chrono::milliseconds timeout);

 private:
  void run(unsigned index);
  void serve(std::span<std::byte> request);
  void interrupt(const class Incoming& incoming);

  const std::shared_ptr<Core> core_;
  std::mutex mutex_;  // guards running_ and threads_
  std::condition_variable ended_;
  unsigned running_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace storage_fuse
