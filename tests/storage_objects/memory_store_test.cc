// What the store in memory does for tests: fails, loses answers and waits as it is told.
#include <gtest/gtest.h>

#include "testing/memory_object_store.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using storage::ObjectId;
using storage::Pool;
using testing_support::MemoryObjectStore;
using Answers = MemoryObjectStore::Answers;
using Kind = MemoryObjectStore::Kind;

const ObjectId kObject{Pool::kMetadata, "s", "object"};
const base::Error kOutage{ErrorCode::kDeadlineExceeded, "told to"};

TEST(MemoryObjectStore, AFailedRequestDoesNothing) {
  MemoryObjectStore store;
  store.fail_next(kOutage);
  EXPECT_EQ(store.write(kObject, {.data = "x"}).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(store.stat(kObject).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store.write(kObject, {.data = "x"}).ok());
}

TEST(MemoryObjectStore, ALostAnswerHidesWhatWasDone) {
  MemoryObjectStore store;
  store.lose_next_answer(kOutage);
  EXPECT_EQ(store.write(kObject, {.absent = true, .data = "x"}).error().code,
            ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(store.write(kObject, {.absent = true}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(*store.read(kObject, 0, 10), "x");
}

TEST(MemoryObjectStore, AFaultPlanSeesEveryRequest) {
  MemoryObjectStore store;
  store.set_faults(
      [](const MemoryObjectStore::Request& request) -> std::optional<MemoryObjectStore::Fault> {
        const bool hit = request.kind == Kind::kWrite && request.change->omap_set.contains("bad");
        return hit ? std::optional(MemoryObjectStore::Fault{kOutage}) : std::nullopt;
      });
  EXPECT_TRUE(store.write(kObject, {.omap_set = {{"good", "v"}}}).ok());
  EXPECT_FALSE(store.write(kObject, {.omap_set = {{"bad", "v"}}}).ok());
  EXPECT_EQ(store.omap_list(kObject, "", "", 10)->entries.size(), 1U);
  EXPECT_EQ(store.count(Kind::kWrite), 2U);
}

TEST(MemoryObjectStore, RequestsWaitForThePumpAndMayBeAnsweredInAnyOrder) {
  MemoryObjectStore store(Answers::kWhenPumped);
  std::string order;
  for (const char* name : {"a", "b", "c"}) {
    store.write(kObject, {.data = name}, [&order, name](auto) { order += name; });
  }
  EXPECT_EQ(store.waiting(), 3U);
  EXPECT_EQ(order, "");
  EXPECT_TRUE(store.answer(1));
  EXPECT_EQ(store.pump(1), 1U);
  EXPECT_EQ(order, "ba");
  EXPECT_EQ(store.pump(), 1U);
  EXPECT_FALSE(store.answer(0));
  std::string bytes;
  store.read(kObject, 0, 10, [&](base::Result<std::string> read) { bytes = *read; });
  store.pump();
  EXPECT_EQ(bytes, "c");
}

TEST(MemoryObjectStore, AnAbandonedRequestWasDoneOrNot) {
  MemoryObjectStore store(Answers::kWhenPumped);
  const auto heard = [](auto) { FAIL() << "the dead hear nothing"; };
  store.write(kObject, {.omap_set = {{"done", "v"}}}, heard);
  store.write(kObject, {.omap_set = {{"not done", "v"}}}, heard);
  store.abandon(0, true);
  store.abandon(0, false);
  std::map<std::string, std::string> found;
  store.omap_list(kObject, "", "", 10, [&](auto page) { found = page->entries; });
  EXPECT_EQ(store.pump(), 1U);
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"done", "v"}}));
}

TEST(MemoryObjectStore, LongChainsOfAnswersDoNotNest) {
  MemoryObjectStore store;
  int left = 100'000;
  std::function<void(base::Result<storage::ObjectVersion>)> next = [&](auto written) {
    ASSERT_TRUE(written.ok());
    if (--left > 0) store.write(kObject, {.data = "x"}, next);
  };
  store.write(kObject, {.data = "x"}, next);
  EXPECT_EQ(left, 0);
}

TEST(MemoryObjectStore, LostNotificationsAreSaid) {
  MemoryObjectStore store(Answers::kWhenPumped);
  store.write(kObject, {}, [](auto) {});
  store.pump();
  int heard = 0, lost = 0;
  const auto watch = store.watch(kObject, [&](auto) { ++heard; }, [&] { ++lost; });
  store.notify(kObject, "one");
  store.lose_notifications();
  store.notify(kObject, "two");
  store.pump();
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(lost, 1);
}

TEST(MemoryObjectStoreDeathTest, ABlockingCallInsideAnAnswerIsCaught) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        MemoryObjectStore store;
        store.write(kObject, {}, [&](auto) { (void)store.stat(kObject); });
      },
      "broken invariant");
}

}  // namespace
}  // namespace storage_objects
