// Many at once: who wins, what is seen, bounds, and watches.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "contract.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using storage::ObjectVersion;
using storage::ObjectWrite;

constexpr std::chrono::seconds kPatience{40};

// Counts, and can be waited for.
class Tally {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    more_.notify_all();
  }
  bool reaches(std::size_t count, std::chrono::milliseconds within = kPatience) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, within, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;  // guards count_
  std::condition_variable more_;
  std::size_t count_ = 0;
};

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
}

TEST_P(ObjectStoreContract, OfManyExclusiveCreatesOneWins) {
  for (const auto& id : {metadata(), data()}) {
    std::atomic<int> won = 0, lost = 0, winner = -1;
    in_threads(8, [&](int i) {
      const auto made = store().write(id, {.absent = true, .data = std::to_string(i)});
      if (made.ok()) winner = i;
      (made.ok() ? won : lost) += made.ok() || code_of(made) == ErrorCode::kAlreadyExists ? 1 : 99;
    });
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 7);
    EXPECT_EQ(*store().read(id, 0, 10), std::to_string(winner));
  }
}

TEST_P(ObjectStoreContract, NoGuardedCountIsLost) {
  const auto id = metadata();
  ASSERT_TRUE(store().write(id, {.omap_set = {{"n", "0"}}}).ok());
  std::atomic<int> conflicts = 0;
  in_threads(4, [&](int) {
    for (int done = 0; done < 10;) {
      const std::string seen = store().omap_get(id, {"n"})->entries.at("n");
      const std::string next = std::to_string(std::stoi(seen) + 1);
      const auto changed =
          store().write(id, {.omap_equals = {{"n", seen}}, .omap_set = {{"n", next}}});
      if (changed.ok()) ++done;
      if (!changed.ok()) {
        ++conflicts;
        ASSERT_EQ(code_of(changed), ErrorCode::kConflict) << changed.error().message;
      }
    }
  });
  EXPECT_EQ(store().omap_get(id, {"n"})->entries.at("n"), "40");
}

TEST_P(ObjectStoreContract, NoCountGuardedByTheVersionIsLost) {
  for (const auto& id : {metadata(), data()}) {
    ASSERT_TRUE(store().write(id, {.data = "0"}).ok());
    in_threads(4, [&](int) {
      for (int done = 0; done < 5;) {
        // The version first: when it still holds, so does what was read after it.
        const auto version = store().stat(id)->version;
        const std::string next = std::to_string(std::stoi(*store().read(id, 0, 10)) + 1);
        const auto changed = store().write(id, {.version = version, .data = next});
        if (changed.ok()) {
          ++done;
        } else {
          ASSERT_EQ(code_of(changed), ErrorCode::kConflict) << changed.error().message;
        }
      }
    });
    EXPECT_EQ(*store().read(id, 0, 10), "20");
  }
}

