// Parts of a Ceph are killed, or hang, or have no room, while activations on two nodes read, write
// and commit: nothing is wrong, short, half or done twice; what cannot be done fails in time, and
// is done when it can be again, without a hand.
//
// SEED repeats a run, POINTS makes it longer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "own_ceph.h"
#include "steps.h"
#include "testing/eventually.h"

namespace storaged_test {
namespace {

using namespace std::chrono_literals;
using storage_objects::OwnCeph;
using testing_support::eventually;

// What a call may take: the daemon asks several times, each with this time-out of the store.
constexpr auto kRequestTimeout = "3 s";
constexpr std::chrono::seconds kCallMax{30};
constexpr int kProgress = 3;  // activations that must be done after each blow

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* given = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : otherwise;
}

class CephKills : public testing::Test {
 protected:
  static void SetUpTestSuite() { ceph_ = std::make_unique<OwnCeph>(); }
  static void TearDownTestSuite() { ceph_ = nullptr; }

  void SetUp() override {
    if (!ceph_->reason().empty()) GTEST_SKIP() << "no ceph: " << ceph_->reason();
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    std::printf("SEED=%u\n", seed_);
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    steps_ = std::make_unique<Steps>(test);
    for (std::size_t i = 0; i < folders_.size(); ++i) {
      nodes_.push_back(std::make_unique<Node>(
          folders_[i].path(),
          std::vector<std::string>{"store=ceph", "ceph.conf=" + ceph_->options().conf_file,
                                   "ceph.user=larder", "log.level=error",
                                   std::string("ceph.request-timeout=") + kRequestTimeout},
          test + std::to_string(i)));
      clients_.push_back(nodes_.back()->client("invoker" + std::to_string(i)));
    }
    const Step begun = steps_->begin(*clients_[0]);
    ASSERT_TRUE(begun.done()) << begun.why;
  }

  // An invoker on that node: one activation after the other, each until it is done.
  void work(const std::stop_token& stop, std::size_t node) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      const std::string activation = std::to_string(node) + "-" + std::to_string(i);
      Step step;
      while (!step.done()) {
        step = steps_->one(*clients_[node], activation);
        const std::lock_guard lock(mutex_);
        if (step.kind == Step::Kind::kFailed) ++failures_[step.why];
      }
      const std::lock_guard lock(mutex_);
      done_[activation] = step.number;
      ++progress_[node];
    }
  }
  // Both nodes have done some more.
  bool go_on() {
    std::array<int, 2> wanted{};
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = progress_[i] + kProgress;
    }
    return eventually([&] {
      const std::lock_guard lock(mutex_);
      return progress_[0] >= wanted[0] && progress_[1] >= wanted[1];
    });
  }
  std::chrono::milliseconds up_to(std::chrono::milliseconds most) {
    return std::chrono::milliseconds(random_() % static_cast<unsigned>(most.count()));
  }

  using Blow = std::function<void()>;
  // At random moments of what both nodes do, and healed after a random while. A short run, as all
  // tests have it, does not wait so long.
  void endure(const std::function<std::pair<Blow, Blow>()>& choose,
              std::chrono::milliseconds healed_after, unsigned points) {
    if (std::getenv("POINTS") == nullptr) healed_after /= 3;  // NOLINT(concurrency-mt-unsafe)
    {
      std::vector<std::jthread> workers;
      for (std::size_t node = 0; node < nodes_.size(); ++node) {
        workers.emplace_back([this, node](const std::stop_token& stop) { work(stop, node); });
      }
      EXPECT_TRUE(go_on());
      for (unsigned point = 0; point < number_from("POINTS", points) && !HasFailure(); ++point) {
        const auto [strike, heal] = choose();
        std::this_thread::sleep_for(up_to(300ms));  // the moment is the test
        strike();
        std::this_thread::sleep_for(up_to(healed_after));
        heal();
        EXPECT_TRUE(go_on()) << "after point " << point;
      }
    }
    for (const auto& client : clients_) steps_->check(*client, done_);
    report();
  }

  void report() {
    EXPECT_EQ(steps_->wrongs(), std::vector<std::string>()) << "SEED=" << seed_;
    EXPECT_LT(steps_->slowest(), kCallMax);
    std::printf("%zu activations; the slowest call took %lld ms\n", done_.size(),
                static_cast<long long>(steps_->slowest().count()));
    for (const auto& [why, times] : failures_) std::printf("  %d times: %s\n", times, why.c_str());
  }

  std::string some_osd() { return "osd." + std::to_string(random_() % 3); }

  static std::unique_ptr<OwnCeph> ceph_;
  const unsigned seed_ = number_from("SEED", std::random_device{}());
  std::mt19937 random_{seed_};
  std::array<Folder, 2> folders_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<storage_control::ControlClient>> clients_;
  std::unique_ptr<Steps> steps_;
  std::mutex mutex_;  // guards what follows
  std::array<int, 2> progress_{};
  std::map<std::string, std::uint64_t> done_;
  std::map<std::string, int> failures_;
};

