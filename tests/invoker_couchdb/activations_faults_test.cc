#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "bad_couch.h"
#include "base/json.h"
#include "invoker_couchdb/couch_activations.h"
#include "testing/eventually.h"

namespace invoker_couchdb {
namespace {

using couch_tests::BulkServer;
using couch_tests::HttpRequest;
using std::chrono::milliseconds;
using testing_support::eventually;
using testing_support::http_answer;

base::Instant soon(milliseconds time = milliseconds(10'000)) {
  return std::chrono::steady_clock::now() + time;
}

class ActivationsFaults : public ::testing::Test {
 protected:
  ActivationsFaults() {
    config_.couch = couch_tests::settings_for(server_.port());
    config_.spill_folder = folder_.path() / "records";
    config_.retry_first = milliseconds(5);
    config_.retry_max = milliseconds(40);
  }
  void open() {
    store_.reset();
    store_ = CouchActivations::open(config_, log_.log).value();
  }
  // Stores this many records and notes their ids.
  void put(int count, std::size_t bytes = 10) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "guest/" + std::to_string(next_++);
      const base::Json document = base::Json::object({{"_id", id}, {"x", std::string(bytes, 'x')}});
      ASSERT_TRUE(store_->store({id, document.to_string()}));
      expected_.insert(id);
    }
  }
  void answer_all(const std::string& answer) {
    server_.set_override([answer](const HttpRequest&, std::size_t) { return answer; });
  }

