#include "feed_runner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace invoker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPeekWait{1'000};
// Between calls to a bus that answers with errors.
constexpr milliseconds kPauseMin{20};
constexpr milliseconds kPauseMax{1'000};
// Between two commits while much is under way: each costs the bus as much as the messages
// themselves, so several messages share one.
constexpr std::chrono::microseconds kCommitPace{1'000};

base::Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

MessageFeed::Runner::Runner(MessageConsumer& consumer, const FeedLimits& limits, HandOver hand_over,
                            const base::Logger& log)
    : consumer_(consumer), hand_over_(std::move(hand_over)), log_(log), state_(limits) {}

MessageFeed::Runner::~Runner() {
  const auto lost = stop(now());
  if (!lost.empty())
    log_.error("MessageFeed", "ended with messages that nobody has begun",
               {{"messages", static_cast<std::int64_t>(lost.size())}});
}

void MessageFeed::Runner::start() {
  CHECK(!reader_.joinable());
  reader_ = std::thread([this] { read_all(); });
}

void MessageFeed::Runner::read_all() {
  while (const std::size_t count_max = await_fill()) {
    std::vector<std::string> messages = fill(count_max);
    Lock lock(mutex_);
    stats_.committed += messages.size();
    state_.filled(std::move(messages));
    hand_over_ready(lock);
    changed_.notify_all();
  }
}

// How many to peek; 0 at the end.
std::size_t MessageFeed::Runner::await_fill() {
  Lock lock(mutex_);
  std::size_t count_max = 0;
  changed_.wait(lock, [&] {
    count_max = state_.begin_fill();
    return count_max > 0 || state_.stopped();
  });
  return count_max;
}

bool MessageFeed::Runner::is_busy() const {
  const std::lock_guard lock(mutex_);
  return state_.busy();
}

// What was peeked and committed.
std::vector<std::string> MessageFeed::Runner::fill(std::size_t count_max) {
  if (is_busy()) std::this_thread::sleep_until(last_commit_ + kCommitPace);
  auto messages = consumer_.peek(count_max, kPeekWait);
  if (!messages.ok()) {
    fails(messages.error());
    pause(kPauseMin);
    return {};
  }
  works();
  if (messages->empty() || !commit(messages->size())) return {};
  return std::move(*messages);
}

// Until it is known. A batch that was not committed would come again after a crash, although it has
// been run; one that is forgotten although it was committed would never be run.
bool MessageFeed::Runner::commit(std::size_t count) {
  for (milliseconds wait = kPauseMin;; wait = std::min(2 * wait, kPauseMax)) {
    const base::Status status = consumer_.commit();
    if (status.ok()) {
      last_commit_ = now();
      works();
      return true;
    }
    if (status.error().code == base::ErrorCode::kConflict) {
      log_.info("MessageFeed", status.error().message,
                {{"messages", static_cast<std::int64_t>(count)}});
      const std::lock_guard lock(mutex_);
      stats_.came_again += count;
      return false;
    }
    fails(status.error());
    if (!pause(wait)) {
      log_.warn("MessageFeed", "stopped before a commit succeeded; these are left to the bus",
                {{"messages", static_cast<std::int64_t>(count)}});
      return false;
    }
  }
}

void MessageFeed::Runner::processed() {
  Lock lock(mutex_);
  state_.processed();
  hand_over_ready(lock);
  if (!state_.filling()) changed_.notify_all();  // there may be room for a peek now
}

// One thread at a time, so that the order of the topic is kept and a callback that calls
// processed() at once does not pile up calls; the others leave their message to that thread.
void MessageFeed::Runner::hand_over_ready(Lock& lock) {
  if (handing_over_) return;
  handing_over_ = true;
  while (auto message = state_.next()) {
    ++stats_.handed_over;
    lock.unlock();
    hand_over_(std::move(*message));
    lock.lock();
  }
  handing_over_ = false;
  if (state_.stopped()) changed_.notify_all();
}

std::vector<std::string> MessageFeed::Runner::stop(base::Instant deadline) {
  {
    const std::lock_guard lock(mutex_);
    state_.stop();
    give_up_ = deadline;
  }
  changed_.notify_all();
  consumer_.wake();
  if (reader_.joinable()) reader_.join();
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return !handing_over_; });
  return state_.take_rest();
}

FeedStats MessageFeed::Runner::stats() const {
  const std::lock_guard lock(mutex_);
  FeedStats stats = stats_;
  stats.waiting = state_.waiting();
  stats.begun = state_.begun();
  return stats;
}

void MessageFeed::Runner::works() {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = !stats_.trouble.empty();
    stats_.trouble.clear();
  }
  if (again) log_.info("MessageFeed", "the message bus answers again");
}

void MessageFeed::Runner::fails(const base::Error& error) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    if (stats_.trouble.empty()) stats_.trouble_since = now();
    is_new = stats_.trouble != error.message;
    stats_.trouble = error.message;
  }
  if (is_new) log_.warn("MessageFeed", error.message);
}

// False: there is no time left. Between two commits the time of a stop counts, before that there is
// any amount.
bool MessageFeed::Runner::pause(milliseconds time) {
  Lock lock(mutex_);
  const base::Instant end = now() + time;
  while (now() < end && !given_up())
    changed_.wait_until(lock, give_up_ ? std::min(end, *give_up_) : end);
  return !given_up();
}

bool MessageFeed::Runner::given_up() const { return give_up_ && now() >= *give_up_; }

}  // namespace invoker
