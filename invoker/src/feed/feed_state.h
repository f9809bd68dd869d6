// What the feed does next. No I/O, no time.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "invoker/message_feed.h"

namespace invoker {

// Events in (filled, processed, stop); out: whether to fill, and which message to hand over.
//
// Threads: one at a time.
class FeedState {
 public:
  explicit FeedState(const FeedLimits& limits);

  // How many to peek now; 0: none yet, or never again. The fill it allows ends in filled().
  std::size_t begin_fill();
  // The fill has ended with these messages, committed; none when it failed.
  void filled(std::vector<std::string> messages);

  // The message to hand over now, if there is one and it may be begun.
  std::optional<std::string> next();
  void processed();

  // Nothing is given out from now on. A fill that is under way may still end.
  void stop() { stopped_ = true; }
  // After stop(): what was committed and not given out.
  std::vector<std::string> take_rest();

  bool filling() const { return filling_; }
  bool stopped() const { return stopped_; }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t begun() const { return begun_; }
  // So much is under way that a message loses nothing by coming a little later.
  bool busy() const { return 2 * begun_ >= limits_.begun_max; }

 private:
  const FeedLimits limits_;
  std::deque<std::string> waiting_;  // in the order of the topic
  std::size_t begun_ = 0;
  bool filling_ = false;
  bool stopped_ = false;
};

}  // namespace invoker
