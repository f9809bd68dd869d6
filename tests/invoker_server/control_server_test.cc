// The endpoints over real sockets: every status and body that OpenWhisk's tools look at.
#include "invoker_server/control_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/json.h"
#include "curl.h"
#include "socket_client.h"

namespace {

using invoker_server::Check;
using invoker_server::ControlServer;

constexpr const char* kGood = "-u invoker.user:invoker.pass ";
constexpr const char* kUnauthorized =
    "{\n"
    "  \"error\": \"Authentication is possible but has failed or not yet been provided.\",\n"
    "  \"code\": \"me\"\n"
    "}";

class ControlServerTest : public ::testing::Test {
 protected:
  ControlServerTest() {
    options.address = "127.0.0.1";
    options.port = 0;
    start();
  }
  void start() {
    server.reset();
    invoker_server::ControlCallbacks callbacks;
    callbacks.instance = [] { return std::string("invoker0/node-a"); };
    callbacks.enable = [this] { return !enabled.exchange(true); };
    callbacks.disable = [this] { return enabled.exchange(false); };
    callbacks.is_enabled = [this] { return enabled.load(); };
    callbacks.metrics = [] { return std::string("larder_x 1\n"); };
    callbacks.ready = [this] {
      const std::lock_guard lock(mutex);
      return checks;
    };
    server = ControlServer::start(options, std::move(callbacks)).value();
  }
  HttpAnswer ask(const std::string& path, const std::string& more = "") {
    return curl(more + " http://127.0.0.1:" + std::to_string(server->port()) + path);
  }

  invoker_server::ControlOptions options;
  std::atomic<bool> enabled{true};
  void set(std::vector<Check> now) {
    const std::lock_guard lock(mutex);
    checks = std::move(now);
  }
  std::mutex mutex;  // guards checks
  std::vector<Check> checks;
  std::unique_ptr<ControlServer> server;
};

TEST_F(ControlServerTest, PingIsAnsweredPongToEverybody) {
  const auto answer = ask("/ping");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "pong");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(ask("/ping?x=1").body, "pong");
}

TEST_F(ControlServerTest, EnableAndDisableSayWhatTheyChanged) {
  EXPECT_EQ(ask("/enable", std::string(kGood) + "-X POST").body,
            "invoker0/node-a is already enabled.");
  const auto answer = ask("/disable", std::string(kGood) + "-X POST");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "invoker0/node-a is now disabled.");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=UTF-8");
  EXPECT_FALSE(enabled);
  EXPECT_EQ(ask("/disable", std::string(kGood) + "-X POST").body,
            "invoker0/node-a is already disabled.");
  EXPECT_EQ(ask("/enable", std::string(kGood) + "-X POST").body, "invoker0/node-a is now enabled.");
  EXPECT_TRUE(enabled);
}

TEST_F(ControlServerTest, Trap55IsEnabledIsJsonServedAsPlainText) {
  const auto answer = ask("/isEnabled", kGood);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"enabled":true})");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=UTF-8");
  enabled = false;
  EXPECT_EQ(ask("/isEnabled", kGood).body, R"({"enabled":false})");
}

TEST_F(ControlServerTest, Trap55UnknownPathsWithoutCredentialsAre401AndNot404) {
  for (const char* path : {"/", "/nothing", "/ping/", "/enable/", "/invoker/ping", "/config"}) {
    const auto answer = ask(path, "-H 'X-Request-ID: me'");
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(answer.body, kUnauthorized) << path;
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_EQ(ask(path, kGood).status, 404) << path;
  }
}

TEST_F(ControlServerTest, WrongCredentialsAre401) {
  for (const char* credentials :
       {"-u invoker.user:wrong", "-u wrong:invoker.pass",
        "-u invoker.user:", "-u :", "-u invoker.user:invoker.pas", "-u invoker.user:invoker.passs",
        "-H 'Authorization: Basic !!!!'", "-H 'Authorization: Basic'",
        "-H 'Authorization: Bearer aW52b2tlci51c2VyOmludm9rZXIucGFzcw=='", ""}) {
    const auto answer =
        ask("/disable", std::string(credentials) + " -X POST -H 'X-Request-ID: me'");
    EXPECT_EQ(answer.status, 401) << credentials;
    EXPECT_EQ(answer.body, kUnauthorized) << credentials;
  }
  EXPECT_TRUE(enabled);
  EXPECT_EQ(
      ask("/isEnabled", "-H 'authorization: basic aW52b2tlci51c2VyOmludm9rZXIucGFzcw=='").status,
      200);
}

