// What a call asks and what its answer comes to.
#include "invoker_http/runtime_client.h"

#include "runtime_client_fixture.h"
#include "testing/jumping_clock.h"

namespace invoker_http {
namespace {

using invoker::CallError;
using std::chrono::milliseconds;
using testing_support::http_answer;
using testing_support::HttpRequest;
using testing_support::send_text;
using testing_support::wait_for_hang_up;

TEST_F(RuntimeClientTest, SendsOneJsonRequest) {
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "{\"a\":1}")); });
  const auto outcome = post(milliseconds(20'000), "{\"value\":{}}");
  EXPECT_EQ(outcome.error, CallError::kNone);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "{\"a\":1}");
  EXPECT_EQ(outcome.content_length, 7);
  EXPECT_FALSE(outcome.truncated);
  ASSERT_EQ(server_->requests().size(), 1U);
  HttpRequest request = server_->requests().front();
  EXPECT_EQ(request.line, "POST /run HTTP/1.1");
  EXPECT_EQ(request.body, "{\"value\":{}}");
  EXPECT_EQ(request.headers["content-type"], "application/json");
  EXPECT_EQ(request.headers["accept"], "application/json");
  EXPECT_EQ(request.headers.count("accept-encoding"), 0U);
}

TEST_F(RuntimeClientTest, DoesNotAskWhetherALargeBodyIsWelcome) {
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "{}")); });
  const std::string body(3 << 20, 'x');
  EXPECT_EQ(post(milliseconds(20'000), body).error, CallError::kNone);
  HttpRequest request = server_->requests().front();
  EXPECT_EQ(request.body, body);
  EXPECT_EQ(request.headers.count("expect"), 0U);
  EXPECT_EQ(request.headers["content-length"], std::to_string(body.size()));
}

TEST_F(RuntimeClientTest, FillsInItsTimes) {
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "{}")); });
  const std::int64_t before = base::epoch_ms(clock_.wall());
  const auto outcome = post();
  EXPECT_GE(outcome.start_ms, before);
  EXPECT_LE(outcome.end_ms, base::epoch_ms(clock_.wall()));
  EXPECT_EQ(outcome.end_ms, outcome.start_ms + outcome.elapsed.count() / 1000);
  EXPECT_GT(outcome.elapsed.count(), 0);
}

TEST_F(RuntimeClientTest, AClockThatIsSetShortensAndLengthensNothing) {
  const testing_support::JumpingClock jumping;
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "{}")); });
  RuntimeClient client(Endpoint{server_->socket_path(), "", 0}, jumping);
  for (int i = 0; i < 5; ++i) {
    const auto outcome =
        client.post("/run", "{}", jumping.now() + std::chrono::seconds(20), bounds_, false);
    EXPECT_EQ(outcome.error, CallError::kNone);
    EXPECT_LT(outcome.elapsed, std::chrono::seconds(20));
    EXPECT_EQ(outcome.end_ms, outcome.start_ms + outcome.elapsed.count() / 1000);
  }
}

TEST_F(RuntimeClientTest, ReportsEveryStatusWithItsBody) {
  for (const int status : {200, 201, 302, 400, 403, 404, 500, 502, 503}) {
    serve([status](const HttpRequest&, int fd) {
      return send_text(fd, http_answer(status, "{\"error\":\"x\"}"));
    });
    const auto outcome = post();
    EXPECT_EQ(outcome.error, CallError::kNone) << status;
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.body, "{\"error\":\"x\"}");
  }
}

TEST_F(RuntimeClientTest, AnEmptyBodyIsAnAnswer) {
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "")); });
  EXPECT_EQ(post().error, CallError::kNone);
}

TEST_F(RuntimeClientTest, AnInterimAnswerIsPassedOver) {
  serve([](const HttpRequest&, int fd) {
    return send_text(fd, "HTTP/1.1 100 Continue\r\n\r\n" + http_answer(502, "{}"));
  });
  EXPECT_EQ(post().status, 502);
}

