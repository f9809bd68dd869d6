#include "invoker_kafka/table.h"

#include <gtest/gtest.h>

#include "broker.h"
#include "testing/services.h"
#include "topic_reader.h"

namespace kafka_testing {
namespace {

using invoker_kafka::Row;
using invoker_kafka::Table;

class KafkaTable : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("kafka");
    world.emplace(testing_services::address_of("kafka"));
    topic = make_topic(*world, "table", 1, {{"cleanup.policy", "compact"}});
  }
  std::unique_ptr<Table> open() {
    auto table = world->kafka->table(topic);
    EXPECT_TRUE(table.ok());
    return std::move(table).value();
  }
  void put(Table& table, const std::string& key, const std::optional<std::string>& value) {
    table.put(key, value);
    ASSERT_TRUE(table.flush(world->clock.now() + std::chrono::seconds(20)));
  }
  // Until `count` rows came.
  std::vector<Row> read(Table& table, std::size_t count) {
    std::vector<Row> rows;
    const auto end = world->clock.now() + std::chrono::seconds(20);
    while (rows.size() < count && world->clock.now() < end) {
      auto more = table.read(100, std::chrono::milliseconds(200));
      if (!more) continue;
      for (Row& row : *more) rows.push_back(std::move(row));
    }
    return rows;
  }
  std::optional<World> world;
  std::string topic;
};

TEST_F(KafkaTable, EverybodyReadsAllOfItAndKnowsWhatWasThereBefore) {
  const auto first = open();
  put(*first, "3", "old");
  put(*first, "4", std::string("\0x", 2));
  const auto second = open();
  const auto before = read(*second, 2);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0].key, "3");
  EXPECT_EQ(before[1].value, std::string("\0x", 2));
  EXPECT_TRUE(before[0].past && before[1].past);
  put(*first, "3", "new");
  put(*second, "4", std::nullopt);
  const auto after = read(*second, 2);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].value, "new");
  EXPECT_FALSE(after[0].past || after[1].past);
  EXPECT_EQ(after[1].key, "4");
  EXPECT_FALSE(after[1].value);
  EXPECT_EQ(read(*open(), 4).size(), 4U) << "nobody has taken anything away";
}

TEST_F(KafkaTable, TheTopicIsCompacted) {
  EXPECT_EQ(read_topic(world->config.hosts, topic).settings["cleanup.policy"], "compact");
}

}  // namespace
}  // namespace kafka_testing
