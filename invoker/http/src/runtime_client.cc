#include "invoker_http/runtime_client.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "call.h"
#include "connection.h"

namespace invoker_http {
namespace {

using base::milliseconds;
using invoker::CallError;
using invoker::CallOutcome;
using std::chrono::microseconds;

constexpr milliseconds kRetryFirst{1};
constexpr milliseconds kRetryMax{50};
// A day: keeps the sum within what libcurl counts in, however far away the deadline is.
constexpr milliseconds kTimeMax = std::chrono::hours(24);

// Rounded up: a deadline that is not over leaves a millisecond at least.
milliseconds time_left(base::Instant deadline, base::Instant now) {
  if (deadline <= now) return milliseconds(0);
  if (deadline - now > kTimeMax) return kTimeMax;
  return std::chrono::ceil<milliseconds>(deadline - now);
}

}  // namespace

RuntimeClient::RuntimeClient(Endpoint endpoint, const base::Clock& clock, Wait wait)
    : endpoint_(std::move(endpoint)), clock_(clock), wait_(std::move(wait)) {}

RuntimeClient::~RuntimeClient() = default;

CallOutcome RuntimeClient::post(const std::string& path, const std::string& body,
                                base::Instant deadline, const invoker::ResponseBounds& bounds,
                                bool retry_refused) {
  CallOutcome outcome;
  outcome.start_ms = base::epoch_ms(clock_.wall());
  const base::Instant begin = clock_.now();
  Call call(bounds);
  std::unique_ptr<Connection> connection = take();
  milliseconds pause = kRetryFirst;
  for (milliseconds left = time_left(deadline, begin);; left = time_left(deadline, clock_.now())) {
    if (left.count() == 0) {
      outcome.error = CallError::kTimeout;
      break;
    }
    outcome.error = connection->exchange(path, body, left, call);
    if (outcome.error != CallError::kConnectionRefused || !retry_refused) break;
    if (!pause_between(std::min(pause, left))) break;
    pause = std::min(2 * pause, kRetryMax);
  }
  give_back(std::move(connection));
  if (outcome.error == CallError::kNone) std::move(call).finish(outcome);
  outcome.elapsed = std::chrono::duration_cast<microseconds>(clock_.now() - begin);
  outcome.end_ms = outcome.start_ms + outcome.elapsed.count() / 1000;
  return outcome;
}

bool RuntimeClient::pause_between(milliseconds time) const {
  if (wait_) return wait_(time);
  std::this_thread::sleep_for(time);
  return true;
}

bool RuntimeClient::listens() const { return Connection(endpoint_, wait_, 0).opens(); }

void RuntimeClient::close_connections() {
  std::vector<std::unique_ptr<Connection>> closing;
  const std::lock_guard lock(mutex_);
  ++generation_;
  closing.swap(idle_);
}

std::unique_ptr<Connection> RuntimeClient::take() {
  std::unique_lock lock(mutex_);
  if (idle_.empty()) {
    const unsigned generation = generation_;
    lock.unlock();
    return std::make_unique<Connection>(endpoint_, wait_, generation);
  }
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void RuntimeClient::give_back(std::unique_ptr<Connection> connection) {
  if (!endpoint_.keeps_connections) return;
  const std::lock_guard lock(mutex_);
  if (connection->generation() == generation_) idle_.push_back(std::move(connection));
}

}  // namespace invoker_http
