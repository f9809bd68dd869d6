// What every activation store must do.
#include "standalone/activation_store.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "standalone/sqlite_activation_store.h"
#include "testing/fake_clock.h"
#include "testing/memory_activation_store.h"
#include "testing/scratch_folder.h"

namespace {

using standalone::ActivationQuery;
using standalone::ActivationRecord;
using standalone::ActivationStore;

struct InMemory {
  testing_support::MemoryActivationStore store;
  ActivationStore& get() { return store; }
};

struct InSqlite {
  testing_support::ScratchFolder folder;
  testing_support::FakeClock clock;
  standalone::ActivationStoreConfig config;
  std::unique_ptr<ActivationStore> store;
  InSqlite() {
    config.file = folder.path() / "activations.db";
    open();
  }
  void open() {
    store.reset();
    store = standalone::open_sqlite_activation_store(config, clock).value();
  }
  ActivationStore& get() const { return *store; }
};

std::string id_of(int number) {
  std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

ActivationRecord record(int number, std::int64_t start_ms = 1000,
                        const std::string& filter_name = "hello") {
  return {
      "guest", id_of(number), filter_name, start_ms,
      R"({"activationId":")" + id_of(number) + R"(","start":)" + std::to_string(start_ms) + "}"};
}

// Waits until the store says what became of it.
base::Status put(ActivationStore& store, ActivationRecord one) {
  auto outcome = std::make_shared<std::promise<base::Status>>();
  auto future = outcome->get_future();
  store.put(std::move(one), [outcome](const base::Status& status) { outcome->set_value(status); });
  return future.get();
}

base::Status accept(ActivationStore& store, ActivationRecord one) {
  auto outcome = std::make_shared<std::promise<base::Status>>();
  auto future = outcome->get_future();
  store.accept(std::move(one),
               [outcome](const base::Status& status) { outcome->set_value(status); });
  return future.get();
}

std::vector<std::string> ids(ActivationStore& store, const ActivationQuery& query) {
  std::vector<std::string> found;
  const auto documents = store.list(query);
  for (const base::Json& document : *documents) {
    found.push_back(document.find("activationId")->as_string());
  }
  return found;
}

template <typename Kept>
class ActivationStoreTest : public ::testing::Test {
 protected:
  ActivationStore& store() { return kept_.get(); }

 private:
  Kept kept_;
};

using Stores = ::testing::Types<InMemory, InSqlite>;
TYPED_TEST_SUITE(ActivationStoreTest, Stores);

TYPED_TEST(ActivationStoreTest, WhatIsSafeCanBeRead) {
  ASSERT_TRUE(put(this->store(), record(1)).ok());
  EXPECT_EQ(this->store().get("guest", id_of(1))->find("activationId")->as_string(), id_of(1));
}

TYPED_TEST(ActivationStoreTest, AnUnknownRecordAndOneOfAnotherNamespaceAreNotFound) {
  ASSERT_TRUE(put(this->store(), record(1)).ok());
  EXPECT_EQ(this->store().get("guest", id_of(2)).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(this->store().get("other", id_of(1)).error().code, base::ErrorCode::kNotFound);
}

TYPED_TEST(ActivationStoreTest, ASecondRecordOfOneActivationIsRefusedAndHarmsNobody) {
  ASSERT_TRUE(put(this->store(), record(1)).ok());
  EXPECT_EQ(put(this->store(), record(1)).error().code, base::ErrorCode::kAlreadyExists);
  EXPECT_TRUE(put(this->store(), record(2)).ok());
}

TYPED_TEST(ActivationStoreTest, ListsAreNewestFirstAndBounded) {
  for (const int number : {2, 1, 3}) {
    ASSERT_TRUE(put(this->store(), record(number, number * 10)).ok());
  }
  ActivationQuery query{"guest", {}, {}, {}, 0, 30};
  EXPECT_EQ(ids(this->store(), query), (std::vector<std::string>{id_of(3), id_of(2), id_of(1)}));
  query.skip = 1;
  query.limit = 1;
  EXPECT_EQ(ids(this->store(), query), std::vector<std::string>{id_of(2)});
  EXPECT_EQ(this->store().count(query).value(), 3);
}

TYPED_TEST(ActivationStoreTest, TimesAreInclusiveAndNamesExact) {
  for (const int number : {1, 2, 3}) {
    ASSERT_TRUE(put(this->store(), record(number, number * 10, number == 2 ? "p/a" : "a")).ok());
  }
  EXPECT_EQ(ids(this->store(), {"guest", {}, 20, 30, 0, 30}),
            (std::vector<std::string>{id_of(3), id_of(2)}));
  EXPECT_EQ(ids(this->store(), {"guest", "a", {}, {}, 0, 30}),
            (std::vector<std::string>{id_of(3), id_of(1)}));
  EXPECT_EQ(ids(this->store(), {"guest", "p/a", {}, {}, 0, 30}),
            std::vector<std::string>{id_of(2)});
  EXPECT_EQ(this->store().count({"guest", "a", {}, 10, 0, 30}).value(), 1);
  EXPECT_EQ(this->store().count({"other", {}, {}, {}, 0, 30}).value(), 0);
}

TYPED_TEST(ActivationStoreTest, WhatIsAcceptedIsNotShown) {
  ASSERT_TRUE(accept(this->store(), record(1)).ok());
  EXPECT_EQ(this->store().get("guest", id_of(1)).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(this->store().count({"guest", {}, {}, {}, 0, 30}).value(), 0);
  EXPECT_TRUE(put(this->store(), record(1)).ok());
}

TEST(SqliteActivationStore, WhatWasUnderWayIsARecordAtTheNextStart) {
  InSqlite kept;
  ASSERT_TRUE(accept(*kept.store, record(1)).ok());
  ASSERT_TRUE(accept(*kept.store, record(2)).ok());
  ASSERT_TRUE(put(*kept.store, record(2, 2000)).ok());
  ASSERT_TRUE(put(*kept.store, record(3)).ok());
  ASSERT_TRUE(accept(*kept.store, record(3, 3000)).ok());  // too late: it is over
  kept.open();
  EXPECT_EQ(kept.store->interrupted(), 1);
  EXPECT_TRUE(kept.store->get("guest", id_of(1)).ok());
  EXPECT_EQ(kept.store->get("guest", id_of(2))->find("start")->as_int64(), 2000);
  EXPECT_EQ(kept.store->get("guest", id_of(3))->find("start")->as_int64(), 1000);
  kept.open();
  EXPECT_EQ(kept.store->interrupted(), 0);
}

TEST(SqliteActivationStore, KeepsTheNewestWhenThereAreTooMany) {
  InSqlite kept;
  kept.config.records_max = 5;
  kept.open();
  for (int number = 1; number <= 20; ++number) ASSERT_TRUE(put(*kept.store, record(number)).ok());
  EXPECT_EQ(kept.store->count({"guest", {}, {}, {}, 0, 30}).value(), 5);
  EXPECT_TRUE(kept.store->get("guest", id_of(20)).ok());
  EXPECT_FALSE(kept.store->get("guest", id_of(15)).ok());
}

TEST(SqliteActivationStore, ThrowsAwayWhatIsTooOld) {
  InSqlite kept;
  kept.config.age_max = std::chrono::hours(1);
  kept.open();
  const std::int64_t now_ms = base::epoch_ms(kept.clock.wall());
  ASSERT_TRUE(put(*kept.store, record(1, now_ms)).ok());
  kept.clock.advance(std::chrono::hours(2));
  ASSERT_TRUE(put(*kept.store, record(2, now_ms + 7'200'000)).ok());
  EXPECT_FALSE(kept.store->get("guest", id_of(1)).ok());
  EXPECT_TRUE(kept.store->get("guest", id_of(2)).ok());
}

TEST(SqliteActivationStore, PutWaitsWhenTheQueueIsFull) {
  InSqlite kept;
  kept.config.queue_max = 1;
  kept.config.batch_max = 1;
  kept.open();
  std::promise<void> gate;
  auto open_gate = gate.get_future().share();
  std::promise<void> writing;
  kept.store->put(record(1), [&](const base::Status&) {
    writing.set_value();
    open_gate.wait();
  });
  writing.get_future().wait();  // the writer stands still in the callback, the queue is empty
  kept.store->put(record(2), nullptr);
  std::atomic<bool> third_taken{false};
  auto third = std::async(std::launch::async, [&] {
    kept.store->put(record(3), nullptr);
    third_taken = true;
  });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_FALSE(third_taken);
  gate.set_value();
  third.get();
  kept.open();  // closing writes what waits
  EXPECT_EQ(kept.store->count({"guest", {}, {}, {}, 0, 30}).value(), 3);
}

}  // namespace
