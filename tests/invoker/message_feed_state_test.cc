// The feed's decisions: tables, then random schedules.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "feed_state.h"

namespace invoker {
namespace {

constexpr FeedLimits kLimits{.peek_max = 2, .begun_max = 2, .depth_max = 4};

std::vector<std::string> begin_all(FeedState& state) {
  std::vector<std::string> begun;
  while (auto message = state.next()) begun.push_back(std::move(*message));
  return begun;
}

void fill(FeedState& state, std::vector<std::string> messages) {
  ASSERT_EQ(state.begin_fill(), kLimits.peek_max);
  state.filled(std::move(messages));
}

using Texts = std::vector<std::string>;

TEST(FeedState, BeginsInOrderAndNoMoreThanItMay) {
  FeedState state(kLimits);
  fill(state, {"a", "b"});
  fill(state, {"c"});
  EXPECT_EQ(begin_all(state), (Texts{"a", "b"}));
  state.processed();
  EXPECT_EQ(begin_all(state), (Texts{"c"}));
  EXPECT_EQ(state.begun(), 2u);
}

TEST(FeedState, FillsWhileAWholePeekFits) {
  FeedState state(kLimits);
  fill(state, {"a", "b"});
  fill(state, {"c", "d"});
  EXPECT_EQ(state.begin_fill(), 0u);
  begin_all(state);
  EXPECT_EQ(state.begin_fill(), 2u);
}

TEST(FeedState, FillsAgainAfterAFillThatBroughtNothing) {
  FeedState state(kLimits);
  fill(state, {});
  EXPECT_EQ(state.begin_fill(), 2u);
}

TEST(FeedState, GivesOutNothingAfterAStopAndReturnsTheRest) {
  FeedState state(kLimits);
  fill(state, {"a", "b"});
  ASSERT_EQ(state.begin_fill(), 2u);
  EXPECT_EQ(state.next(), "a");
  state.stop();
  state.filled({"c"});  // it was committed when the stop came
  EXPECT_EQ(state.next(), std::nullopt);
  EXPECT_EQ(state.begin_fill(), 0u);
  EXPECT_EQ(state.take_rest(), (Texts{"b", "c"}));
}

struct Row {
  FeedNumbers numbers;
  std::size_t peek_max;
};

TEST(FeedLimits, AreOpenWhisks) {
  constexpr std::int64_t kMega = 1 << 20;
  for (const auto& [numbers, peek_max] : {
           Row{{1024 * kMega, 128 * kMega, 1, 0.5}, 8},
           Row{{2048 * kMega, 128 * kMega, 500, 0.5}, 4000},
           Row{{2048 * kMega, 128 * kMega, 1, 1.0}, 16},
           Row{{1000 * kMega, 128 * kMega, 3, 0.5}, 10},
           Row{{64 * kMega, 128 * kMega, 1, 0.5}, 1},
       }) {
    const FeedLimits limits = feed_limits(numbers);
    EXPECT_EQ(limits.peek_max, peek_max);
    EXPECT_EQ(limits.begun_max, peek_max);
    EXPECT_EQ(limits.depth_max, 2 * peek_max);
  }
}

// Plays both ends; says what was broken, or nothing.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed), limits_(any_limits()), state_(limits_) {}

  std::string run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (const std::string fault = check(); !fault.empty()) return fault;
    }
    return finish();
  }

 private:
  std::size_t upto(std::size_t max) {
    return std::uniform_int_distribution<std::size_t>(0, max)(random_);
  }
  FeedLimits any_limits() {
    const std::size_t peek = 1 + upto(7);
    return {.peek_max = peek, .begun_max = 1 + upto(9), .depth_max = peek + upto(12)};
  }

  void step() {
    switch (upto(3)) {
      case 0:
        if (!state_.filling()) asked_ = state_.begin_fill();
        break;
      case 1:
        if (state_.filling()) fill_some();
        break;
      case 2:
        if (auto message = state_.next()) begin(*message);
        break;
      default:
        if (state_.begun() > 0) {
          state_.processed();
          ++processed_;
        }
    }
  }

  void fill_some() {
    std::vector<std::string> messages(upto(asked_));  // 0: nothing came, or it failed
    for (std::string& message : messages) message = std::to_string(committed_++);
    state_.filled(std::move(messages));
  }

  void begin(const std::string& message) {
    in_order_ = in_order_ && message == std::to_string(begun_);
    ++begun_;
  }

  std::string check() const {
    if (!in_order_) return "out of order";
    if (state_.begun() != begun_ - processed_) return "miscounted";
    if (state_.begun() > limits_.begun_max) return "begun more than allowed";
    if (state_.waiting() > limits_.depth_max) return "too many wait";
    if (state_.waiting() != committed_ - begun_) return "a message is gone";
    return {};
  }

  std::string finish() {
    state_.stop();
    if (state_.filling()) fill_some();
    for (const std::string& message : state_.take_rest()) begin(message);
    if (!in_order_) return "the rest is out of order";
    for (; processed_ < begun_; ++processed_) state_.processed();
    if (state_.begun() != 0) return "the rest is miscounted";
    return begun_ == committed_ ? "" : "the rest is not all";
  }

  std::mt19937_64 random_;
  const FeedLimits limits_;
  FeedState state_;
  std::size_t asked_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t processed_ = 0;
  bool in_order_ = true;
};

TEST(FeedStateSimulation, LosesAndDoublesNothing) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs in this program
  const char* text = std::getenv("LARDER_SEED");
  const std::uint64_t first =
      text == nullptr ? std::random_device{}() : std::strtoull(text, nullptr, 10);
  std::printf("seeds from %lu\n", first);
  for (std::uint64_t seed = first; seed < first + 500; ++seed)
    ASSERT_EQ(Schedule(seed).run(2'000), "") << "LARDER_SEED=" << seed;
}

}  // namespace
}  // namespace invoker
