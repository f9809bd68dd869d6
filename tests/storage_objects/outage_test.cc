// Daemons of a Ceph are killed under the store: what was answered stays, what cannot be answered
// fails in time, and all works again afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/unique_fd.h"
#include "own_ceph.h"
#include "storage_ceph/ceph_store.h"
#include "testing/eventually.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using std::chrono::seconds;
using std::chrono::steady_clock;
using storage::ObjectId;
using storage::ObjectStore;
using storage::Pool;
using testing_support::eventually;

constexpr seconds kTimeout{6};
constexpr seconds kNotifyTimeout{2};  // the store's

ObjectId meta(const std::string& name) { return {Pool::kMetadata, "outage", name}; }
ObjectId file(const std::string& name) { return {Pool::kData, "outage", name}; }

bool is_outage(ErrorCode code) {
  return code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kUnavailable;
}

class CephOutage : public testing::Test {
 protected:
  static void SetUpTestSuite() { ceph_ = std::make_unique<OwnCeph>(); }
  static void TearDownTestSuite() { ceph_ = nullptr; }
  void SetUp() override {
    if (!ceph_->reason().empty()) GTEST_SKIP() << "no ceph: " << ceph_->reason();
    auto options = ceph_->options();
    options.request_timeout = kTimeout;
    options.connect_timeout = options.monitor_timeout = seconds(3);
    auto store = storage_ceph::connect(options);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = *std::move(store);
  }

  ObjectStore& store() { return *store_; }
  bool works(const std::string& name) {
    for (const auto& id : {meta(name), file(name)}) {
      const auto written = store().write(id, {.data = "x"});
      if (written.ok()) continue;
      last_error_ = written.error().message;
      return false;
    }
    return true;
  }

  static std::unique_ptr<OwnCeph> ceph_;
  std::unique_ptr<ObjectStore> store_;
  std::string last_error_;
};

std::unique_ptr<OwnCeph> CephOutage::ceph_;

// Writes on, and remembers what was answered.
class Writers {
 public:
  explicit Writers(ObjectStore& store) : store_(store) {
    for (int i = 0; i < 3; ++i) threads_.emplace_back([this, i](std::stop_token s) { run(s, i); });
  }
  void stop() { threads_.clear(); }
  bool reach(int more) {
    const int wanted = answered_ + more;
    return eventually([&] { return answered_ >= wanted; });
  }
  // All that was answered is there.
  void check() {
    for (const auto& [name, text] : written_) {
      const auto bytes = store_.read(file(name), 0, 1000);
      ASSERT_TRUE(bytes.ok()) << name << ": " << bytes.error().message;
      EXPECT_EQ(*bytes, text);
      EXPECT_TRUE(store_.stat(meta(name)).ok()) << name;
    }
  }
  int failed() const { return failed_; }

 private:
  void run(const std::stop_token& stop, int thread) {
    for (int n = 0; !stop.stop_requested(); ++n) {
      const std::string name = std::to_string(thread) + "." + std::to_string(n);
      const auto text = name + " of " + std::to_string(reinterpret_cast<std::uintptr_t>(this));
      const bool done = store_.write(file(name), {.data = text}).ok() &&
                        store_.write(meta(name), {.data = text}).ok();
      const std::lock_guard lock(mutex_);
      if (done) written_[name] = text;
      ++(done ? answered_ : failed_);
    }
  }

  ObjectStore& store_;
  std::mutex mutex_;  // guards written_
  std::map<std::string, std::string> written_;
  std::atomic<int> answered_ = 0, failed_ = 0;
  std::vector<std::jthread> threads_;
};

TEST_F(CephOutage, OneOsdMayDieAndComeBackUnderWrites) {
  Writers writers(store());
  ASSERT_TRUE(writers.reach(20));
  ceph_->kill("osd.1");
  EXPECT_TRUE(writers.reach(50)) << "two of three are not enough";
  ceph_->revive("osd.1");
  EXPECT_TRUE(writers.reach(50));
  writers.stop();
  writers.check();
}

TEST_F(CephOutage, WithoutTheMonitorWorkGoesOnAndNobodyNewComesIn) {
  ASSERT_TRUE(works("before"));
  ceph_->kill("mon.a");
  EXPECT_TRUE(works("without"));
  auto options = ceph_->options();
  options.connect_timeout = options.monitor_timeout = seconds(3);
  const auto start = steady_clock::now();
  const auto stranger = storage_ceph::connect(options);
  ASSERT_FALSE(stranger.ok());
  EXPECT_TRUE(is_outage(stranger.error().code)) << stranger.error().message;
  EXPECT_LT(steady_clock::now() - start, seconds(15));
  ceph_->revive("mon.a");
  EXPECT_TRUE(eventually([&] { return storage_ceph::connect(options).ok(); }));
  EXPECT_TRUE(works("after"));
}

TEST_F(CephOutage, WithTwoOsdsGoneAnswersComeInTimeAndAllWorksAgainLater) {
  ASSERT_TRUE(works("object"));
  ceph_->kill("osd.0");
  ceph_->kill("osd.2");
  for (const auto& id : {meta("new"), file("new")}) {
    const auto start = steady_clock::now();
    const auto written = store().write(id, {.absent = true, .data = "x"});
    const auto took = steady_clock::now() - start;
    ASSERT_FALSE(written.ok());
    EXPECT_TRUE(is_outage(written.error().code)) << written.error().message;
    EXPECT_LT(took, kTimeout + seconds(4));
  }
  const auto read = store().read(meta("object"), 0, 10);
  EXPECT_TRUE(read.ok() || is_outage(read.error().code)) << read.error().message;
  ceph_->revive("osd.0");
  ceph_->revive("osd.2");
  EXPECT_TRUE(eventually([&] { return works("object"); })) << last_error_;
  // The write without an answer was done or not; the guard tells.
  const auto again = store().write(meta("new"), {.absent = true, .data = "x"});
  EXPECT_TRUE(again.ok() || again.error().code == ErrorCode::kAlreadyExists);
  EXPECT_EQ(*store().read(meta("new"), 0, 10), "x");
}