TEST_P(ObjectStoreContract, ReadersNeverSeeHalfAChange) {
  for (const auto& id : {metadata(), data()}) {
    const bool has_map = id.pool == storage::Pool::kMetadata;
    const auto value = [](int i) { return std::string(20'000, static_cast<char>('a' + i % 26)); };
    const auto change = [&](int i) {
      ObjectWrite written{.data = value(i)};
      if (has_map) written.omap_set = {{"a", value(i)}, {"b", value(i)}};
      return written;
    };
    ASSERT_TRUE(store().write(id, change(0)).ok());
    std::atomic<bool> over = false;
    std::jthread writer([&] {
      for (int i = 1; i < 40; ++i) EXPECT_TRUE(store().write(id, change(i)).ok());
      over = true;
    });
    while (!over) {
      const auto bytes = store().read(id, 0, 100'000);
      ASSERT_TRUE(bytes.ok()) << bytes.error().message;
      ASSERT_EQ(*bytes, std::string(20'000, bytes->at(0)));
      if (!has_map) continue;
      const auto page = store().omap_get(id, {"a", "b"});
      ASSERT_EQ(page->entries.at("a"), page->entries.at("b"));
    }
  }
}

TEST_P(ObjectStoreContract, WhatWasAnsweredIsSeenByAll) {
  in_threads(4, [&](int i) {
    for (int n = 0; n < 15; ++n) {
      const std::string text = std::to_string(i) + "." + std::to_string(n);
      for (const auto& id : {metadata("m" + std::to_string(i)), data("d" + std::to_string(i))}) {
        ASSERT_TRUE(store().write(id, {.data = text}).ok());
        ASSERT_EQ(*store().read(id, 0, 100), text);
      }
    }
  });
}

TEST_P(ObjectStoreContract, MoreThanTheBoundIsTakenAndAnswered) {
  constexpr std::size_t kMany = 3000;
  Tally answered;
  std::atomic<int> failed = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    store().write(metadata("o" + std::to_string(i % 50)), {.omap_set = {{std::to_string(i), "v"}}},
                  [&](base::Result<ObjectVersion> r) {
                    if (!r.ok()) ++failed;
                    answered.add();
                  });
  }
  ASSERT_TRUE(answered.reaches(kMany));
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(store().omap_list(metadata("o0"), "", "", 1000)->entries.size(), kMany / 50);
}

TEST_P(ObjectStoreContract, AnAnswerMayStartManyMore) {
  constexpr std::size_t kMany = 1200;
  Tally answered;
  store().write(metadata(), {.data = "first"}, [&](base::Result<ObjectVersion> first) {
    EXPECT_TRUE(first.ok());
    for (std::size_t i = 0; i < kMany; ++i) {
      store().read(metadata(), 0, 10, [&](base::Result<std::string> read) {
        EXPECT_TRUE(read.ok());
        store().stat(metadata(), [&](base::Result<storage::ObjectStat> stat) {
          EXPECT_TRUE(stat.ok());
          answered.add();
        });
      });
    }
  });
  EXPECT_TRUE(answered.reaches(kMany));
}

TEST_P(ObjectStoreContract, AWatchHearsWhatItsObjectIsTold) {
  ASSERT_TRUE(store().write(metadata(), {}).ok());
  ASSERT_TRUE(store().write(metadata("other"), {}).ok());
  std::mutex mutex;
  std::vector<std::string> texts;
  Tally heard;
  auto watch = store().watch(
      metadata(),
      [&](std::string_view text) {
        const std::lock_guard lock(mutex);
        texts.emplace_back(text);
        heard.add();
      },
      [] {});
  ASSERT_TRUE(watch.ok()) << watch.error().message;
  Tally others;
  auto second = store().watch(metadata(), [&](std::string_view) { others.add(); }, [] {});
  ASSERT_TRUE(second.ok());
  store().notify(metadata("other"), "not for this one");
  store().notify(metadata("none"), "for nobody");
  const std::string odd("\0\xff odd", 6);
  store().notify(metadata(), odd);
  ASSERT_TRUE(heard.reaches(1));
  ASSERT_TRUE(others.reaches(1));
  store().notify(metadata(), "");
  ASSERT_TRUE(heard.reaches(2));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(texts, (std::vector<std::string>{odd, ""}));
}

TEST_P(ObjectStoreContract, AWatchThatIsGoneHearsNothing) {
  ASSERT_TRUE(store().write(metadata(), {}).ok());
  std::atomic<bool> gone = false;
  Tally heard, other;
  auto stays = store().watch(metadata(), [&](std::string_view) { other.add(); }, [] {});
  for (std::size_t i = 1; i <= 20; ++i) {
    auto handler_alive = std::make_shared<int>(0);
    auto watch = store().watch(
        metadata(), [&, kept = handler_alive](std::string_view) { heard.add(); }, [] {});
    ASSERT_TRUE(watch.ok()) << watch.error().message;
    for (int n = 0; n < 5; ++n) store().notify(metadata(), "x");
    *watch = nullptr;
  }
  ASSERT_TRUE(other.reaches(100));
}

TEST_P(ObjectStoreContract, WhatIsNotThereCannotBeWatched) {
  EXPECT_EQ(code_of(store().watch(metadata("none"), [](auto) {}, [] {})), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, AHandlerMayAskTheStore) {
  ASSERT_TRUE(store().write(metadata(), {.data = "x"}).ok());
  Tally read;
  auto watch = store().watch(
      metadata(),
      [&](std::string_view) {
        store().read(metadata(), 0, 1, [&](base::Result<std::string> bytes) {
          EXPECT_EQ(*bytes, "x");
          read.add();
        });
      },
      [] {});
  ASSERT_TRUE(watch.ok());
  store().notify(metadata(), "look");
  EXPECT_TRUE(read.reaches(1));
}

}  // namespace
}  // namespace storage_objects