TEST_F(RuntimeClientTest, AnswersWithoutAUsableLengthAreNoResponse) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string answers[] = {
      ok + "\r\n{}",
      ok + "Content-Length: many\r\n\r\n{}",
      ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      ok + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
  };
  for (const std::string& answer : answers) {
    serve_once(answer);
    const auto outcome = post();
    EXPECT_NE(outcome.error, CallError::kNone) << answer;
    EXPECT_EQ(outcome.body, "") << answer;
    if (answer.find("many") == answer.npos) {
      EXPECT_EQ(outcome.error, CallError::kNoResponse) << answer;
    }
  }
}

TEST_F(RuntimeClientTest, AnAnswerAsLongAsAllowedIsWhole) {
  bounds_ = {.max_bytes = 10, .truncation_bytes = 4};
  serve([](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, "0123456789")); });
  const auto outcome = post();
  EXPECT_EQ(outcome.body, "0123456789");
  EXPECT_FALSE(outcome.truncated);
}

TEST_F(RuntimeClientTest, ALongerOneIsCutAndTheRestIsRead) {
  bounds_ = {.max_bytes = 1 << 20, .truncation_bytes = 5};
  const std::string body(5 << 20, 'y');
  serve([&](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, body)); });
  for (int i = 0; i < 2; ++i) {
    const auto outcome = post();
    EXPECT_EQ(outcome.error, CallError::kNone);
    EXPECT_TRUE(outcome.truncated);
    EXPECT_EQ(outcome.body, "yyyyy");
    EXPECT_EQ(outcome.content_length, 5 << 20);
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(RuntimeClientTest, ACutCharacterBecomesOneReplacementCharacter) {
  for (const int kept : {2, 3, 4}) {
    bounds_ = {.max_bytes = 4, .truncation_bytes = kept};
    serve([](const HttpRequest&, int fd) {
      return send_text(fd, http_answer(200, "a\xF0\x9F\x98\x80z"));
    });
    EXPECT_EQ(post().body, "a\xEF\xBF\xBD") << kept;
  }
  bounds_.truncation_bytes = 5;
  EXPECT_EQ(post().body, "a\xF0\x9F\x98\x80");
  bounds_.truncation_bytes = 0;
  EXPECT_EQ(post().body, "");
}

TEST_F(RuntimeClientTest, AHangEndsAtTheDeadline) {
  serve([](const HttpRequest&, int fd) {
    wait_for_hang_up(fd);
    return false;
  });
  const auto outcome = post(milliseconds(100));
  EXPECT_EQ(outcome.error, CallError::kTimeout);
  EXPECT_GE(outcome.elapsed, milliseconds(99));
  EXPECT_LT(outcome.elapsed, milliseconds(5'000));
}

TEST_F(RuntimeClientTest, ATrickleEndsAtTheDeadline) {
  serve([](const HttpRequest&, int fd) {
    if (!send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")) return false;
    while (send_text(fd, "x")) std::this_thread::yield();
    return false;
  });
  EXPECT_EQ(post(milliseconds(100)).error, CallError::kTimeout);
}

TEST_F(RuntimeClientTest, AnEndlessAnswerWithoutLengthEndsAtTheDeadline) {
  serve([](const HttpRequest&, int fd) {
    if (!send_text(fd, "HTTP/1.1 200 OK\r\n\r\n")) return false;
    while (send_text(fd, std::string(4096, 'x'))) continue;
    return false;
  });
  const auto outcome = post(milliseconds(100));
  EXPECT_EQ(outcome.error, CallError::kTimeout);
  EXPECT_EQ(outcome.body, "");
}

TEST_F(RuntimeClientTest, NoTimeAtAllIsATimeout) {
  serve_once(http_answer(200, "{}"));
  EXPECT_EQ(post(milliseconds(0)).error, CallError::kTimeout);
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(RuntimeClientTest, WhatIsNoHttpIsALostConnection) {
  for (const char* text : {"", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
                           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"}) {
    serve_once(text);
    EXPECT_EQ(post().error, CallError::kConnectionLost) << text;
  }
}

}  // namespace
}  // namespace invoker_http
