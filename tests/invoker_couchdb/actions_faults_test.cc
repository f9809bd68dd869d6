#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "bad_couch.h"
#include "invoker_couchdb/couch_actions.h"
#include "testing/eventually.h"
#include "testing/fake_clock.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using couch_tests::action_document;
using couch_tests::ActionServer;
using couch_tests::HttpRequest;
using testing_support::http_answer;
using testing_support::send_text;

constexpr const char* kReference =
    R"({"attachmentName":"couch:1bcb5990-db1a-4436-8b59-90db1ac436c1","attachmentType":"t"})";

class ActionsFaults : public ::testing::Test {
 protected:
  // Answers each request with what `text_for` says of its path; the empty text cuts the connection.
  void serve(std::function<std::string(const std::string& line)> text_for) {
    server_.emplace(
        [text_for = std::move(text_for)](const HttpRequest& request, int fd) {
          const std::string text = text_for(request.line);
          return !text.empty() && send_text(fd, text);
        },
        ActionServer::Transport::kTcp);
    open(server_->port());
  }
  void open(int port) {
    CouchActionsConfig config;
    config.couch = couch_tests::settings_for(port);
    config.couch.request_timeout = timeout_;
    config.couch.connections_max = connections_max_;
    actions_.emplace(std::move(config), clock_);
  }
  ErrorCode error(const std::optional<std::string>& revision = "1-a") {
    const auto fetched = actions_->fetch("guest/hello", revision);
    EXPECT_FALSE(fetched);
    return fetched ? ErrorCode::kAlreadyExists : fetched.error().code;
  }

