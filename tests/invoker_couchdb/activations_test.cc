// Records in a real database.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "bad_couch.h"
#include "couch.h"
#include "invoker_couchdb/couch_activations.h"
#include "recorded.h"
#include "testing/services.h"

namespace invoker_couchdb {
namespace {

using base::Json;
using couch_tests::Couch;

base::Instant soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

class Records : public ::testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("couchdb");
    couch_.emplace(couch_tests::shared_settings());
    CouchActivationsConfig config;
    config.couch = couch_tests::shared_settings();
    config.spill_folder = folder_.path() / "records";
    store_ = CouchActivations::open(std::move(config), log_.log).value();
    run_ = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  }

  couch_tests::Log log_;
  testing_support::ScratchFolder folder_;
  std::optional<Couch> couch_;
  std::unique_ptr<CouchActivations> store_;
  std::string run_;  // makes ids new
};

// Every recorded document comes back with all its members.
TEST_F(Records, OfTheRealSystemAreStoredAsTheyWere) {
  const Json cases = couch_tests::recorded("records.json");
  std::vector<Json> expected;
  for (const Json& entry : cases.items()) {
    Json document = *entry.find("record");
    document.erase("_rev");
    document.set("_id", document.find("_id")->as_string() + run_);
    expected.push_back(document);
    ASSERT_TRUE(store_->store({document.find("_id")->as_string(), document.to_string()}));
  }
  ASSERT_TRUE(store_->flush(soon()));
  int large_numbers = 0;
  for (const Json& document : expected) {
    Json stored = couch_->get(couch_->activations, document.find("_id")->as_string());
    ASSERT_TRUE(stored.is_object());
    stored.erase("_rev");
    // This server keeps numbers as doubles, unlike CouchDB.
    if (document.to_string().find("123456789") != std::string::npos) {
      ++large_numbers;
      continue;
    }
    EXPECT_EQ(stored, document);
  }
  EXPECT_LE(large_numbers, 2);
}

TEST_F(Records, ThatAreThereAlreadyAreNoFailure) {
  const std::string id = "guest/again" + run_;
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(store_->store({id, R"({"_id":")" + id + R"("})"}));
    ASSERT_TRUE(store_->flush(soon()));
  }
  EXPECT_EQ(store_->stats().written, 1U);
  EXPECT_EQ(store_->stats().repeated, 1U);
  EXPECT_EQ(store_->stats().failures, 0U);
}

TEST_F(Records, AreWrittenQuickly) {
  constexpr int kRecords = 5'000;
  const Json cases = couch_tests::recorded("records.json");
  Json document = *cases.items()[0].find("record");
  document.erase("_rev");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRecords; ++i) {
    const std::string id = "guest/" + run_ + "-" + std::to_string(i);
    document.set("_id", id);
    ASSERT_TRUE(store_->store({id, document.to_string()}));
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(store_->flush(soon()));
  const std::chrono::duration<double> written = std::chrono::steady_clock::now() - begin;
  std::cout << "records: taken over " << kRecords / taken.count() << "/s, written "
            << kRecords / written.count() << "/s\n";
  EXPECT_EQ(store_->stats().written, static_cast<std::uint64_t>(kRecords));
}

}  // namespace
}  // namespace invoker_couchdb
