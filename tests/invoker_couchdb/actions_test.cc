// Actions as a real database gives them.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "couch.h"
#include "invoker_couchdb/couch_actions.h"
#include "testing/services.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using base::Json;
using couch_tests::action;
using couch_tests::Couch;

constexpr const char* kUuid = "476301e9-b65f-427f-a301-e9b65f227f97";

class Actions : public ::testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("couchdb");
    couch_.emplace(couch_tests::shared_settings());
    actions_.emplace(CouchActionsConfig{couch_tests::shared_settings(), {}}, clock_);
  }
  // An id that no other test and no earlier run has used.
  static std::string id_of(const std::string& name) {
    return "guest/" + name + "-" +
           std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  }
  std::string put(const std::string& id, Json document) {
    return couch_->put(couch_->actions, id, std::move(document));
  }
  static Json reference(const std::string& name, const std::string& type) {
    return Json::object({{"attachmentName", "couch:" + name}, {"attachmentType", type}});
  }

  base::SystemClock clock_;
  std::optional<Couch> couch_;
  std::optional<CouchActions> actions_;
};

TEST_F(Actions, AreReadWithTheirCode) {
  const std::string id = id_of("pkg a/hello");
  const std::string revision = put(id, action(id, "x = 1"));
  const auto fetched = actions_->fetch(id, revision);
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ((*fetched)->full_name(), id);
  EXPECT_EQ((*fetched)->revision, revision);
  EXPECT_EQ((*fetched)->exec.code, "x = 1");
  EXPECT_FALSE((*fetched)->exec.binary);
}

TEST_F(Actions, AreReadOnceForEachRevision) {
  const std::string id = id_of("hello");
  const std::string revision = put(id, action(id, "x = 1"));
  for (int call = 0; call < 5; ++call) ASSERT_TRUE(actions_->fetch(id, revision));
  EXPECT_EQ(actions_->stats().reads, 1U);
  EXPECT_EQ(actions_->stats().hits, 4U);
  const std::string newer = put(id, action(id, "x = 2").set("_rev", revision));
  const auto fetched = actions_->fetch(id, newer);
  ASSERT_TRUE(fetched);
  EXPECT_EQ((*fetched)->exec.code, "x = 2");
}

// If-Match is of no account when reading: the latest comes, and the latest is what runs.
TEST_F(Actions, OfAnOldRevisionAreTheLatest) {
  const std::string id = id_of("hello");
  const std::string old = put(id, action(id, "x = 1"));
  put(id, action(id, "x = 2").set("_rev", old));
  const auto fetched = actions_->fetch(id, old);
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ((*fetched)->exec.code, "x = 2");
}

TEST_F(Actions, WithAnAttachmentHaveItAsText) {
  const std::string id = id_of("attach");
  const std::string code = "# ä\n" + std::string(40'000, 'p');
  const std::string first = put(id, action(id, reference(kUuid, "text/plain; charset=UTF-8")));
  const std::string revision =
      couch_->put_attachment(id, first, kUuid, "text/plain; charset=UTF-8", code);
  const auto fetched = actions_->fetch(id, revision);
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ((*fetched)->exec.code, code);
}

TEST_F(Actions, WithABinaryAttachmentHaveItAsBase64) {
  const std::string id = id_of("attachbin");
  std::string bytes = "PK\x03\x04";
  for (int i = 0; i < 60'000; ++i) bytes += static_cast<char>(i * 7);
  const std::string first = put(id, action(id, reference(kUuid, "application/octet-stream"), true));
  const std::string revision =
      couch_->put_attachment(id, first, kUuid, "application/octet-stream", bytes);
  const auto fetched = actions_->fetch(id, revision);
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_TRUE((*fetched)->exec.binary);
  EXPECT_EQ((*fetched)->exec.code, invoker::code_text(bytes, true));
  EXPECT_EQ((*fetched)->exec.code->substr(0, 5), "UEsDB");
}

TEST_F(Actions, WithoutTheirAttachmentAreGone) {
  const std::string id = id_of("attach");
  const std::string revision = put(id, action(id, reference(kUuid, "text/plain")));
  const auto fetched = actions_->fetch(id, revision);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kNotFound);
}

TEST_F(Actions, ThatWereDeletedOrNeverWereAreNotFound) {
  const std::string id = id_of("hello");
  const std::string revision = put(id, action(id, "x = 1"));
  couch_->remove(couch_->actions, id, revision);
  for (const std::string& gone : {id, id_of("never")}) {
    const auto fetched = actions_->fetch(gone, revision);
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, ErrorCode::kNotFound);
  }
}

TEST_F(Actions, ThatAreNoneAreIncompatible) {
  const std::string id = id_of("trigger");
  const std::string revision = put(id, action(id, "x").set("entityType", "trigger"));
  const auto fetched = actions_->fetch(id, revision);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kDataLoss);
}

TEST_F(Actions, NeedTheRightPassword) {
  CouchSettings settings = couch_tests::shared_settings();
  settings.password = "wrong";
  CouchActions actions({settings, {}}, clock_);
  const auto fetched = actions.fetch("guest/hello", "1-a");
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kPermissionDenied);
}

TEST_F(Actions, OfTheRealSystemAreRead) {
  const std::string id = id_of("hello");
  Json document = action(id, Json::object({{"attachmentName", "mem:eCA9IDE="},
                                           {"attachmentType", "text/plain; charset=UTF-8"},
                                           {"length", 5},
                                           {"digest", "sha256-00"}}));
  const auto fetched = actions_->fetch(id, put(id, std::move(document)));
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ((*fetched)->exec.code, "x = 1");
}

// No limit that a busy machine could miss; the figures are for whoever reads the log.
TEST_F(Actions, AreHadQuickly) {
  const std::string id = id_of("hello");
  const std::string revision = put(id, action(id, "x = 1"));
  const auto time = [&](int calls, const std::optional<std::string>& asked) {
    const auto begin = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) EXPECT_TRUE(actions_->fetch(id, asked));
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
               .count() /
           calls;
  };
  time(1, revision);
  const double hit_us = time(10'000, revision);
  const double miss_us = time(200, std::nullopt);
  RecordProperty("hit_us", std::to_string(hit_us));
  RecordProperty("miss_us", std::to_string(miss_us));
  std::cout << "fetch: known " << hit_us << " us, asked of the database " << miss_us << " us\n";
  EXPECT_LT(hit_us, miss_us);
}

}  // namespace
}  // namespace invoker_couchdb
