// The invoker is killed at random moments of an activation: before it asked for the commit nothing
// of it is seen, afterwards all; and whoever runs the activation again does not do it twice.
//
// SEED repeats a run, POINTS makes it longer.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "steps.h"
#include "testing/child.h"
#include "testing/eventually.h"

namespace storaged_test {
namespace {

using testing_support::Child;
using Clock = std::chrono::steady_clock;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* given = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : otherwise;
}

class ClientKilled : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    node_ = std::make_unique<Node>(folder_.path(), std::vector<std::string>{"client-grace=100 ms"});
    client_ = node_->client("next");
    const Step begun = steps_.begin(*client_);
    ASSERT_TRUE(begun.done()) << begun.why;
  }

  std::unique_ptr<Child> invoker(const std::string& activation) {
    return std::make_unique<Child>(std::vector<std::string>{
        INVOKER_PROCESS, folder_.path() / "control", "killed-" + activation, "job", activation});
  }
  // How long one takes that nobody kills.
  std::chrono::microseconds duration() {
    const auto begun = Clock::now();
    const auto child = invoker("first");
    std::string last;
    while (const auto line = child->line()) last = *line;
    EXPECT_EQ(last.substr(0, 5), "done ") << last;
    done_["first"] = std::strtoull(last.substr(5).c_str(), nullptr, 10);
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
  }
  bool nothing_is_open() {
    return testing_support::eventually([&] {
      const auto answer = client_->ask(storage_control::Metrics{});
      return answer &&
             answer->find("text")->as_string().find("attempts_open 0\n") != std::string_view::npos;
    });
  }

  Folder folder_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<storage_control::ControlClient> client_;
  Steps steps_{"job"};
  std::map<std::string, std::uint64_t> done_;
};

TEST_F(ClientKilled, AnActivationIsDoneOnceOrNotAtAll) {
  const unsigned seed = number_from("SEED", std::random_device{}());
  std::printf("SEED=%u\n", seed);
  std::mt19937 random(seed);
  const auto whole = duration();
  std::map<std::string, int> where;
  for (unsigned point = 0; point < number_from("POINTS", 40); ++point) {
    const std::string activation = "a" + std::to_string(point);
    const auto child = invoker(activation);
    std::string last = "nothing";
    // Every other time while it asks for the commit, which is short.
    const bool late = point % 2 == 1;
    for (std::optional<std::string> line; late && last != "wrote" && (line = child->line());) {
      last = *line;
    }
    const auto moment = whole * (random() % (late ? 100 : 1200)) / 1000;
    std::this_thread::sleep_for(moment);  // the moment is the test
    child->kill();
    while (const auto line = child->line()) {
      last = *line;
      EXPECT_NE(last.substr(0, 5), "wrong") << last;
    }
    ++where[last.substr(0, last.find(' '))];
    const Step again = steps_.until_done(*client_, activation);
    ASSERT_TRUE(again.done()) << again.why << ", SEED=" << seed;
    if (last.starts_with("done ")) {
      EXPECT_EQ(last, "done " + std::to_string(again.number)) << "it was done twice";
    }
    done_[activation] = again.number;
  }
  EXPECT_TRUE(nothing_is_open()) << "what a killed client had open goes with it";
  steps_.check(*client_, done_);
  EXPECT_EQ(steps_.wrongs(), std::vector<std::string>()) << "SEED=" << seed;
  for (const auto& [last, times] : where) std::printf("%s: %d\n", last.c_str(), times);
}

}  // namespace
}  // namespace storaged_test
