// Whether the databases are there, asked of a server that plays them.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "bad_couch.h"
#include "invoker_couchdb/database_probe.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using couch_tests::ActionServer;
using couch_tests::HttpRequest;
using testing_support::http_answer;

class Probe : public ::testing::Test {
 protected:
  Probe()
      : server_(
            [this](const HttpRequest& request, int fd) {
              const bool bad = request.line.find(fault_database_) != std::string::npos;
              if (bad && fault_ == 0) {
                testing_support::wait_for_hang_up(fd);
                return false;
              }
              return testing_support::send_text(fd, http_answer(bad ? fault_.load() : 200, "{}"));
            },
            ActionServer::Transport::kTcp),
        probe_(couch_tests::settings_for(server_.port())) {}

  const std::string fault_database_ = "whisk_local_activations";
  std::atomic<int> fault_ = 200;  // the status; 0: no answer
  ActionServer server_;
  DatabaseProbe probe_;
};

TEST_F(Probe, AsksForAllAtFirstAndForOneLater) {
  EXPECT_TRUE(probe_.check());
  EXPECT_EQ(server_.requests().size(), 3U);
  for (std::size_t times = 1; times <= 3; ++times) {
    EXPECT_TRUE(probe_.check());
    EXPECT_EQ(server_.requests().size(), 3 + times);
  }
  EXPECT_EQ(server_.requests().back().line, "GET /whisk_local_subjects/ HTTP/1.1");
}

TEST_F(Probe, NamesWhatIsWrongAndAsksForThatUntilItIsWell) {
  const std::pair<int, ErrorCode> faults[] = {{401, ErrorCode::kPermissionDenied},
                                              {403, ErrorCode::kPermissionDenied},
                                              {404, ErrorCode::kNotFound},
                                              {500, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : faults) {
    fault_ = status;
    base::Status found;
    for (int i = 0; i < 3 && found; ++i) found = probe_.check();
    ASSERT_FALSE(found) << status;
    EXPECT_EQ(found.error().code, code);
    EXPECT_NE(found.error().message.find(fault_database_), std::string::npos);
    EXPECT_NE(found.error().message.find(std::to_string(status)), std::string::npos);
    const std::size_t before = server_.requests().size();
    EXPECT_FALSE(probe_.check());
    EXPECT_EQ(server_.requests().size(), before + 1);
    fault_ = 200;
    EXPECT_TRUE(probe_.check()) << "at once";
  }
}

TEST_F(Probe, EndsWhenItIsCancelled) {
  fault_ = 0;
  auto checked = std::async(std::launch::async, [this] { return probe_.check(); });
  while (server_.requests().size() < 2) std::this_thread::yield();
  probe_.cancel();
  EXPECT_EQ(checked.get().error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace invoker_couchdb
