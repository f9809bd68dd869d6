// The thread that peeks and commits, and the turns at handing over.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "feed_state.h"

namespace invoker {

class MessageFeed::Runner {
 public:
  Runner(MessageConsumer& consumer, const FeedLimits& limits, HandOver hand_over,
         const base::Logger& log);
  ~Runner();

  void start();
  void processed();
  std::vector<std::string> stop(base::Instant deadline);
  FeedStats stats() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  void read_all();
  std::size_t await_fill();
  bool is_busy() const;
  std::vector<std::string> fill(std::size_t count_max);
  bool commit(std::size_t count);
  void hand_over_ready(Lock& lock);
  void works();
  void fails(const base::Error& error);
  bool pause(std::chrono::milliseconds time);
  bool given_up() const;

  MessageConsumer& consumer_;
  const HandOver hand_over_;
  const base::Logger log_;

  mutable std::mutex mutex_;  // guards what follows; held for no call to consumer_ or hand_over_
  mutable std::condition_variable changed_;
  FeedState state_;
  FeedStats stats_;
  bool handing_over_ = false;             // one thread's turn
  std::optional<base::Instant> give_up_;  // when a commit is not waited for any more

  base::Instant last_commit_{};  // used by reader_ only
  std::thread reader_;
};

}  // namespace invoker
