#include "load.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bench {

using Clock = std::chrono::steady_clock;

namespace {

double ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Sends activations and keeps the books of those that are out.
class Sender {
 public:
  Sender(World& world, invoker::Invoker& invoker) : world_(world), invoker_(invoker) {}

  void send(const std::string& action, std::function<void()> afterwards) {
    invoker::ActivationMessage message = message_for(action);
    ++out_;
    const auto accepted = Clock::now();
    world_.sink.expect(
        message.activation_id,
        {[this, accepted](const invoker::Activation& activation, base::Instant ready) {
           note(ms(ready - accepted) - timing_ms(activation, "runMs"));
         },
         [this, afterwards = std::move(afterwards)](const invoker::Activation& activation) {
           CHECK(activation.response.code == invoker::StatusCode::kSuccess);
           ++completed_;
           afterwards();
           if (--out_ == 0) {
             const std::lock_guard lock(mutex_);
             empty_.notify_all();
           }
         }});
    CHECK(invoker_.submit(std::move(message)).ok());
  }

  void wait() {
    std::unique_lock lock(mutex_);
    empty_.wait(lock, [this] { return out_ == 0; });
  }

  std::uint64_t completed() const { return completed_; }
  Samples take_overhead() { return std::move(overhead_ms_); }

 private:
  void note(double overhead_ms) {
    const std::lock_guard lock(mutex_);
    overhead_ms_.add(overhead_ms);
  }

  World& world_;
  invoker::Invoker& invoker_;
  std::atomic<std::uint64_t> completed_ = 0;
  std::atomic<std::int64_t> out_ = 0;
  std::mutex mutex_;  // guards overhead_ms_; with empty_
  std::condition_variable empty_;
  Samples overhead_ms_;
};

}  // namespace

LoadResult closed_load(World& world, invoker::Invoker& invoker,
                       const std::vector<std::string>& actions, int in_flight,
                       std::chrono::milliseconds time) {
  Sender sender(world, invoker);
  const auto begun = Clock::now();
  const auto end = begun + time;
  std::atomic<std::size_t> turn = 0;
  std::function<void()> next = [&] {
    if (Clock::now() < end) sender.send(actions[turn++ % actions.size()], next);
  };
  for (int i = 0; i < in_flight; ++i) next();
  sender.wait();
  const double seconds = ms(Clock::now() - begun) / 1000;
  return {static_cast<double>(sender.completed()) / seconds, sender.take_overhead()};
}

LoadResult open_load(World& world, invoker::Invoker& invoker, const std::string& action,
                     double per_second, std::chrono::milliseconds time) {
  Sender sender(world, invoker);
  const auto begun = Clock::now();
  const auto distance =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / per_second));
  for (auto due = begun; due < begun + time; due += distance) {
    std::this_thread::sleep_until(due);
    sender.send(action, [] {});
  }
  sender.wait();
  const double seconds = ms(Clock::now() - begun) / 1000;
  return {static_cast<double>(sender.completed()) / seconds, sender.take_overhead()};
}

}  // namespace bench
