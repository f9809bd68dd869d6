// The HTTP server over real sockets, with clients that behave and clients that do not.
#include "invoker_server/http_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "socket_client.h"

namespace {

using invoker_server::HttpServer;
using invoker_server::HttpServerConfig;
using invoker_server::Request;
using invoker_server::Responder;
using invoker_server::Response;

// Answers with what it was asked; keeps the responders of /wait.
class Echo {
 public:
  void handle(const Request& request, Responder responder) {
    if (request.target == "/wait") {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(responder));
      changed_.notify_all();
      return;
    }
    if (request.target == "/drop") return;
    if (!request.malformed.empty()) return responder.send(Response{400, {}, request.malformed});
    std::string body = request.method + " " + request.target + " " +
                       std::to_string(request.body.size()) + (request.body_too_large ? " cut" : "");
    responder.send(Response{200, {{"X-Echo", "yes"}}, std::move(body)});
  }
  std::vector<Responder> take_waiting(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;  // guards waiting_
  std::condition_variable changed_;
  std::vector<Responder> waiting_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    config.port = 0;
    start();
  }
  void start() {
    server.reset();
    server = HttpServer::start(config, [this](const Request& request, Responder responder) {
               echo.handle(request, std::move(responder));
             }).value();
  }
  SocketClient client() { return SocketClient(server->port()); }
  static std::string body_of(const std::string& answer) {
    const std::size_t at = answer.find("\r\n\r\n");
    return at == std::string::npos ? "no answer: " + answer : answer.substr(at + 4);
  }
  static std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  HttpServerConfig config;
  Echo echo;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, OneConnectionServesManyRequests) {
  auto one = client();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(one.write(get("/" + std::to_string(i))));
    const std::string answer = one.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("X-Echo: yes"), std::string::npos);
    ASSERT_EQ(body_of(answer), "GET /" + std::to_string(i) + " 0");
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  auto one = client();
  std::string all;
  for (int i = 0; i < 50; ++i) all += get("/" + std::to_string(i));
  ASSERT_TRUE(one.write(all));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(body_of(one.read_answer()), "GET /" + std::to_string(i) + " 0");
  }
}

TEST_F(HttpServerTest, TheTargetArrivesAsItWasSent) {
  auto one = client();
  ASSERT_TRUE(one.write(get("/a%20b/%zz?x=%41&y=1+2&&#z")));
  EXPECT_EQ(body_of(one.read_answer()), "GET /a%20b/%zz?x=%41&y=1+2&&#z 0");
}

