// Brings messages from the bus to the invoker: peek, commit, hand over, never more than it can
// take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "invoker/message_bus.h"

namespace invoker {

// What OpenWhisk computes the flow from, by the names of its settings.
struct FeedNumbers {
  std::int64_t user_memory_bytes = 1'024LL << 20;  // whisk.container-pool.user-memory
  std::int64_t memory_bytes_min = 128LL << 20;     // whisk.memory.min
  int concurrency_max = 1;                         // whisk.concurrency-limit.max
  double peek_factor = 0.5;                        // whisk.container-pool.concurrent-peek-factor
};

struct FeedLimits {
  std::size_t peek_max = 8;    // messages committed at once
  std::size_t begun_max = 8;   // handed over and not processed
  std::size_t depth_max = 16;  // committed and not handed over
};

// As OpenWhisk sets them: so many may be begun as one peek brings, twice as many wait.
FeedLimits feed_limits(const FeedNumbers& numbers);

struct FeedStats {
  std::size_t waiting = 0;  // committed and not handed over
  std::size_t begun = 0;    // handed over and not processed
  std::uint64_t committed = 0;
  std::uint64_t handed_over = 0;
  std::uint64_t came_again = 0;      // peeked, and given back by the bus before the commit
  std::string trouble;               // what the bus answered last; empty when it works
  base::Instant trouble_since = {};  // when there is any
};

// A message is committed before it is handed over, so after a crash none comes twice.
//
// Threads: any method from any thread, except stop(), which is called once and not from within
// HandOver. The consumer belongs to the feed from start() to stop(), except its lag().
class MessageFeed {
 public:
  // Takes a committed message. Called by one thread at a time, in the order of the topic: by the
  // feed's own or by one that is in processed(). Must not block: while it runs no other message is
  // handed over.
  using HandOver = std::function<void(std::string message)>;

  // `consumer` and what `log` refers to outlive the feed.
  MessageFeed(MessageConsumer& consumer, const FeedLimits& limits, HandOver hand_over,
              const base::Logger& log);
  // Stops without patience if stop() was not called.
  ~MessageFeed();
  MessageFeed(const MessageFeed&) = delete;
  MessageFeed& operator=(const MessageFeed&) = delete;

  void start();

  // A message that was handed over has ended, in whatever way: exactly once for each. May be called
  // from within HandOver.
  void processed();

  // Takes nothing more from the bus and hands nothing more over. Waits for a commit that is under
  // way until `deadline`; one that has not succeeded by then is left to the bus, and its messages
  // with it. Returns what is committed and was not handed over: it will not come again, so it is to
  // be run or completed. HandOver is not running any more when it returns.
  std::vector<std::string> stop(base::Instant deadline);

  FeedStats stats() const;

 private:
  class Runner;
  std::unique_ptr<Runner> runner_;
};

}  // namespace invoker