  testing_support::FakeClock clock_;
  std::chrono::milliseconds timeout_{10'000};
  std::size_t connections_max_ = 128;
  std::optional<ActionServer> server_;
  std::optional<CouchActions> actions_;
};

TEST_F(ActionsFaults, AFetchFromADatabaseThatHangsEndsWhenItIsCancelled) {
  std::optional<couch_tests::ActionServer> hanging;
  hanging.emplace(
      [](const HttpRequest&, int fd) {
        testing_support::wait_for_hang_up(fd);
        return false;
      },
      ActionServer::Transport::kTcp);
  timeout_ = std::chrono::minutes(10);
  open(hanging->port());
  const auto begin = std::chrono::steady_clock::now();
  auto first = std::async(std::launch::async, [this] { return error("1-a"); });
  auto joined = std::async(std::launch::async, [this] { return error("1-a"); });
  auto other = std::async(std::launch::async, [this] { return error(std::nullopt); });
  while (hanging->requests().size() < 2) std::this_thread::yield();
  actions_->cancel();
  for (auto* fetch : {&first, &joined, &other}) EXPECT_EQ(fetch->get(), ErrorCode::kUnavailable);
  EXPECT_EQ(error("2-b"), ErrorCode::kUnavailable) << "and none is begun";
  EXPECT_EQ(hanging->requests().size(), 2U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
}

TEST_F(ActionsFaults, AsksForTheLatestWithTheRevisionAsAHeaderOnly) {
  serve([](const std::string&) { return http_answer(200, action_document("1-a")); });
  ASSERT_TRUE(actions_->fetch("guest/my pkg/hello", "1-a"));
  ASSERT_TRUE(actions_->fetch("guest/hello", std::nullopt));
  const auto requests = server_->requests();
  EXPECT_EQ(requests[0].line, "GET /whisk_local_whisks/guest%2Fmy%20pkg%2Fhello HTTP/1.1");
  EXPECT_EQ(requests[0].headers.at("if-match"), "\"1-a\"");
  EXPECT_EQ(requests[0].headers.at("accept"), "application/json");
  EXPECT_FALSE(requests[1].headers.contains("if-match"));
  EXPECT_FALSE(requests[0].headers.contains("expect"));
}

TEST_F(ActionsFaults, ARevisionThatIsNoneBecomesNoHeader) {
  serve([](const std::string&) { return http_answer(200, action_document("1-a")); });
  ASSERT_TRUE(actions_->fetch("guest/hello", "1-a\"\r\nX-More: yes"));
  EXPECT_FALSE(server_->requests()[0].headers.contains("if-match"));
  EXPECT_FALSE(server_->requests()[0].headers.contains("x-more"));
}

TEST_F(ActionsFaults, TakesTheLatestWhereTheRevisionIsAnother) {
  serve([](const std::string&) { return http_answer(200, action_document("2-b", "\"new\"")); });
  const auto fetched = actions_->fetch("guest/hello", "1-a");
  ASSERT_TRUE(fetched);
  EXPECT_EQ((*fetched)->revision, "2-b");
  EXPECT_EQ((*fetched)->exec.code, "new");
  EXPECT_TRUE(actions_->fetch("guest/hello", "1-a"));
  EXPECT_EQ(server_->requests().size(), 2U) << "nothing is known of a revision that is gone";
  EXPECT_TRUE(actions_->fetch("guest/hello", "2-b"));
  EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(ActionsFaults, WithoutARevisionTheDatabaseIsAlwaysAsked) {
  serve([](const std::string&) { return http_answer(200, action_document("1-a")); });
  ASSERT_TRUE(actions_->fetch("guest/hello", "1-a"));
  ASSERT_TRUE(actions_->fetch("guest/hello", std::nullopt));
  EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(ActionsFaults, NobodyAskedForInFiveMinutesIsReadAgain) {
  serve([](const std::string&) { return http_answer(200, action_document("1-a")); });
  EXPECT_EQ(actions_->known("guest/hello", "1-a"), nullptr);
  ASSERT_TRUE(actions_->fetch("guest/hello", "1-a"));
  clock_.advance(std::chrono::minutes(4));
  EXPECT_NE(actions_->known("guest/hello", "1-a"), nullptr);
  clock_.advance(std::chrono::minutes(4));
  ASSERT_TRUE(actions_->fetch("guest/hello", "1-a"));
  EXPECT_EQ(server_->requests().size(), 1U);
  clock_.advance(std::chrono::minutes(5));
  ASSERT_TRUE(actions_->fetch("guest/hello", "1-a"));
  EXPECT_EQ(server_->requests().size(), 2U);
}

struct Row {
  const char* what;
  std::string answer;
  ErrorCode code;
};

TEST_F(ActionsFaults, EachHasItsKind) {
  const Row rows[] = {
      {"gone", http_answer(404, R"({"error":"not_found","reason":"deleted"})"),
       ErrorCode::kNotFound},
      {"wrong password", http_answer(401, "{}"), ErrorCode::kPermissionDenied},
      {"forbidden", http_answer(403, "{}"), ErrorCode::kPermissionDenied},
      {"server error", http_answer(500, "{}"), ErrorCode::kUnavailable},
      {"busy", http_answer(503, "busy"), ErrorCode::kUnavailable},
      {"elsewhere", http_answer(302, ""), ErrorCode::kUnavailable},
      {"no JSON", http_answer(200, "<html>"), ErrorCode::kInternal},
      {"no object", http_answer(200, "[1]"), ErrorCode::kInternal},
      {"nothing", http_answer(200, ""), ErrorCode::kInternal},
      {"another entity", http_answer(200, R"({"_id":"guest/hello","entityType":"trigger"})"),
       ErrorCode::kDataLoss},
      {"no action", http_answer(200, "{}"), ErrorCode::kDataLoss},
      {"cut head", "HTTP/1.1 200 OK\r\nContent-", ErrorCode::kUnavailable},
      {"cut body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", ErrorCode::kUnavailable},
      {"no answer", "", ErrorCode::kUnavailable},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorCode::kInternal},
  };
  for (const Row& row : rows) {
    const bool whole = row.answer.starts_with("HTTP") && row.what[0] != 'c';
    server_.emplace([answer = row.answer, whole](const HttpRequest&,
                                                 int fd) { return send_text(fd, answer) && whole; },
                    ActionServer::Transport::kTcp);
    open(server_->port());
    const auto fetched = actions_->fetch("guest/hello", "1-a");
    ASSERT_FALSE(fetched) << row.what;
    EXPECT_EQ(fetched.error().code, row.code) << row.what << ": " << fetched.error().message;
    EXPECT_EQ(actions_->stats().cached, 0U) << row.what;
  }
}

TEST_F(ActionsFaults, NobodyListens) {
  open(couch_tests::free_port());
  EXPECT_EQ(error(), ErrorCode::kUnavailable);
}

TEST_F(ActionsFaults, ADatabaseThatHangsIsLeftAtTheTimeout) {
  timeout_ = std::chrono::milliseconds(100);
  server_.emplace(
      [](const HttpRequest&, int fd) {
        testing_support::wait_for_hang_up(fd);
        return false;
      },
      ActionServer::Transport::kTcp);
  open(server_->port());
  EXPECT_EQ(error(), ErrorCode::kDeadlineExceeded);
}

TEST_F(ActionsFaults, CodeThatIsGoneMeansThatTheActionChanged) {
  std::atomic<int> documents = 0;
  serve([&](const std::string& line) {
    if (line.find("1bcb5990") != std::string::npos) return http_answer(404, "{}");
    return http_answer(200, ++documents == 1 ? action_document("1-a", kReference)
                                             : action_document("2-b", "\"new\""));
  });
  const auto fetched = actions_->fetch("guest/hello", "1-a");
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ((*fetched)->exec.code, "new");
  EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(ActionsFaults, CodeThatStaysGoneIsNotFound) {
  serve([](const std::string& line) {
    if (line.find("1bcb5990") != std::string::npos) return http_answer(404, "{}");
    return http_answer(200, action_document("1-a", kReference));
  });
  EXPECT_EQ(error(), ErrorCode::kNotFound);
  EXPECT_EQ(server_->requests().size(), 4U);
}

TEST_F(ActionsFaults, CodeThatCannotBeHadIsNoMissingCode) {
  serve([](const std::string& line) {
    if (line.find("1bcb5990") != std::string::npos) return http_answer(500, "{}");
    return http_answer(200, action_document("1-a", kReference));
  });
  EXPECT_EQ(error(), ErrorCode::kUnavailable);
  EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(ActionsFaults, CallsForOneRevisionShareOneRead) {
  constexpr int kCalls = 16;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  serve([released](const std::string&) {
    released.wait();
    return http_answer(200, action_document("1-a"));
  });
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < kCalls; ++i) {
    threads.emplace_back([&] { good += actions_->fetch("guest/hello", "1-a") ? 1 : 0; });
  }
  EXPECT_TRUE(testing_support::eventually([&] { return actions_->stats().joined == kCalls - 1; }));
  release.set_value();
  threads.clear();
  EXPECT_EQ(good, kCalls);
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(ActionsFaults, ASharedReadThatFailsIsTriedAgainByTheNext) {
  std::atomic<int> asked = 0;
  serve([&](const std::string&) {
    return ++asked == 1 ? http_answer(500, "{}") : http_answer(200, action_document("1-a"));
  });
  EXPECT_EQ(error(), ErrorCode::kUnavailable);
  EXPECT_TRUE(actions_->fetch("guest/hello", "1-a"));
}

TEST_F(ActionsFaults, ConnectionsAreKeptAndBounded) {
  connections_max_ = 3;
  serve([](const std::string&) { return http_answer(200, action_document("1-a")); });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 10; ++call)
        EXPECT_TRUE(actions_->fetch("guest/hello", std::nullopt));
    });
  }
  threads.clear();
  EXPECT_LE(server_->connections(), 3);
  EXPECT_EQ(server_->requests().size(), 120U);
}

TEST_F(ActionsFaults, AConnectionThatTheDatabaseClosedIsReplaced) {
  server_.emplace(
      [](const HttpRequest&, int fd) {
        send_text(fd, http_answer(200, action_document("1-a")));
        return false;
      },
      ActionServer::Transport::kTcp);
  open(server_->port());
  for (int call = 0; call < 5; ++call) {
    EXPECT_TRUE(actions_->fetch("guest/hello", std::nullopt));
    server_->wait_for_closed(call + 1);
  }
}

}  // namespace
}  // namespace invoker_couchdb