TEST_F(ControlServerTest, AnotherMethodIs405WithCredentialsAnd401Without) {
  struct Case {
    const char* path;
    const char* method;
    const char* right;
  };
  for (const Case& one : {Case{"/enable", "GET", "POST"}, Case{"/disable", "PUT", "POST"},
                          Case{"/isEnabled", "POST", "GET"}, Case{"/ping", "POST", "GET"},
                          Case{"/metrics", "DELETE", "GET"}}) {
    const std::string method = std::string("-X ") + one.method + " -H 'X-Request-ID: me' ";
    EXPECT_EQ(ask(one.path, method).status, 401) << one.path;
    const auto answer = ask(one.path, method + kGood);
    EXPECT_EQ(answer.status, 405) << one.path;
    EXPECT_EQ(answer.header("Allow"), one.right);
    EXPECT_EQ(answer.body,
              std::string(R"({"error":"HTTP method not allowed, supported methods: )") + one.right +
                  R"(","code":"me"})");
  }
}

TEST_F(ControlServerTest, AnUnknownPathWithCredentialsIs404InOneLine) {
  const auto answer = ask("/nothing", std::string(kGood) + "-H 'X-Request-ID: me'");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"error":"The requested resource could not be found.","code":"me"})");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
}

TEST_F(ControlServerTest, EveryAnswerCarriesTheRequestsId) {
  EXPECT_EQ(ask("/ping", "-H 'x-request-id: abc'").header("X-Request-ID"), "abc");
  EXPECT_EQ(ask("/nothing", "-H 'X-Request-ID: abc'").header("X-Request-ID"), "abc");
  for (const char* header : {"", "-H 'X-Request-ID: sid_invokerHealth'", "-H 'X-Request-ID;'",
                             "-H 'X-Request-ID: a\x01z'"}) {
    const std::string id = ask("/ping", header).header("X-Request-ID");
    EXPECT_EQ(id.size(), 32u) << header;
    EXPECT_EQ(
        id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
        std::string::npos);
    EXPECT_NE(id, ask("/ping", header).header("X-Request-ID"));
  }
}

TEST_F(ControlServerTest, TheHeaderOfTheIdCanBeAnother) {
  options.transaction_header = "X-Trace";
  start();
  const auto answer = ask("/ping", "-H 'X-Trace: abc' -H 'X-Request-ID: other'");
  EXPECT_EQ(answer.header("X-Trace"), "abc");
  EXPECT_EQ(answer.header("X-Request-ID"), "");
}

TEST_F(ControlServerTest, MetricsAreWhatPrometheusReads) {
  const auto answer = ask("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "larder_x 1\n");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=UTF-8");
}

TEST_F(ControlServerTest, ReadyNamesTheCheckThatFailsAndSinceWhen) {
  const base::WallTime then{std::chrono::milliseconds(1'711'533'600'166)};
  const Check kafka{"kafka", true, "", then};
  set({kafka});
  EXPECT_EQ(ask("/ready").status, 200);
  set({kafka, {"database", false, "connect: \"refused\"", then}});
  const auto answer = ask("/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.body, R"({"ready":false,"checks":[)"
                         R"({"name":"kafka","ok":true,"since":"2024-03-27T10:00:00.166Z"},)"
                         R"({"name":"database","ok":false,"error":"connect: \"refused\"",)"
                         R"("since":"2024-03-27T10:00:00.166Z"}]})");
}

TEST_F(ControlServerTest, WhoOpensManyConnectionsKeepsNobodyElseOut) {
  std::vector<std::unique_ptr<SocketClient>> many;
  for (int i = 0; i < 300; ++i) {
    many.push_back(std::make_unique<SocketClient>(server->port()));
    many.back()->write("GET /ping HTTP/1.1\r\nHost");
  }
  EXPECT_EQ(ask("/ping", "--interface 127.0.0.2 --max-time 4").status, 200);
}

TEST_F(ControlServerTest, APortThatIsTakenIsTold) {
  invoker_server::ControlOptions same = options;
  same.port = server->port();
  const auto second = ControlServer::start(same, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::ErrorCode::kAlreadyExists);
}

TEST_F(ControlServerTest, AfterStopNobodyIsServed) {
  server->stop(std::chrono::milliseconds(100));
  EXPECT_EQ(ask("/ping").curl, 7);  // could not connect
}

}  // namespace
