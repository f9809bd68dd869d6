#include "invoker/message_feed.h"

#include "feed_runner.h"

namespace invoker {

MessageFeed::MessageFeed(MessageConsumer& consumer, const FeedLimits& limits, HandOver hand_over,
                         const base::Logger& log)
    : runner_(std::make_unique<Runner>(consumer, limits, std::move(hand_over), log)) {}

MessageFeed::~MessageFeed() = default;

void MessageFeed::start() { runner_->start(); }

void MessageFeed::processed() { runner_->processed(); }

std::vector<std::string> MessageFeed::stop(base::Instant deadline) {
  return runner_->stop(deadline);
}

FeedStats MessageFeed::stats() const { return runner_->stats(); }

}  // namespace invoker
