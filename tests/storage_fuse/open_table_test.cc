#include "open_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace storage_fuse {
namespace {

struct Killed {};

// The kernel's backing files; the process may be killed before or after any call.
class FakeKernel final : public BackingFiles {
 public:
  std::optional<std::int32_t> add(int) override {
    maybe_die();
    if (refuses) return std::nullopt;
    registered.insert(++last);
    maybe_die();
    return last;
  }
  void remove(std::int32_t id) override {
    maybe_die();
    registered.erase(id);
    maybe_die();
  }

  std::set<std::int32_t> registered;
  std::int32_t last = 0;
  bool refuses = false;
  int calls_to_live = -1;  // < 0: for ever

 private:
  void maybe_die() {
    if (calls_to_live == 0) throw Killed{};
    if (calls_to_live > 0) --calls_to_live;
  }
};

struct Free {
  void operator()(void* at) const { std::free(at); }
};

class OpenTableTest : public testing::Test {
 protected:
  // Zeroes, as a fresh memfd, and as little of it touched.
  std::unique_ptr<StateLayout, Free> state_{
      static_cast<StateLayout*>(std::calloc(1, sizeof(StateLayout)))};
  FakeKernel kernel_;
};

TEST_F(OpenTableTest, AllOpensOfANodeShareOneBackingFileAndTheLastReleaseGivesItBack) {
  OpenTable table(*state_, kernel_);
  const auto first = table.add(7, 2, false, 100);
  const auto second = table.add(7, 4, false, 101);
  EXPECT_TRUE(first.counted);
  EXPECT_EQ(first.backing_id, second.backing_id);
  EXPECT_EQ(kernel_.registered.size(), 1U);
  table.remove(7, 6, false);
  EXPECT_EQ(kernel_.registered.size(), 1U);
  table.remove(7, 8, false);
  EXPECT_TRUE(kernel_.registered.empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(OpenTableTest, WhatIsOpenByTheCacheStaysSoWhileAnybodyHasItOpen) {
  OpenTable table(*state_, kernel_);
  EXPECT_EQ(table.add(7, 2, false, -1).backing_id, 0);
  EXPECT_EQ(table.add(7, 4, false, 100).backing_id, 0);
  table.remove(7, 6, false);
  table.remove(7, 8, false);
  EXPECT_NE(table.add(7, 10, false, 100).backing_id, 0);
}

TEST_F(OpenTableTest, WhereTheKernelRefusesFilesGoByTheCache) {
  kernel_.refuses = true;
  OpenTable table(*state_, kernel_);
  const auto open = table.add(7, 2, false, 100);
  EXPECT_TRUE(open.counted);
  EXPECT_EQ(open.backing_id, 0);
}

TEST_F(OpenTableTest, ASuccessorGoesOnWithTheSameIds) {
  const auto before = OpenTable(*state_, kernel_).add(7, 2, false, 100);
  OpenTable successor(*state_, kernel_);
  EXPECT_EQ(successor.add(7, 4, false, 101).backing_id, before.backing_id);
  EXPECT_EQ(successor.size(), 1U);
}

TEST_F(OpenTableTest, ARequestThatComesTwiceIsCountedOnce) {
  OpenTable(*state_, kernel_).add(7, 2, false, 100);
  OpenTable successor(*state_, kernel_);
  successor.add(7, 2, true, 100);
  successor.add(7, 4, false, 100);
  successor.remove(7, 6, false);
  OpenTable another(*state_, kernel_);
  another.remove(7, 6, true);
  EXPECT_EQ(another.size(), 1U);
  another.remove(7, 8, false);
  EXPECT_EQ(another.size(), 0U);
}

TEST_F(OpenTableTest, ReleasesOfWhatNobodyOpenedDoNoHarm) {
  OpenTable table(*state_, kernel_);
  table.remove(9, 2, false);
  EXPECT_EQ(table.size(), 0U);
}

// Opens and releases at random, killed at random, the request that was under way coming again: no
// id is lost, none is given up too early.
TEST_F(OpenTableTest, NoIdIsLostOrGivenUpWhereverTheProcessIsKilled) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<NodeId, int> opens;
  auto table = std::make_unique<OpenTable>(*state_, kernel_);
  std::uint64_t unique = 0;
  for (int i = 0; i < 20000; ++i) {
    const NodeId node = 1 + random() % 5;
    const bool open = opens[node] == 0 || random() % 2 == 0;
    unique += 2;
    kernel_.calls_to_live = random() % 10 == 0 ? static_cast<int>(random() % 3) : -1;
    for (bool resent = false;; resent = true) {
      try {
        if (!table) table = std::make_unique<OpenTable>(*state_, kernel_);
        if (open) {
          ASSERT_NE(table->add(node, unique, resent, 100).backing_id, 0);
        } else {
          table->remove(node, unique, resent);
        }
        break;
      } catch (const Killed&) {
        table.reset();
        kernel_.calls_to_live = -1;
      }
    }
    opens[node] += open ? 1 : -1;
    kernel_.calls_to_live = -1;
    if (random() % 50 == 0) table = std::make_unique<OpenTable>(*state_, kernel_);
    std::size_t open_nodes = 0;
    for (const auto& [one, count] : opens) open_nodes += count > 0 ? 1 : 0;
    ASSERT_EQ(table->size(), open_nodes);
    ASSERT_EQ(kernel_.registered.size(), open_nodes);
  }
}

}  // namespace
}  // namespace storage_fuse