std::unique_ptr<OwnCeph> CephKills::ceph_;

TEST_F(CephKills, OneOsdDiesAndComesBack) {
  endure(
      [this] {
        const auto osd = some_osd();
        return std::pair<Blow, Blow>{[osd] { ceph_->kill(osd); }, [osd] { ceph_->revive(osd); }};
      },
      3s, 1);
}

TEST_F(CephKills, TwoOsdsDieAndComeBack) {
  endure(
      [this] {
        const auto spared = random_() % 3;
        const auto both = [spared](const std::function<void(const std::string&)>& act) {
          for (unsigned i = 0; i < 3; ++i) {
            if (i != spared) act("osd." + std::to_string(i));
          }
        };
        return std::pair<Blow, Blow>{
            [both] { both([](const std::string& osd) { ceph_->kill(osd); }); },
            [both] { both([](const std::string& osd) { ceph_->revive(osd); }); }};
      },
      6s, 1);
}

TEST_F(CephKills, TheMonitorDiesAndComesBack) {
  endure(
      [] {
        return std::pair<Blow, Blow>{[] { ceph_->kill("mon.a"); }, [] { ceph_->revive("mon.a"); }};
      },
      3s, 1);
}

TEST_F(CephKills, AnOsdHangsForAWhile) {
  endure(
      [this] {
        const auto osd = some_osd();
        return std::pair<Blow, Blow>{[osd] { ceph_->freeze(osd); }, [osd] { ceph_->thaw(osd); }};
      },
      10s, 1);
}

TEST_F(CephKills, ADaemonOfANodeDies) {
  endure(
      [this] {
        const auto node = random_() % 2;
        return std::pair<Blow, Blow>{[this, node] { nodes_[node]->kill_daemon(); }, [] {}};
      },
      100ms, 3);
}

// What a volume's users do meanwhile ends with an error, and not when the store comes back.
TEST_F(CephKills, WithoutTheStoreEveryCallEndsInTime) {
  Use small(*clients_[0], "small", volume_of("away")),
      large(*clients_[0], "large", volume_of("away"));
  ASSERT_TRUE(small.ok() && large.ok());
  ASSERT_TRUE(small.write("small", "s") && large.write("large", std::string(5'000'000, 'l')));
  for (const char* osd : {"osd.0", "osd.1"}) ceph_->kill(osd);
  const auto end = [](Use& use) {
    const auto begun = std::chrono::steady_clock::now();
    const auto report = use.finish(true);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_FALSE(report);
    EXPECT_LT(took, kCallMax);
    std::printf("%lld ms: %s\n", static_cast<long long>(took / 1ms),
                report ? "" : report.error().message.c_str());
  };
  {
    const std::jthread first(end, std::ref(small)), second(end, std::ref(large));
  }
  EXPECT_FALSE(steps_->one(*clients_[0], "away").done());
  for (const char* osd : {"osd.0", "osd.1"}) ceph_->revive(osd);
  // Nothing of it was done, and nothing of it is done later.
  EXPECT_TRUE(eventually([&] {
    Use next(*clients_[1], "next", volume_of("away"));
    return next.ok() && next.list(".").empty();
  }));
  const Step again = steps_->until_done(*clients_[0], "away");
  ASSERT_TRUE(again.done()) << again.why;
  done_["away"] = again.number;
  steps_->check(*clients_[1], done_);
  report();
}

TEST_F(CephKills, AFullClusterIsAnErrorThatSaysSo) {
  const auto set_full = [](const char* ratio) {
    // An OSD raises a ratio that is below one that should come before it.
    for (const auto* what : {"nearfull", "backfillfull", "full"}) {
      ceph_->administer("osd set-" + std::string(what) + "-ratio " + ratio);
    }
  };
  Step step;
  int commits = 0;
  const Step before = steps_->until_done(*clients_[1], "before");
  ASSERT_TRUE(before.done()) << before.why;
  done_["before"] = before.number;
  set_full("0.001");
  ASSERT_TRUE(eventually([&] {
    step = steps_->one(*clients_[0], "a" + std::to_string(commits));
    if (step.done()) done_["a" + std::to_string(commits++)] = step.number;
    return step.kind == Step::Kind::kFailed;
  }));
  EXPECT_NE(step.why.find("no room"), std::string::npos) << step.why;
  ++failures_[step.why];
  steps_->check(*clients_[1], done_);  // reading goes on
  ceph_->administer("osd set-full-ratio 0.95");
  ceph_->administer("osd set-backfillfull-ratio 0.9");
  ceph_->administer("osd set-nearfull-ratio 0.85");
  for (std::size_t node = 0; node < clients_.size(); ++node) {
    const std::string activation = "after" + std::to_string(node);
    const Step after = steps_->until_done(*clients_[node], activation);
    ASSERT_TRUE(after.done()) << after.why;
    done_[activation] = after.number;
  }
  steps_->check(*clients_[1], done_);
  report();
}

}  // namespace
}  // namespace storaged_test