TEST_F(HttpServerTest, BodiesArriveWholeInAnyPieces) {
  auto one = client();
  ASSERT_TRUE(one.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"));
  ASSERT_TRUE(one.write("4567890"));
  EXPECT_EQ(body_of(one.read_answer()), "PUT /a 10");
  ASSERT_TRUE(
      one.write("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"));
  EXPECT_EQ(body_of(one.read_answer()), "POST /b 7");
}

TEST_F(HttpServerTest, ABodyThatIsTooLongIsThrownAwayAndTheClientIsTold) {
  auto one = client();
  const std::size_t size = (50u << 20) + 1;
  ASSERT_TRUE(one.write("PUT /big HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
                        "\r\n\r\n"));
  ASSERT_TRUE(one.write(std::string(size, 'x')));
  EXPECT_EQ(body_of(one.read_answer()), "PUT /big 0 cut");
  ASSERT_TRUE(one.write("PUT /big HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                        std::to_string(size - 1) + "\r\n\r\n" + std::string(size - 1, 'x')));
  EXPECT_EQ(body_of(one.read_answer()), "PUT /big 52428800");
}

TEST_F(HttpServerTest, ABodyWithoutEndIsCutOff) {
  config.body_bytes_max = 1000;
  start();
  auto one = client();
  ASSERT_TRUE(one.write("PUT /big HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "100000\r\n" + std::string(1u << 20, 'x') + "\r\n";
  int chunks = 0;
  while (chunks < 1000 && one.write(chunk)) ++chunks;
  EXPECT_LT(chunks, 200);
}

TEST_F(HttpServerTest, HugeHeadersAndTargetsAreRefusedAndHarmNobody) {
  auto headers = client();
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 3000; ++i)
    many += "X-" + std::to_string(i) + ": " + std::string(50, 'v') + "\r\n";
  headers.write(many + "\r\n");
  EXPECT_TRUE(headers.read_all().starts_with("HTTP/1.1 4"));
  auto target = client();
  target.write(get("/" + std::string(200'000, 'a')));
  EXPECT_TRUE(target.read_all().starts_with("HTTP/1.1 4"));
  auto fits = client();
  fits.write(get("/" + std::string(9000, 'a')));
  EXPECT_EQ(body_of(fits.read_answer()).size(), 9007u);
}

TEST_F(HttpServerTest, GarbageIsRefusedAndHarmsNobody) {
  for (const std::string& garbage :
       {std::string("\0\xff\x80\r\n\r\n", 7), std::string("\r\n\r\n\r\n\r\nGARBAGE\r\n\r\n"),
        std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"), std::string(5000, '\n'),
        std::string("PUT / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
        std::string("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        std::string("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    auto one = client();
    one.write(garbage);
    one.half_close();
    one.read_all();
  }
  auto one = client();
  one.write(get("/ok"));
  EXPECT_EQ(body_of(one.read_answer()), "GET /ok 0");
}

struct DoubtCase {
  std::string head;
  std::string says;
};

// Each is followed by what a smuggler would send: it must not be read as a request.
TEST_F(HttpServerTest, ARequestThatLeavesItsEndInDoubtIsRefusedAndTheConnectionCloses) {
  const std::string smuggled = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string both = "The request has both a Content-Length and a Transfer-Encoding.";
  const std::string twice = "The request has more than one Content-Length.";
  const std::string chunked = "The only Transfer-Encoding that is understood is chunked.";
  const std::string host = "The request must have one header Host.";
  const std::string control = "The request has a control character in a header.";
  const std::string name = "The request has a header whose name is not one.";
  const std::string post = "POST /a HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [head, says] : std::vector<DoubtCase>{
           {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", both},
           {post + "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n", both},
           {post + "Content-Length: 0\r\nContent-Length: 5\r\n", twice},
           {post + "Content-Length: 5\r\nContent-Length: 0\r\n", twice},
           {post + "Content-Length: 5\r\nContent-Length: 5\r\n", twice},
           {post + "Transfer-Encoding: identity\r\n", chunked},
           {post + "Transfer-Encoding: gzip, chunked\r\n", chunked},
           {post + "Transfer-Encoding: chunked, identity\r\n", chunked},
           {post + "Transfer-Encoding: xchunked\r\n", chunked},
           {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked},
           {"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
            "HTTP/1.0 has no Transfer-Encoding."},
           {post + "Content-Length : 5\r\n", name},
           {post + "Transfer-Encoding\t: chunked\r\n", name},
           {post + "Content-Length\xa0: 5\r\n", name},
           {post + "Content-Length: 5\r\n 5\r\n", name},
           {post + "content-length:\r\n 5\r\n", name},
           {post + "Transfer-Encoding:\r\n\tchunked\r\n", name},
           {post + "X: y\rContent-Length: 5\r\n", control},
           {post + "X: a\x01\r\n", control},
           {"GET /a HTTP/1.1\r\n", host},
           {"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n", host}}) {
    auto one = client();
    ASSERT_TRUE(one.write(head) && one.write(smuggled));
    const std::string all = one.read_all();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400")) << head << all;
    EXPECT_NE(all.find("Connection: close"), std::string::npos) << head << all;
    EXPECT_EQ(body_of(all), says) << head;
  }
}

// The library itself answers these. What matters: no request comes out of them, and no other.
TEST_F(HttpServerTest, HeadersThatAreReadInManyWaysElsewhereMakeNoRequest) {
  const std::string smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const char* line : {"Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 0x5",
                           "Content-Length: 5 5", "Content-Length: ", "Content-Length"}) {
    auto one = client();
    ASSERT_TRUE(
        one.write("POST /a HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n\r\n" + smuggled));
    one.half_close();
    const std::string all = one.read_all();
    EXPECT_EQ(all.find("200 OK"), std::string::npos) << line << all;
  }
}

TEST_F(HttpServerTest, AClientThatCannotWriteAnyMoreStillGetsItsAnswer) {
  auto one = client();
  one.write(get("/half"));
  one.half_close();
  EXPECT_EQ(body_of(one.read_all()), "GET /half 0");
}

TEST_F(HttpServerTest, ThreeHundredWaitingRequestsHoldNoThread) {
  std::vector<SocketClient> waiting;
  for (int i = 0; i < 300; ++i) {
    waiting.push_back(client());
    ASSERT_TRUE(waiting.back().write(get("/wait")));
  }
  std::vector<Responder> responders = echo.take_waiting(300);
  auto other = client();
  other.write(get("/meanwhile"));
  EXPECT_EQ(body_of(other.read_answer()), "GET /meanwhile 0");
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < responders.size(); i += 3) {
        responders[i].send(Response{202, {}, "late"});
        responders[i].send(Response{500, {}, "twice"});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (SocketClient& one : waiting) {
    ASSERT_EQ(body_of(one.read_answer()), "late");
    one.write(get("/again"));
    ASSERT_EQ(body_of(one.read_answer()), "GET /again 0");
  }
}

TEST_F(HttpServerTest, AClientThatLeavesWhileItWaitsHarmsNobody) {
  for (int i = 0; i < 20; ++i) client().write(get("/wait"));
  for (Responder& responder : echo.take_waiting(20)) responder.send(Response{200, {}, "gone"});
  auto one = client();
  one.write(get("/ok"));
  EXPECT_EQ(body_of(one.read_answer()), "GET /ok 0");
}

TEST_F(HttpServerTest, ADroppedResponderAnswers500) {
  auto one = client();
  one.write(get("/drop"));
  EXPECT_TRUE(one.read_answer().starts_with("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, ASlowLorisIsCutOff) {
  config.header_time_max = std::chrono::milliseconds(300);
  start();
  auto one = client();
  std::atomic<bool> stop{false};
  // A header byte now and then keeps the connection from ever being silent.
  std::thread drip([&] {
    one.write("GET / HTTP/1.1\r\nX: ");
    while (!stop && one.write("a")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_TRUE(one.is_closed());
  stop = true;
  drip.join();
}

TEST_F(HttpServerTest, ABodyThatComesTooSlowlyIsCutOff) {
  config.transfer_time_min = std::chrono::milliseconds(300);
  start();
  auto one = client();
  one.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(one.is_closed());
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosedButAWaitingOneIsNot) {
  config.header_time_max = std::chrono::milliseconds(300);
  config.transfer_time_min = std::chrono::milliseconds(300);
  start();
  auto waits = client();
  waits.write(get("/wait"));
  auto responders = echo.take_waiting(1);
  auto idle = client();
  EXPECT_TRUE(idle.is_closed());
  responders[0].send(Response{200, {}, "still here"});
  EXPECT_EQ(body_of(waits.read_answer()), "still here");
}

TEST_F(HttpServerTest, APortThatIsTakenIsTold) {
  HttpServerConfig same = config;
  same.port = server->port();
  const auto second = HttpServer::start(same, [](const Request&, const Responder&) {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::ErrorCode::kAlreadyExists);
  EXPECT_NE(second.error().message.find(std::to_string(same.port)), std::string::npos);
  same.address = "localhost";
  EXPECT_EQ(HttpServer::start(same, [](const Request&, const Responder&) {}).error().code,
            base::ErrorCode::kInvalidArgument);
}

TEST_F(HttpServerTest, StoppingWaitsForWhatRunsAndRefusesTheRest) {
  auto finishes = client();
  finishes.write(get("/wait"));
  auto first = echo.take_waiting(1);
  auto never = client();
  never.write(get("/wait"));
  auto second = echo.take_waiting(1);
  auto stopping =
      std::async(std::launch::async, [&] { server->stop(std::chrono::milliseconds(300)); });
  first[0].send(Response{200, {}, "finished"});
  EXPECT_EQ(body_of(finishes.read_answer()), "finished");
  EXPECT_TRUE(never.read_answer().starts_with("HTTP/1.1 503"));
  stopping.get();
  second[0].send(Response{200, {}, "too late"});
}

TEST_F(HttpServerTest, AnAdoptedSocketIsServed) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ASSERT_TRUE(server->adopt(ends[0]).ok());
  SocketClient one{base::UniqueFd(ends[1])};
  one.write(get("/adopted"));
  EXPECT_EQ(body_of(one.read_answer()), "GET /adopted 0");
}

}  // namespace
