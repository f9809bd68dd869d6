// How connections are opened, kept, lost and tried again.
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "runtime_client_fixture.h"

namespace invoker_http {
namespace {

using invoker::CallError;
using invoker::CallOutcome;
using std::chrono::milliseconds;
using testing_support::ActionServer;
using testing_support::http_answer;
using testing_support::HttpRequest;
using testing_support::ScratchFolder;
using testing_support::send_text;

bool ok(const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "{}")); }

// Real time that can be asked how often it was asked.
class CountingClock final : public base::Clock {
 public:
  base::Instant now() const override {
    ++asked_;
    asked_.notify_all();
    return clock_.now();
  }
  base::WallTime wall() const override { return clock_.wall(); }
  void wait_until_asked(int times) const {
    for (int asked = asked_; asked < times; asked = asked_) asked_.wait(asked);
  }

 private:
  base::SystemClock clock_;
  mutable std::atomic<int> asked_ = 0;
};

TEST_F(RuntimeClientTest, KeepsItsConnection) {
  serve(ok);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(RuntimeClientTest, KnowsWhetherSomebodyListensAndSendsNothingForThat) {
  serve(ok);
  EXPECT_TRUE(client_->listens());
  EXPECT_TRUE(server_->requests().empty());
  server_.reset();
  EXPECT_FALSE(client_->listens());
}

TEST_F(RuntimeClientTest, OpensANewConnectionAfterAPause) {
  serve(ok);
  post();
  client_->close_connections();
  server_->wait_for_closed(1);
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(RuntimeClientTest, AConnectionInUseDuringAPauseIsNotKept) {
  serve([this](const HttpRequest& request, int fd) {
    if (request.connection == 1) client_->close_connections();
    return ok(request, fd);
  });
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(RuntimeClientTest, AConnectionThatTheRuntimeClosedMeanwhileIsReplaced) {
  serve_once(http_answer(200, "{}"));
  EXPECT_EQ(post().error, CallError::kNone);
  server_->wait_for_closed(1);
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(RuntimeClientTest, KeepsNoConnectionToARuntimeThatMayCloseItAtAnyTime) {
  serve(ok);
  client_ = std::make_unique<RuntimeClient>(Endpoint{server_->socket_path(), "", 0, false}, clock_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(server_->connections(), 3);
}

TEST_F(RuntimeClientTest, ARequestIsNotSentAgainWhenAKeptConnectionBreaks) {
  std::atomic<int> requests = 0;
  serve([&](const HttpRequest& request, int fd) { return ++requests != 2 && ok(request, fd); });
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(post().error, CallError::kConnectionLost);
  EXPECT_EQ(requests, 2);
  EXPECT_EQ(post().error, CallError::kNone);
  EXPECT_EQ(requests, 3);
}

TEST_F(RuntimeClientTest, ALostConnectionIsNotTriedAgainEvenForInit) {
  retry_ = true;
  serve([](const HttpRequest&, int) { return false; });
  EXPECT_EQ(post().error, CallError::kConnectionLost);
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(RuntimeClientTest, WhereNobodyListensTheConnectionIsRefused) {
  const ScratchFolder folder;
  for (const Endpoint& endpoint : {Endpoint{folder.path() / "none", "", 0},
                                   Endpoint{"", "127.0.0.1", 1}, Endpoint{"", "::1", 1}}) {
    client_ = std::make_unique<RuntimeClient>(endpoint, clock_);
    EXPECT_EQ(post().error, CallError::kConnectionRefused) << endpoint.host;
  }
}

TEST_F(RuntimeClientTest, InitWaitsForTheSocketToAppear) {
  const ScratchFolder folder;
  const CountingClock clock;
  RuntimeClient client({folder.path() / "socket", "", 0}, clock);
  CallOutcome outcome;
  std::jthread init([&] {
    outcome = client.post("/init", "{}", clock.now() + std::chrono::seconds(20), {}, true);
  });
  clock.wait_until_asked(5);  // it was refused several times by then
  ActionServer server(ok, folder.path() / "socket");
  init.join();
  EXPECT_EQ(outcome.error, CallError::kNone);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(RuntimeClientTest, InitGivesUpAtTheDeadline) {
  const ScratchFolder folder;
  client_ = std::make_unique<RuntimeClient>(Endpoint{folder.path() / "none", "", 0}, clock_);
  retry_ = true;
  const CallOutcome outcome = post(milliseconds(120));
  EXPECT_EQ(outcome.error, CallError::kTimeout);
  EXPECT_GE(outcome.elapsed, milliseconds(120));
}

TEST_F(RuntimeClientTest, SpeaksTcpPastAnyProxy) {
  ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  ASSERT_EQ(::setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  ActionServer server(ok, ActionServer::Transport::kTcp);
  client_ = std::make_unique<RuntimeClient>(Endpoint{"", "127.0.0.1", server.port()}, clock_);
  EXPECT_EQ(post().error, CallError::kNone);
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(RuntimeClientTest, CallsRunAtOnceAndConnectionsAreShared) {
  constexpr int kThreads = 8, kCalls = 100;
  serve(ok);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < kCalls; ++call) answered += post().error == CallError::kNone;
      });
    }
  }
  EXPECT_EQ(answered, kThreads * kCalls);
  EXPECT_LE(server_->connections(), kThreads);
}

}  // namespace
}  // namespace invoker_http
