// A daemon that takes its time, played by a small server.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "engine_api.h"
#include "invoker_docker/docker_factory.h"
#include "testing/action_server.h"
#include "testing/eventually.h"
#include "undertaker.h"

namespace invoker_docker {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testing_support::ActionServer;
using testing_support::eventually;
using testing_support::http_answer;
using testing_support::HttpRequest;
using testing_support::send_text;

class SlowDaemon : public ::testing::Test {
 protected:
  SlowDaemon()
      : server_([this](const HttpRequest& request, int fd) { return answer(request.line, fd); },
                ActionServer::Transport::kUnix) {}

  // It answers what it is asked for its version; all else hangs unless a removal is asked for.
  bool answer(const std::string& line, int fd) {
    if (line.find("/version") != std::string::npos) {
      return send_text(fd, http_answer(200, R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})"));
    }
    if (line.starts_with("DELETE")) {
      const bool there = appeared_;
      removed_ = removed_ || there;
      ++removals_;
      return send_text(fd, there ? http_answer(204, "") : http_answer(404, R"({"message":"no"})"));
    }
    testing_support::wait_for_hang_up(fd);
    return false;
  }
  bool was_asked(std::string_view what) const {
    return std::ranges::any_of(server_.requests(), [&](const HttpRequest& request) {
      return request.line.find(what) != std::string::npos;
    });
  }
  std::unique_ptr<EngineApi> connect() {
    return EngineApi::connect(server_.socket_path(), timeouts_).value();
  }
  std::unique_ptr<DockerFactory> factory() {
    DockerConfig config;
    config.socket = server_.socket_path();
    config.images = {{"python:3", {"", "", "action-python-v3", "latest"}}};
    config.timeouts = timeouts_;
    return DockerFactory::create(std::move(config), clock_, log_).value();
  }
  static invoker::ContainerSpec spec(const std::string& kind, const std::string& image = "") {
    invoker::ContainerSpec spec;
    spec.name = "wsk00_1_guest_hello";
    spec.kind = kind;
    spec.image = image;
    return spec;
  }

  base::SystemClock clock_;
  base::DiscardSink discard_;
  base::Logger log_{discard_, clock_};
  DockerTimeouts timeouts_;
  std::atomic<bool> appeared_ = false;
  std::atomic<bool> removed_ = false;
  std::atomic<int> removals_ = 0;
  ActionServer server_;
};

TEST_F(SlowDaemon, EachCommandHasTheTimeThatTheSettingsGiveIt) {
  using Call = std::function<ErrorCode(EngineApi&)>;
  const std::pair<milliseconds DockerTimeouts::*, Call> commands[] = {
      {&DockerTimeouts::list, [](EngineApi& api) { return api.list("wsk").error().code; }},
      {&DockerTimeouts::unpause, [](EngineApi& api) { return api.unpause("a").error().code; }},
      {&DockerTimeouts::pause, [](EngineApi& api) { return api.pause("a").error().code; }},
      {&DockerTimeouts::run, [](EngineApi& api) { return api.start("a").error().code; }},
      {&DockerTimeouts::inspect, [](EngineApi& api) { return api.inspect("a", "").error().code; }},
      {&DockerTimeouts::pull, [](EngineApi& api) { return api.pull("a", "b").error().code; }},
  };
  for (const auto& [timeout, call] : commands) {
    timeouts_ = {minutes(9), minutes(9), minutes(9), minutes(9),
                 minutes(9), minutes(9), minutes(9), minutes(9)};
    timeouts_.*timeout = milliseconds(20);
    EXPECT_EQ(call(*connect()), ErrorCode::kDeadlineExceeded);
  }
}

TEST_F(SlowDaemon, AContainerWhoseCreationTimedOutIsRemovedWhenItAppears) {
  timeouts_.run = milliseconds(20);
  const auto docker = factory();
  const auto made = docker->create(spec("python:3"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kDeadlineExceeded);
  ASSERT_TRUE(eventually([&] { return removals_ >= 2; })) << "it is looked for more than once";
  appeared_ = true;
  EXPECT_TRUE(eventually([&] { return removed_.load(); }));
  EXPECT_TRUE(was_asked("DELETE /v1.41/containers/wsk00_1_guest_hello?"));
}

TEST_F(SlowDaemon, ANameThatNeverAppearsIsForgotten) {
  const auto api = connect();
  Undertaker undertaker(*api, log_, milliseconds(0));
  undertaker.expect("wsk00_1_guest_hello");
  ASSERT_TRUE(eventually([&] { return removals_ >= Undertaker::kExpectedRounds; }));
  undertaker.expect("wsk00_2_guest_hello");
  ASSERT_TRUE(eventually([&] { return was_asked("wsk00_2_guest_hello"); }));
  appeared_ = true;
  ASSERT_TRUE(eventually([&] { return removed_.load(); }));
  EXPECT_FALSE(server_.requests().back().line.find("wsk00_1") != std::string::npos);
}

TEST_F(SlowDaemon, CreationsAndPullsEndWhenTheyAreCancelled) {
  const auto docker = factory();
  auto created = std::async(std::launch::async, [&] { return docker->create(spec("python:3")); });
  auto pulled = std::async(std::launch::async,
                           [&] { return docker->create(spec("blackbox", "somebody/image")); });
  ASSERT_TRUE(
      eventually([&] { return was_asked("/containers/create?") && was_asked("/images/create?"); }));
  docker->cancel_creations();
  EXPECT_EQ(created.get().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(pulled.get().error().code, ErrorCode::kUnavailable) << "not the developer's fault";
  EXPECT_EQ(docker->create(spec("python:3")).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace invoker_docker
