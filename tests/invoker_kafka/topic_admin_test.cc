#include <gtest/gtest.h>

#include "broker.h"
#include "testing/services.h"
#include "topic_reader.h"

namespace kafka_testing {
namespace {

using base::ErrorCode;

class KafkaTopicAdmin : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("kafka");
    address = testing_services::address_of("kafka");
    world.emplace(address);
    admin = world->kafka->topic_admin();
  }
  std::string address;
  std::optional<World> world;
  std::unique_ptr<invoker::TopicAdmin> admin;
};

const std::map<std::string, std::string> kInvokerTopic = {{"segment.bytes", "536870912"},
                                                          {"retention.bytes", "1073741824"},
                                                          {"retention.ms", "172800000"},
                                                          {"max.message.bytes", "1054644"}};

TEST_F(KafkaTopicAdmin, MakesATopicWithItsSettings) {
  const invoker::TopicSpec topic{unique_name("made"), 2, 1, kInvokerTopic};
  ASSERT_TRUE(admin->ensure_topic(topic).ok());
  const TopicFacts facts = read_topic(address, topic.name);
  EXPECT_EQ(facts.partitions, 2);
  for (const auto& [name, value] : kInvokerTopic) EXPECT_EQ(facts.settings.at(name), value) << name;
}

TEST_F(KafkaTopicAdmin, LeavesATopicThatIsThereAsItIs) {
  const std::string name = unique_name("kept");
  ASSERT_TRUE(admin->ensure_topic({name, 1, 1, {{"retention.ms", "1000000"}}}).ok());
  ASSERT_TRUE(admin->ensure_topic({name, 5, 1, {{"retention.ms", "2000000"}}}).ok());
  const TopicFacts facts = read_topic(address, name);
  EXPECT_EQ(facts.partitions, 1);
  EXPECT_EQ(facts.settings.at("retention.ms"), "1000000");
}

TEST_F(KafkaTopicAdmin, RefusesASettingThatTheBrokerDoesNotTake) {
  for (const std::map<std::string, std::string>& settings :
       {std::map<std::string, std::string>{{"retention.ms", "soon"}},
        std::map<std::string, std::string>{{"no.such.setting", "1"}}}) {
    const auto status = admin->ensure_topic({unique_name("bad"), 1, 1, settings});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << status.error().message;
  }
}

TEST_F(KafkaTopicAdmin, RefusesANameAndNumbersThatCannotBe) {
  for (const invoker::TopicSpec& topic : {invoker::TopicSpec{"no good/name", 1, 1, {}},
                                          invoker::TopicSpec{unique_name("p"), 0, 1, {}},
                                          invoker::TopicSpec{unique_name("r"), 1, 3, {}}}) {
    const auto status = admin->ensure_topic(topic);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << status.error().message;
  }
}

TEST_F(KafkaTopicAdmin, CanBeReadFromAtOnce) {
  Sender sender(*world);
  const std::string topic = make_topic(*world, "at-once");
  const auto consumer = open_consumer(*world, topic);
  EXPECT_TRUE(sender.send(topic, "x").ok());
  EXPECT_EQ(read(*consumer, 1).size(), 1u);
}

}  // namespace
}  // namespace kafka_testing
