#include "invoker_zookeeper/id_assignment.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "testing/services.h"
#include "tree.h"

namespace zookeeper_testing {
namespace {

using base::ErrorCode;
using invoker_zookeeper::assign_id;
using invoker_zookeeper::IdRequest;
using namespace std::string_literals;

const std::string kMapping = "/invokers/idAssignment/mapping/";
const std::string kCounter = "/invokers/idAssignment/counter";

class IdAssignment : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("zookeeper");
    tree.emplace(testing_services::address_of("zookeeper"));
  }
  base::Result<std::int32_t> assign(const std::string& name, std::optional<std::int32_t> id = {}) {
    return assign_id({tree->hosts(), name, id});
  }
  std::int32_t id_of(const std::string& name, std::optional<std::int32_t> id = {}) {
    const auto assigned = assign(name, id);
    EXPECT_TRUE(assigned.ok()) << assigned.error().message;
    return assigned.ok() ? *assigned : -1;
  }
  std::optional<Tree> tree;
};

TEST_F(IdAssignment, CountsFromZeroAndRemembers) {
  EXPECT_EQ(id_of("a"), 0);
  EXPECT_EQ(id_of("b"), 1);
  EXPECT_EQ(id_of("a"), 0);
  EXPECT_EQ(id_of("c"), 2);
}

TEST_F(IdAssignment, WritesWhatOpenWhiskReads) {
  id_of("a");
  id_of("b");
  EXPECT_EQ(tree->bytes_at(kMapping + "a"), "\0"s);
  EXPECT_EQ(tree->bytes_at(kMapping + "b"), "\x01"s);
  EXPECT_EQ(tree->bytes_at(kCounter), "\0\0\0\x02"s);
}

TEST_F(IdAssignment, ReadsWhatOpenWhiskWrote) {
  tree->put(kMapping + "invoker-0", "\x01\x2c"s);
  EXPECT_EQ(id_of("invoker-0"), 300);
}

// Version 1.0 took the counter as the id; what counts now is how many there are.
TEST_F(IdAssignment, TakesTheNumberOfNamesAsTheNextId) {
  tree->put(kCounter, "\0\0\0\x09"s);
  tree->put(kMapping + "a", "\0"s);
  EXPECT_EQ(id_of("b"), 1);
  EXPECT_EQ(tree->bytes_at(kCounter), "\0\0\0\x02"s);
}

TEST_F(IdAssignment, GivesNoIdTwiceAfterAnOverwrite) {
  id_of("a");
  id_of("b");
  EXPECT_EQ(id_of("a", 2), 2);
  // Two names, so OpenWhisk would give 2 again.
  EXPECT_EQ(id_of("c"), 0);
}

TEST_F(IdAssignment, OverwritesAnIdAndTakesItFromAnother) {
  id_of("a");
  id_of("b");
  EXPECT_EQ(id_of("c", 0), 0);
  EXPECT_EQ(tree->bytes_at(kMapping + "a"), std::nullopt);
  EXPECT_EQ(id_of("c"), 0);
  EXPECT_EQ(id_of("b"), 1);
}

TEST_F(IdAssignment, OverwritesTheFirstIdOfAll) { EXPECT_EQ(id_of("a", 0), 0); }

TEST_F(IdAssignment, RefusesAnOverwriteThatLeavesAGap) {
  id_of("a");
  const auto id = assign("b", 2);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument) << id.error().message;
  EXPECT_EQ(id_of("b", 1), 1);
}

TEST_F(IdAssignment, GivesThoseThatAskAtOnceDifferentIds) {
  constexpr int kCount = 12;
  std::vector<std::int32_t> ids(kCount, -1);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCount; ++i)
      threads.emplace_back(
          [&, i] { ids[static_cast<std::size_t>(i)] = id_of("name-" + std::to_string(i)); });
  }
  const std::set<std::int32_t> different(ids.begin(), ids.end());
  EXPECT_EQ(different.size(), static_cast<std::size_t>(kCount));
  EXPECT_EQ(*different.begin(), 0);
  EXPECT_EQ(*different.rbegin(), kCount - 1);
}

TEST_F(IdAssignment, GivesThoseThatAskAtOnceForOneNameTheSameId) {
  std::vector<std::int32_t> ids(6, -1);
  {
    std::vector<std::jthread> threads;
    for (std::int32_t& id : ids) threads.emplace_back([&] { id = id_of("one"); });
  }
  EXPECT_EQ(ids, std::vector<std::int32_t>(6, 0));
}

TEST_F(IdAssignment, SaysThatWhatIsThereIsNoId) {
  for (const auto& [name, bytes] : {std::pair{"empty", ""s}, std::pair{"negative", "\xff"s},
                                    std::pair{"long", std::string(1'000, '1')}}) {
    tree->put(kMapping + name, bytes);
    const auto id = assign(name);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.error().code, ErrorCode::kDataLoss) << id.error().message;
  }
}

TEST_F(IdAssignment, SaysThatTheRootIsMissing) {
  const auto id = assign_id({tree->hosts() + "/missing", "a", {}});
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument) << id.error().message;
}

TEST(IdAssignmentRequest, WithBadHostsOrNameIsRefused) {
  for (const IdRequest& request :
       {IdRequest{"", "a", {}}, IdRequest{":2181", "a", {}}, IdRequest{"host:", "a", {}},
        IdRequest{"127.0.0.1:1", "", {}}, IdRequest{"127.0.0.1:1", "a/b", {}},
        IdRequest{"127.0.0.1:1", "..", {}}, IdRequest{"127.0.0.1:1", "a\nb", {}},
        IdRequest{"127.0.0.1:1", "a", -1}}) {
    const auto id = assign_id(request);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument) << id.error().message;
  }
}

TEST(IdAssignmentWithoutZooKeeper, EndsWhenTheTimeIsOver) {
  const auto id = assign_id({"127.0.0.1:1", "a", {}, std::chrono::milliseconds(200)});
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(id.error().message.find("127.0.0.1:1"), std::string::npos) << id.error().message;
}

}  // namespace
}  // namespace zookeeper_testing