TEST_F(CephOutage, AWatchOutlivesEachOsd) {
  ASSERT_TRUE(store().write(meta("watched"), {}).ok());
  std::atomic<int> heard = 0, lost = 0;
  auto watch = store().watch(meta("watched"), [&](auto) { ++heard; }, [&] { ++lost; });
  ASSERT_TRUE(watch.ok()) << watch.error().message;
  for (const auto* osd : {"osd.0", "osd.1", "osd.2"}) {
    ceph_->kill(osd);
    ASSERT_TRUE(eventually([&] { return works("object"); }));
    const int before = heard + lost;
    store().notify(meta("watched"), "one is gone");
    EXPECT_TRUE(eventually([&] { return heard + lost > before; })) << osd;
    ceph_->revive(osd);
    ASSERT_TRUE(eventually([&] { return works("object"); }));
  }
}

TEST_F(CephOutage, AWatchThatFellDownIsSetUpAgainAndSaysSo) {
  ASSERT_TRUE(store().write(meta("watched"), {}).ok());
  std::atomic<int> heard = 0, lost = 0;
  auto watch = store().watch(meta("watched"), [&](auto) { ++heard; }, [&] { ++lost; });
  ASSERT_TRUE(watch.ok());
  // RADOS drops the watches of an object that is removed.
  ASSERT_TRUE(store().write(meta("watched"), {.remove = true}).ok());
  ASSERT_TRUE(store().write(meta("watched"), {.absent = true}).ok());
  EXPECT_TRUE(eventually([&] { return lost > 0; }));
  store().notify(meta("watched"), "again");
  EXPECT_TRUE(eventually([&] { return heard > 0; }));
}

// Somebody else who watches an object, in a process that can die.
class Stranger {
 public:
  Stranger(const storage_ceph::CephOptions& options, const ObjectId& object) {
    std::array<int, 2> in{}, out{};
    CHECK(::pipe2(in.data(), O_CLOEXEC) == 0 && ::pipe2(out.data(), O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<std::string> words = {"rados",
                                      "-c",
                                      options.conf_file,
                                      "-n",
                                      "client." + options.user,
                                      "-p",
                                      options.metadata_pool,
                                      "-N",
                                      object.space,
                                      "watch",
                                      object.name};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    CHECK(::posix_spawnp(&pid_, "rados", &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    stdin_.reset(in[1]);  // it watches until it reads a line
    const base::UniqueFd said(out[0]);
    char byte = 0;
    CHECK(::read(said.get(), &byte, 1) == 1);
  }
  ~Stranger() { die(); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void die() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  base::UniqueFd stdin_;
};

TEST_F(CephOutage, AWatcherThatDiedHoldsNothingUp) {
  ASSERT_TRUE(store().write(meta("watched"), {}).ok());
  Stranger stranger(ceph_->options(), meta("watched"));
  std::atomic<int> heard = 0;
  auto watch = store().watch(meta("watched"), [&](auto) { ++heard; }, [] {});
  ASSERT_TRUE(watch.ok());
  stranger.die();
  // More than there may be requests under way; each waits for the dead until its time-out.
  constexpr int kMany = 600;
  const auto start = steady_clock::now();
  for (int i = 0; i < kMany; ++i) store().notify(meta("watched"), "x");
  EXPECT_TRUE(works("object"));
  EXPECT_LT(steady_clock::now() - start, kNotifyTimeout) << "waited for the dead";
  EXPECT_TRUE(eventually([&] { return heard >= kMany; }));
}

TEST_F(CephOutage, AFullClusterIsNoSpaceAndRemovingHelps) {
  ASSERT_TRUE(works("object"));
  // An OSD raises a ratio that is below one that should come before it.
  for (const auto* what : {"nearfull", "backfillfull", "full"}) {
    ceph_->administer("osd set-" + std::string(what) + "-ratio 0.001");
  }
  std::atomic<int> round = 0;
  const auto refused = [&](const ObjectId& id) {
    const auto written = store().write(id, {.data = std::string(100'000, 'x')});
    return !written.ok() && written.error().code == ErrorCode::kNoSpace;
  };
  EXPECT_TRUE(eventually([&] { return refused(meta("more" + std::to_string(++round))); }));
  EXPECT_TRUE(eventually([&] { return refused(file("more" + std::to_string(++round))); }));
  EXPECT_EQ(*store().read(meta("object"), 0, 10), "x");
  EXPECT_TRUE(store().write(file("object"), {.remove = true}).ok());
  ceph_->administer("osd set-full-ratio 0.95");
  EXPECT_TRUE(eventually([&] { return works("object"); }));
}

TEST_F(CephOutage, AWrongKeyAndAPoolThatIsNotThereAreSaid) {
  auto options = ceph_->options();
  options.key = "AQBnaUVkAAAAABAAcVqkyUVvkiHIsVLHXXXXXX==";
  const auto wrong = storage_ceph::connect(options);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kPermissionDenied) << wrong.error().message;
  options = ceph_->options();
  options.data_pool = "nowhere";
  const auto missing = storage_ceph::connect(options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
  options = ceph_->options();
  options.conf_file = "/nonexistent/ceph.conf";
  EXPECT_EQ(storage_ceph::connect(options).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace storage_objects
