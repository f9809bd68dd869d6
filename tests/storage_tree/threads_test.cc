// Many threads on one tree, and on several, with a store that answers on its own threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

constexpr int kThreads = 8;
constexpr int kCommits = 25;  // of each thread

class ThreadsTest : public testing::Test {
 protected:
  std::unique_ptr<Tree> open(const std::string& session) {
    Options how = options(session);
    how.pause = nullptr;  // really waits, for less than a millisecond mostly
    how.lease = std::chrono::hours(1);
    auto tree = Tree::open(store_, "v", clock_, how);
    EXPECT_TRUE(tree.ok());
    return *std::move(tree);
  }

  FakeClock clock_;
  MemoryObjectStore store_{MemoryObjectStore::Answers::kOnThread};
};

void in_threads(const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
}

TEST_F(ThreadsTest, CommitsThatWaitTogetherAreWrittenTogetherAndAllSucceed) {
  const auto tree = open("node");
  const auto writes = store_.count(MemoryObjectStore::Kind::kWrite);
  in_threads([&](int thread) {
    for (int i = 0; i < kCommits; ++i) {
      const std::string name = "t" + std::to_string(thread) + "-" + std::to_string(i);
      Attempt attempt(*tree, name);
      attempt.make(name, "x");
      EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
    }
  });
  const auto stat = tree->stat();
  EXPECT_EQ(stat->head, static_cast<CommitNumber>(kThreads * kCommits));
  EXPECT_LT(store_.count(MemoryObjectStore::Kind::kWrite) - writes,
            static_cast<std::size_t>(kThreads * kCommits));
  const auto report = tree->fsck(false);
  EXPECT_TRUE(report.ok() && report->clean());
  EXPECT_EQ(report->files, static_cast<std::uint64_t>(kThreads * kCommits));
}

TEST_F(ThreadsTest, ACounterThatManyIncrementIsExact) {
  std::vector<std::unique_ptr<Tree>> trees;
  for (int i = 0; i < 3; ++i) trees.push_back(open("node" + std::to_string(i)));
  {
    Attempt attempt(*trees[0], "make");
    attempt.make("counter", "0");
    ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  }
  std::atomic<int> conflicts = 0;
  in_threads([&](int thread) {
    Tree& tree = *trees[static_cast<std::size_t>(thread) % trees.size()];
    for (int i = 0; i < kCommits;) {
      static std::atomic<int> attempts = 0;
      Attempt attempt(tree, "a" + std::to_string(++attempts));
      attempt.overwrite("counter", std::to_string(std::stoi(*attempt.text("counter")) + 1));
      const auto outcome = attempt.commit();
      if (outcome.kind == Kind::kCommitted) ++i;
      if (outcome.kind == Kind::kConflict) ++conflicts;
    }
  });
  Attempt attempt(*trees[1], "read");
  EXPECT_EQ(attempt.text("counter"), std::to_string(kThreads * kCommits));
  EXPECT_EQ(attempt.snapshot.number(), static_cast<CommitNumber>(kThreads * kCommits + 1));
  EXPECT_GT(conflicts, 0);
}

TEST_F(ThreadsTest, ReadersAndKeepersDoNotDisturbWriters) {
  const auto tree = open("node");
  std::atomic<bool> stop = false;
  std::jthread keeper([&] {
    while (!stop) {
      EXPECT_TRUE(tree->maintain().ok());
      const auto report = tree->collect();
      EXPECT_TRUE(report.ok()) << report.error().message;
    }
  });
  std::jthread reader([&] {
    while (!stop) {
      const auto snapshot = tree->begin();
      ASSERT_TRUE(snapshot.ok());
      const auto page = tree->list(*snapshot, kRootInode, "", 1000);
      ASSERT_TRUE(page.ok());
      for (const auto& [name, entry] : page->names) {
        EXPECT_TRUE(tree->read(entry.inode, entry.content, 0, entry.content.size).ok());
      }
    }
  });
  in_threads([&](int thread) {
    const std::string name = "t" + std::to_string(thread);
    for (int i = 0; i < kCommits; ++i) {
      Attempt attempt(*tree, name + "-" + std::to_string(i));
      if (i == 0) {
        attempt.store(name, std::string(20'000, 'x'));
      } else {
        attempt.remove(name);
        attempt.store(name, std::string(20'000, 'x'));
      }
      EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
    }
  });
  stop = true;
  keeper.join();
  reader.join();
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(tree->maintain().ok());
    EXPECT_TRUE(tree->collect().ok());
  }
  const auto report = tree->fsck(false);
  ASSERT_TRUE(report.ok());
  for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
  EXPECT_EQ(report->data_objects, static_cast<std::uint64_t>(kThreads));
}

}  // namespace
}  // namespace storage_tree
