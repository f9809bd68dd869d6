// A daemon that tells late, or never, where this host shows nothing of the containers.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "../invoker_container/calls.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "invoker_docker/docker_factory.h"
#include "played_daemon.h"

namespace invoker_docker {
namespace {

using invoker::CallError;
using invoker_container::in;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Asking so often takes longer than a moment between a broken connection and the word of its cause.
constexpr int kOften = 50;
constexpr const char* kNowhere = "255.255.255.255";
constexpr const char* kSomewhere = "127.88.77.66";

class LateDaemon : public ::testing::Test {
 protected:
  void use(const PlayedDaemon& daemon) {
    DockerConfig config;
    config.socket = daemon.socket();
    config.images = {{"python:3", {"", "", "python", ""}}};
    config.use_host_view = config.use_log_files = false;
    auto factory = DockerFactory::create(config, clock_, base::Logger(sink_, clock_));
    EXPECT_TRUE(factory.ok());
    factory_ = std::move(*factory);
  }
  std::unique_ptr<invoker::Container> container(const PlayedDaemon& daemon) {
    use(daemon);
    auto made = factory_->create(invoker_container::spec_of("python:3"));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(*made);
  }

  base::SystemClock clock_;
  base::DiscardSink sink_;
  std::unique_ptr<DockerFactory> factory_;
};

TEST_F(LateDaemon, IsWaitedForWhereNobodyListensAnyMore) {
  const PlayedDaemon daemon(kNowhere, [](int number) {
    return number < kOften ? PlayedState{} : PlayedState{.running = false, .oom_killed = true};
  });
  const auto broken = container(daemon);
  EXPECT_EQ(broken->post("/run", "{}", in(seconds(60)), {}, false).error,
            CallError::kConnectionRefused);
  EXPECT_TRUE(broken->memory_exhausted());
}

TEST_F(LateDaemon, IsNotWaitedForBeyondTheTimeOfTheCall) {
  const PlayedDaemon daemon(kNowhere, [](int) { return PlayedState{}; });
  const auto broken = container(daemon);
  EXPECT_EQ(broken->post("/run", "{}", in(milliseconds(1'500)), {}, false).error,
            CallError::kConnectionRefused);
  EXPECT_FALSE(broken->memory_exhausted());
}

TEST_F(LateDaemon, TellsOfMemoryThatAProcessOfALivingContainerWanted) {
  const PlayedDaemon daemon(
      kNowhere, [](int number) { return PlayedState{.running = true, .oom_killed = number > 3}; });
  const auto broken = container(daemon);
  EXPECT_TRUE(broken->memory_exhausted());
}

// It may be there all the same, and nobody knows its id.
TEST_F(LateDaemon, AContainerOfWhichItDidNotTellIsRemovedByItsName) {
  PlayedDaemon daemon(kNowhere, [](int) { return PlayedState{}; });
  daemon.lose_creations();
  use(daemon);
  const auto spec = invoker_container::spec_of("python:3");
  EXPECT_EQ(factory_->create(spec).error().code, base::ErrorCode::kUnavailable);
  const std::string removal = "DELETE /v1.41/containers/" + spec.name + "?force=1&v=1 HTTP/1.1";
  const auto end = in(seconds(20));
  while (!daemon.was_asked(removal) && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(daemon.was_asked(removal));
}

// A runtime that takes a connection, breaks it and listens on.
class Breaker {
 public:
  Breaker() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    inet_pton(AF_INET, kSomewhere, &address.sin_addr);
    listens_ =
        listener_.valid() &&
        bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        listen(listener_.get(), 8) == 0;
    if (listens_) thread_ = std::jthread([this] { break_one(); });
  }
  bool listens() const { return listens_; }

 private:
  void break_one() const {
    const base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char byte = 0;
    static_cast<void>(read(connection.get(), &byte, 1));
  }

  base::UniqueFd listener_;
  bool listens_ = false;
  std::jthread thread_;
};

TEST_F(LateDaemon, IsNotWaitedForWhereTheRuntimeListensOn) {
  const Breaker breaker;
  if (!breaker.listens()) GTEST_SKIP() << "port 8080 is in use";
  const PlayedDaemon daemon(kSomewhere, [](int) { return PlayedState{}; });
  const auto living = container(daemon);
  const auto end = in(seconds(60));
  EXPECT_EQ(living->post("/run", "{}", end, {}, false).error, CallError::kConnectionLost);
  EXPECT_FALSE(living->memory_exhausted());
  EXPECT_LT(std::chrono::steady_clock::now(), end - seconds(20));
}

}  // namespace
}  // namespace invoker_docker
