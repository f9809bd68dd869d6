// SQLite on a transactional volume: activations that transfer money in one database, one after the
// other in the end, whatever journal it keeps and whoever is killed.
//
// SEED repeats a run, TRANSFERS makes it longer.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "node.h"
#include "testing/child.h"

namespace storaged_test {
namespace {

using testing_support::Child;

constexpr int kActivationsAtOnce = 4;
constexpr int kTransfersOfOne = 5;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* given = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : otherwise;
}

class Sqlite : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    std::printf("SEED=%u\n", seed_);
    node_ = std::make_unique<Node>(folder_.path());
    client_ = node_->client("invoker");
    Use use = this->use("make");
    ASSERT_TRUE(use.ok()) << use.error().message;
    Child action(words(use, {"make"}));
    ASSERT_EQ(action.line().value_or("dead"), "made");
    close(action);
    ASSERT_TRUE(use.finish(true));
  }

  Use use(const std::string& activation) { return Use(*client_, activation, volume_of("bank")); }

  // An action in that volume.
  std::vector<std::string> words(const Use& use, std::vector<std::string> what) const {
    std::vector<std::string> all{
        SQLITE_PROCESS, "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(use.root()),
        GetParam()};
    all.insert(all.end(), what.begin(), what.end());
    return all;
  }
  static void close(Child& action) {
    action.say("close");
    action.line();  // its end
  }

  // What the next activation finds: how many transfers, of how many activations.
  std::pair<int, int> check() {
    Use use = this->use("checker" + std::to_string(++checkers_));
    EXPECT_TRUE(use.ok()) << use.error().message;
    Child action(words(use, {"check"}));
    const std::string answer = action.line().value_or("dead");
    int transfers = -1, activations = -1;
    EXPECT_EQ(std::sscanf(answer.c_str(), "ok %d %d", &transfers, &activations), 2)
        << answer << ", SEED=" << seed_;
    close(action);
    return {transfers, activations};
  }

  // Once: true when it was committed, false for a conflict.
  bool try_once(const std::string& activation) {
    Use use = this->use(activation);
    EXPECT_TRUE(use.ok()) << use.error().message;
    Child action(words(use, {"work", activation, std::to_string(kTransfersOfOne)}));
    for (int i = 0; i < kTransfersOfOne; ++i) {
      EXPECT_EQ(action.line().value_or("dead"), "did " + std::to_string(i)) << activation;
    }
    close(action);
    const auto report = use.finish(true);
    if (report) return true;
    EXPECT_EQ(report.error().code, base::ErrorCode::kConflict) << report.error().message;
    return false;
  }

  // At a random moment of its work; nothing of it may stay.
  void kill_one(const std::string& activation, std::mt19937& random) {
    Use use = this->use(activation);
    EXPECT_TRUE(use.ok()) << use.error().message;
    Child action(words(use, {"work", activation, "1000"}));
    const std::chrono::microseconds moment(random() % 100'000);
    std::this_thread::sleep_for(moment);  // the moment is the test
    action.kill();
    EXPECT_TRUE(use.finish(false));
  }

  const unsigned seed_ = number_from("SEED", std::random_device{}());
  std::mt19937 random_{seed_};
  Folder folder_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<storage_control::ControlClient> client_;
  std::atomic<int> checkers_ = 0;
};

TEST_P(Sqlite, ConcurrentActivationsAreCommittedOneAfterTheOther) {
  const int each = static_cast<int>(number_from("TRANSFERS", 20)) / kTransfersOfOne;
  std::atomic<int> retries = 0;
  const auto work = [&](int thread) {
    std::mt19937 random(seed_ + static_cast<unsigned>(thread));
    for (int i = 0; i < each; ++i) {
      const std::string activation = std::to_string(thread) + "-" + std::to_string(i);
      if (random() % 4 == 0) kill_one("killed-" + activation, random);
      while (!try_once(activation) && !HasFailure()) ++retries;
      EXPECT_GE(check().first, (i + 1) * kTransfersOfOne);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kActivationsAtOnce; ++i) threads.emplace_back(work, i);
  }
  const auto [transfers, activations] = check();
  EXPECT_EQ(activations, kActivationsAtOnce * each);
  EXPECT_EQ(transfers, kActivationsAtOnce * each * kTransfersOfOne);
  std::printf("%d activations were committed after %d conflicts\n", activations, retries.load());
}

// A program that ends in the middle, in an activation that ends well: what it leaves is a journal,
// and the next to open the database undoes with it what was not committed there.
TEST_P(Sqlite, AJournalThatWasLeftIsPartOfTheCommit) {
  ASSERT_TRUE(try_once("before"));
  Use use = this->use("half");
  Child work(words(use, {"work", "left", "1"}));
  ASSERT_EQ(work.line().value_or("dead"), "did 0");
  work.kill();
  Child half(words(use, {"half"}));
  ASSERT_EQ(half.line().value_or("dead"), "half");
  half.kill();
  EXPECT_GT(use.list(".").size(), 1U) << "there is a journal";
  ASSERT_TRUE(use.finish(true));
  EXPECT_EQ(check(), std::make_pair(kTransfersOfOne + 1, 2));
}

TEST_P(Sqlite, ADaemonThatIsKilledInTheMiddleIsNotNoticed) {
  Use use = this->use("long");
  Child action(words(use, {"work", "long", "50"}));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(action.line().value_or("dead"), "did " + std::to_string(i));
    if (i == 20) node_->kill_daemon();
  }
  close(action);
  const auto report = use.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(check(), std::make_pair(50, 1));
}

INSTANTIATE_TEST_SUITE_P(Journals, Sqlite, testing::Values("delete", "wal"),
                         [](const auto& journal) { return std::string(journal.param); });

}  // namespace
}  // namespace storaged_test
