#include "load.h"

#include <algorithm>
#include <limits>

namespace controller_sim {
namespace {

constexpr base::milliseconds kProgressEvery{5000};
constexpr base::milliseconds kAfterRefusal{100};
constexpr base::milliseconds kLongestWait{20};

}  // namespace

PhaseFigures Load::run(std::size_t actions) {
  refused_ = 0;
  send_all(actions, options_->warm_up, false);
  drain();
  const std::size_t first = controller_->books().entries().size();
  const std::size_t first_trip = controller_->trips().size();
  const bool by_time = options_->requests == 0;
  controller_->probe(options_->rate > 0);  // where it is the latency that is measured
  send_all(actions, by_time ? std::numeric_limits<std::uint64_t>::max() : options_->requests, true);
  controller_->probe(false);
  drain();
  PhaseFigures figures = measure(controller_->books(), first, controller_->books().entries().size(),
                                 std::span(controller_->trips()).subspan(first_trip));
  figures.actions = actions;
  figures.outstanding = options_->rate > 0 ? 0 : options_->outstanding;
  figures.rate = options_->rate;
  figures.refused = refused_;
  if (figures.begun) {
    const std::chrono::duration<double, std::milli> ago = clock_.now() - *figures.begun;
    figures.begun_at_ms = static_cast<double>(base::epoch_ms(clock_.wall())) - ago.count();
  }
  return figures;
}

bool Load::may_send(base::Instant now) const {
  if (now < refused_until_) return false;
  if (options_->rate <= 0) {
    return controller_->books().open() < static_cast<std::size_t>(options_->outstanding);
  }
  const std::chrono::duration<double> since = now - started_;
  return static_cast<double>(sent_) <= since.count() * options_->rate;
}

std::chrono::microseconds Load::wait_time(base::Instant now) const {
  if (now < refused_until_) return kLongestWait;
  if (options_->rate <= 0) return kLongestWait;
  const std::chrono::duration<double> due(static_cast<double>(sent_) / options_->rate);
  const auto left = std::chrono::ceil<std::chrono::microseconds>(due - (now - started_));
  return std::clamp<std::chrono::microseconds>(left, {}, kLongestWait);
}

void Load::send_all(std::size_t actions, std::uint64_t count, bool counted) {
  sent_ = 0;
  started_ = clock_.now();
  const bool limited = counted && options_->duration.count() > 0;
  while (sent_ < count && !controller_->stopped()) {
    base::Instant now = clock_.now();
    if (limited && now - started_ >= options_->duration) return;
    constexpr int kBurst = 100;  // then look at what came back
    for (int i = 0; i < kBurst && sent_ < count && may_send(now); ++i) {
      if (controller_->invoke(number_ % actions, number_, counted)) {
        ++number_;
        ++sent_;
      } else {
        ++refused_;
        refused_until_ = now + kAfterRefusal;
      }
    }
    now = clock_.now();
    controller_->pump(wait_time(now));
    progress(now);
  }
}

void Load::drain() {
  while (controller_->books().open() > 0 && !controller_->stopped()) {
    controller_->pump(kLongestWait);
    progress(clock_.now());
  }
}

void Load::progress(base::Instant now) {
  if (now < next_progress_) return;
  const bool first = next_progress_ == base::Instant{};
  next_progress_ = now + kProgressEvery;
  if (first) return;
  const Books& books = controller_->books();
  say_(std::to_string(books.entries().size()) + " sent, " + std::to_string(books.open()) +
       " open, " + std::to_string(books.given_up()) + " given up");
}

}  // namespace controller_sim
