// The daemon is killed at random moments of an attempt, and of its commit above all: nothing is
// lost, nothing is half, nothing is done twice.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "node.h"

namespace storaged_test {
namespace {

constexpr int kRounds = 12;
constexpr int kFiles = 20;

unsigned seed() {
  const char* given = std::getenv("SEED");
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
}

std::string text_of(int round, int file) {
  return std::to_string(round) + std::string(static_cast<std::size_t>(file) * 3000, 'x');
}

TEST(Killed, DaemonsLoseNothingAndDoNothingTwice) {
  if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
  const unsigned chosen = seed();
  std::printf("SEED=%u\n", chosen);
  std::mt19937 random(chosen);
  const Folder folder;
  const Node node(folder.path());
  const auto client = node.client("invoker");
  std::set<std::uint64_t> numbers;
  for (int round = 1; round <= kRounds; ++round) {
    Use use(*client, "activation" + std::to_string(round), volume_of("job"));
    ASSERT_TRUE(use.ok()) << use.error().message;
    std::jthread killer([&, after = std::chrono::microseconds(random() % 60'000)] {
      std::this_thread::sleep_for(after);  // the moment is the test
      node.kill_daemon();
    });
    for (int file = 0; file < kFiles; ++file) {
      ASSERT_TRUE(use.write("f" + std::to_string(file), text_of(round, file))) << errno;
    }
    const auto report = use.finish(true);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(numbers.insert(report->commit->number).second) << "committed twice";
    killer.join();
    Use next(*client, "reader" + std::to_string(round), volume_of("job"));
    ASSERT_TRUE(next.ok()) << next.error().message;
    for (int file = 0; file < kFiles; ++file) {
      ASSERT_EQ(next.read("f" + std::to_string(file)), text_of(round, file)) << "round " << round;
    }
    ASSERT_TRUE(next.finish(true));
  }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kRounds));
  const auto checked = node.client("")->ask(storage_control::Check{{"guest", "job", ""}, false});
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(*checked->find("guest/job")->find("found")->as_int64(), 0) << checked->to_string();
}

}  // namespace
}  // namespace storaged_test