  couch_tests::Log log_;
  testing_support::ScratchFolder folder_;
  BulkServer server_;
  CouchActivationsConfig config_;
  std::unique_ptr<CouchActivations> store_;
  std::set<std::string> expected_;
  int next_ = 0;
};

TEST_F(ActivationsFaults, AreWrittenInBulk) {
  open();
  put(3000);
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
  EXPECT_LT(server_.requests(), 3000U);
  EXPECT_GT(server_.largest_request(), 1U);
  EXPECT_LE(server_.largest_request(), 500U);
  EXPECT_EQ(store_->stats().written, 3000U);
  EXPECT_EQ(store_->stats().spilled, 0U);
}

TEST_F(ActivationsFaults, OfAnyKindKeepRecordsUntilTheDatabaseTakesThem) {
  for (const std::string& answer :
       {http_answer(500, "{}"), http_answer(503, "busy"), http_answer(401, "{}"),
        http_answer(404, R"({"error":"not_found","reason":"no_db_file"})"),
        http_answer(201, "<html>"), http_answer(201, "[]"), http_answer(201, R"([{"id":"a"}])"),
        std::string("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n["), std::string("hm\r\n")}) {
    open();
    answer_all(answer);
    put(5);
    EXPECT_TRUE(eventually([&] { return store_->stats().failures >= 2; })) << answer;
    EXPECT_FALSE(store_->stats().available);
    EXPECT_FALSE(store_->stats().last_error.empty());
    server_.set_override({});
    EXPECT_TRUE(store_->flush(soon())) << answer;
    EXPECT_EQ(server_.ids(), expected_) << answer;
    EXPECT_TRUE(store_->stats().available);
    EXPECT_EQ(store_->stats().waiting, 0U);
    EXPECT_EQ(store_->stats().spill_bytes, 0);
  }
}

TEST_F(ActivationsFaults, WhileTheDatabaseIsAwayRecordsAreOnDisk) {
  answer_all(http_answer(503, "busy"));
  open();
  put(1);
  ASSERT_TRUE(eventually([&] { return store_->stats().failures >= 1; }));
  put(2000);
  EXPECT_TRUE(eventually([&] { return store_->stats().waiting == 0; }));
  EXPECT_TRUE(eventually([&] { return store_->stats().spilled >= 2001; }));
  EXPECT_FALSE(store_->flush(std::chrono::steady_clock::now()));
  server_.set_override({});
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
}

TEST_F(ActivationsFaults, WhatAnEarlierProcessLeftIsWritten) {
  answer_all(http_answer(503, "busy"));
  open();
  put(100);
  store_.reset();
  EXPECT_TRUE(server_.ids().empty());
  server_.set_override({});
  open();
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
}

TEST_F(ActivationsFaults, AnAnswerThatWasLostMeansThatTheRecordIsThere) {
  server_.set_override([this](const HttpRequest&, std::size_t) {
    server_.set_override({});
    return std::string();  // as a database does, this once
  });
  open();
  put(1);
  ASSERT_TRUE(store_->flush(soon()));
  ASSERT_TRUE(store_->store({"guest/0", R"({"_id":"guest/0"})"}));
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(store_->stats().repeated, 1U);
  EXPECT_EQ(store_->stats().refused, 0U);
}

TEST_F(ActivationsFaults, ARecordThatIsRefusedDoesNotKeepOthersOut) {
  server_.set_override([](const HttpRequest& request, std::size_t) {
    const bool bad = request.body.find("guest/7\"") != std::string::npos;
    return bad ? http_answer(400, R"({"error":"bad_request"})") : std::string();
  });
  open();
  put(20);
  EXPECT_TRUE(store_->flush(soon()));
  expected_.erase("guest/7");
  EXPECT_EQ(server_.ids(), expected_);
  EXPECT_EQ(store_->stats().refused, 1U);
  std::ifstream refused(config_.spill_folder + "/refused.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(refused, line)) << "it is kept for people to look at";
  EXPECT_NE(line.find("guest/7"), std::string::npos);
}

TEST_F(ActivationsFaults, ARequestThatIsTooLargeIsDivided) {
  server_.set_override([](const HttpRequest&, std::size_t documents) {
    return documents > 3 ? http_answer(413, "{}") : std::string();
  });
  open();
  put(200);
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
  EXPECT_EQ(store_->stats().refused, 0U);
}

TEST_F(ActivationsFaults, ARequestIsDividedEvenWhenTheServerHangsUpEachTime) {
  server_.close_after_override();
  server_.set_override([](const HttpRequest&, std::size_t documents) {
    return documents > 3 ? http_answer(413, "{}") : std::string();
  });
  open();
  put(200);
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
}

TEST_F(ActivationsFaults, AnItemMayBeRefused) {
  server_.set_override([](const HttpRequest&, std::size_t) {
    return http_answer(201, R"([{"id":"guest/0","error":"forbidden","reason":"no"}])");
  });
  open();
  put(1);
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(store_->stats().refused, 1U);
}

// The answer for a batch in which one record has this error.
std::string answer_with(const HttpRequest& request, const std::string& bad,
                        const std::string& how) {
  const base::Json body = base::Json::parse(request.body).value();
  base::Json items = base::Json::array();
  for (const base::Json& document : body.find("docs")->items()) {
    const std::string& id = document.find("_id")->as_string();
    items.append(base::Json::parse(id == bad ? R"({"id":"x",)" + how + R"(,"reason":"y"})"
                                             : R"({"ok":true,"id":"x","rev":"1-a"})")
                     .value());
  }
  return http_answer(201, items.to_string());
}

TEST_F(ActivationsFaults, AnItemThatIsPutOffIsWrittenLaterAndTheOthersNotAgain) {
  for (const std::string how : {R"("error":"internal_server_error")", R"("error":"timeout")",
                                R"("error":"odd","status":503)", R"("error":"odd","status":500)"}) {
    std::atomic<int> put_off = 0;
    const std::string bad = "guest/" + std::to_string(next_ + 3);
    server_.set_override([&](const HttpRequest& request, std::size_t) {
      if (request.body.find(bad + "\"") == std::string::npos || put_off == 4) return std::string();
      ++put_off;
      return answer_with(request, bad, how);
    });
    open();
    put(10);
    EXPECT_TRUE(store_->flush(soon())) << how;
    const auto stats = store_->stats();
    EXPECT_EQ(stats.written, 10U) << how;
    EXPECT_EQ(stats.repeated + stats.refused, 0U) << how;
    EXPECT_EQ(stats.put_off, 4U) << how;
    EXPECT_TRUE(stats.available);
    EXPECT_TRUE(server_.ids().contains(bad)) << how;
    EXPECT_EQ(stats.spill_bytes, 0);
  }
}

TEST_F(ActivationsFaults, AnItemThatIsPutOffForEverIsTriedEverMoreRarely) {
  config_.retry_max = std::chrono::hours(1);
  server_.set_override([](const HttpRequest& request, std::size_t) {
    return request.body.find("guest/0\"") == std::string::npos
               ? std::string()
               : answer_with(request, "guest/0", R"("error":"internal_server_error")");
  });
  open();
  put(1);
  ASSERT_TRUE(eventually([&] { return store_->stats().put_off >= 6; }));
  const auto before = store_->stats().put_off;
  put(200);
  EXPECT_TRUE(eventually([&] { return store_->stats().written >= 200; })) << "others go through";
  EXPECT_LE(store_->stats().put_off, before + 3) << "5, 10, 20 ... ms: 320 ms by then";
}

// The thread is with a database that does not answer; whoever stores is not held up by it.
TEST_F(ActivationsFaults, ASlowDatabaseHoldsNobodyUp) {
  answer_all("hang");
  config_.memory_bytes_max = 2'000;
  open();
  put(500);
  const auto stats = store_->stats();
  EXPECT_GT(stats.spilled, 400U) << "callers take records to the disk themselves";
  EXPECT_EQ(stats.lost, 0U);
  server_.set_override({});
  store_.reset();  // ends the request that hangs
  open();
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
}

TEST_F(ActivationsFaults, AHangingRequestEndsAtItsTimeout) {
  config_.couch.request_timeout = milliseconds(50);
  answer_all("hang");
  open();
  put(3);
  ASSERT_TRUE(eventually([&] { return store_->stats().failures >= 2; }));
  server_.set_override({});
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids(), expected_);
}

TEST_F(ActivationsFaults, WithMemoryAndDiskFullTheCallerIsTold) {
  answer_all(http_answer(503, "busy"));
  config_.memory_bytes_max = 1'000;
  config_.spill_bytes_max = 1'000;
  config_.full_patience = std::chrono::hours(1);  // none, because the database is away
  open();
  base::Status status;
  int stored = 0;
  for (; stored < 1000 && status; ++stored) {
    const std::string id = "guest/" + std::to_string(stored);
    status = store_->store({id, R"({"_id":")" + id + R"("})"});
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::ErrorCode::kNoSpace);
  EXPECT_EQ(store_->stats().lost, 1U);
  server_.set_override({});
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids().size(), static_cast<std::size_t>(stored - 1)) << "all others are there";
}

TEST_F(ActivationsFaults, ManyStoreAtOnceWhileTheDatabaseComesAndGoes) {
  std::atomic<int> asked = 0;
  server_.set_override([&](const HttpRequest&, std::size_t) {
    return ++asked % 3 != 0 ? http_answer(503, "busy") : std::string();
  });
  config_.memory_bytes_max = 4'000;
  open();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < 500; ++i) {
        const std::string id = "t" + std::to_string(thread) + "/" + std::to_string(i);
        EXPECT_TRUE(store_->store({id, R"({"_id":")" + id + R"("})"}));
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(store_->flush(soon()));
  EXPECT_EQ(server_.ids().size(), 4000U);
}

}  // namespace
}  // namespace invoker_couchdb
