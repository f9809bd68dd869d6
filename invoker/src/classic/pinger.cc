#include "invoker/pinger.h"

#include <chrono>
#include <mutex>
#include <utility>

namespace invoker {
namespace {

constexpr std::chrono::seconds kPeriod{1};

}  // namespace

// Outlives the pinger while a ping is on its way, so that its fate finds somebody to tell.
class Pinger::State : public std::enable_shared_from_this<State> {
 public:
  State(const InvokerInstance& instance, std::string topic, MessageProducer& producer,
        base::Timer& timer, const base::Clock& clock, const base::Logger& log)
      : alive_(ping_message(instance, true)),
        leaving_(ping_message(instance, false)),
        topic_(std::move(topic)),
        producer_(producer),
        timer_(timer),
        clock_(clock),
        log_(log) {}

  bool enable() {
    const std::lock_guard lock(mutex_);
    if (enabled_) return false;
    enabled_ = true;
    arm(clock_.now());
    return true;
  }

  bool disable() {
    bool changed = false;
    {
      const std::lock_guard lock(mutex_);
      changed = std::exchange(enabled_, false);
      rest();
    }
    send(leaving_, [self = shared_from_this()](const base::Status& status) { self->note(status); });
    return changed;
  }

  bool is_enabled() const {
    const std::lock_guard lock(mutex_);
    return enabled_;
  }

  void end() {
    const std::lock_guard lock(mutex_);
    enabled_ = false;
    rest();
  }

 private:
  // With the lock held.
  void rest() {
    ++round_;
    timer_.cancel(ticket_);
  }
  // With the lock held. What was begun before the last rest() does nothing any more.
  void arm(base::Instant when) {
    ticket_ = timer_.arm(when, [self = weak_from_this(), round = round_] {
      if (const auto state = self.lock()) state->ping(round);
    });
  }

  void ping(std::uint64_t round) {
    const base::Instant begun = clock_.now();
    {
      const std::lock_guard lock(mutex_);
      if (round != round_) return;
    }
    send(alive_, [self = shared_from_this(), round, begun](const base::Status& status) {
      self->note(status);
      const std::lock_guard lock(self->mutex_);
      if (round == self->round_) self->arm(std::max(begun + kPeriod, self->clock_.now()));
    });
  }

  void send(const std::string& ping, MessageProducer::Sent sent) {
    producer_.send(topic_, ping, std::move(sent));
  }

  void note(const base::Status& status) const {
    if (!status.ok()) log_.warn("Pinger", "a ping did not arrive: " + status.error().message);
  }

  const std::string alive_;
  const std::string leaving_;
  const std::string topic_;
  MessageProducer& producer_;
  base::Timer& timer_;
  const base::Clock& clock_;
  const base::Logger log_;

  mutable std::mutex mutex_;  // guards everything below; never held while a ping is handed over
  bool enabled_ = false;
  std::uint64_t round_ = 0;
  base::Timer::Ticket ticket_;
};

Pinger::Pinger(const InvokerInstance& instance, std::string topic, MessageProducer& producer,
               base::Timer& timer, const base::Clock& clock, base::Logger& log)
    : state_(std::make_shared<State>(instance, std::move(topic), producer, timer, clock, log)) {
  state_->enable();
}

Pinger::~Pinger() { state_->end(); }

bool Pinger::enable() { return state_->enable(); }
bool Pinger::disable() { return state_->disable(); }
bool Pinger::is_enabled() const { return state_->is_enabled(); }

}  // namespace invoker
