// Random schedules with deaths, from a seed that is printed. LARDER_SEED=n begins with that one,
// LARDER_SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "node.h"

namespace gpu_leases_testing {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs in this program
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }
  template <class Set>
  auto of(const Set& set) {
    return *std::next(set.begin(), static_cast<std::ptrdiff_t>(below(set.size())));
  }

 private:
  std::mt19937_64 engine_;
};

gpu_leases::Config some_config(Dice& dice) {
  gpu_leases::Config config{.idle_sessions = dice.below(3),
                            .session_bytes = dice.below(5),
                            .default_memory_bytes = 10,
                            .waiting_max = 1 + dice.below(50),
                            .waiting_per_namespace_max = 1 + dice.below(20)};
  for (std::uint64_t i = 0; i <= dice.below(3); ++i) {
    config.gpus.push_back({.memory_bytes = 50 + dice.below(100)});
  }
  return config;
}

void one_step(Node& node, Dice& dice) {
  const auto what = dice.below(100);
  const std::string name(1, static_cast<char>('a' + dice.below(4)));
  if (what < 30) {
    node.ask(name, dice.below(120), 1 + dice.below(2),
             std::chrono::milliseconds(dice.below(2) * 20'000'000 + dice.below(20'000)),
             std::chrono::milliseconds(dice.below(60'000)));
  } else if (what < 50 && !node.owners().empty()) {
    node.release(dice.of(node.owners()).first);
  } else if (what < 70 && !node.starting().empty()) {
    node.ready(dice.of(node.starting()));
  } else if (what < 73 && !node.starting().empty()) {
    node.gone(dice.of(node.starting()));
  } else if (what < 90 && !node.ending().empty()) {
    node.gone(dice.of(node.ending()));
  } else if (what < 93 && !node.held().empty()) {
    node.gone(dice.of(node.held()).second.session);
  } else {
    node.pass(std::chrono::milliseconds(dice.below(3'000)));
  }
}

// Leases expire, so whoever waits gets his place or is told why not; and then nothing is left.
void expect_all_ends(Node& node) {
  for (int i = 0; i < 100; ++i) {
    node.ready_all();
    node.gone_all();
    node.pass(10s);
  }
  EXPECT_TRUE(node.pending().empty()) << node.pending().size() << " were forgotten";
  const auto stats = node.book().stats();
  EXPECT_EQ(stats.held, 0u);
  EXPECT_EQ(stats.waiting, 0u);
}

TEST(LeaseBookSimulation, PromisesNoMemoryTwiceAndLosesNoRequest) {
  const std::uint64_t first = from_environment("LARDER_SEED", std::random_device{}());
  const std::uint64_t count = from_environment("LARDER_SEEDS", 300);
  std::printf("seeds %lu to %lu\n", first, first + count - 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Dice dice(seed);
    Node node(some_config(dice));
    node.start();
    for (int step = 0; step < 1'000; ++step) one_step(node, dice);
    expect_all_ends(node);
    ASSERT_EQ(node.broken(), "") << "LARDER_SEED=" << seed;
    ASSERT_FALSE(HasFailure()) << "LARDER_SEED=" << seed;
  }
}

// Two who always want more than there is, one of them with ten times as many requests.
double share_of_modest(double weight) {
  Node node({.gpus = {{.memory_bytes = 100}},
             .idle_sessions = 0,
             .half_life = 60s,
             .weights = {{"modest", weight}}});
  node.start();
  std::map<std::string, int> served;
  for (int i = 0; i < 90; ++i) node.ask("greedy", 100, 1, 24h);
  for (int i = 0; i < 2; ++i) node.ask("modest", 100, 1, 24h);
  for (int round = 0; round < 400; ++round) {
    node.ready_all();
    if (node.held().empty()) break;
    const LeaseId lease = node.held().begin()->first;
    const std::string owner = node.owners().at(lease);
    ++served[owner];
    node.ask(owner, 100, 1, 24h);
    node.pass(2s);
    node.release(lease);
    node.gone_all();
  }
  return static_cast<double>(served["modest"]) / (served["modest"] + served["greedy"]);
}

TEST(LeaseBookSimulation, NamespacesShareByWeightHoweverManyRequestsTheyHave) {
  EXPECT_NEAR(share_of_modest(1), 0.5, 0.02);
  EXPECT_NEAR(share_of_modest(3), 0.75, 0.05);
}

// Small requests without a pause, and one that needs the whole GPU.
TEST(LeaseBookSimulation, ALargeRequestIsServedBesideEndlessSmallOnes) {
  Node node({.gpus = {{.memory_bytes = 100}}, .idle_sessions = 1, .passed_over_max = 2s});
  node.start();
  node.ready_all();
  std::vector<LeaseId> small;
  for (int i = 0; i < 10; ++i) small.push_back(node.ask("small", 10));
  const auto large = node.ask("large", 100);
  int rounds = 0;
  for (; rounds < 100 && !node.holds(large); ++rounds) {
    node.ready_all();
    node.pass(500ms);
    node.release(small.front());
    small.erase(small.begin());
    small.push_back(node.ask("small", 10));
    node.gone_all();
  }
  EXPECT_LT(rounds, 20);
  EXPECT_EQ(node.broken(), "");
}

}  // namespace
}  // namespace gpu_leases_testing
