#include <gtest/gtest.h>

#include "broker.h"

namespace kafka_testing {
namespace {

using base::ErrorCode;
using invoker_kafka::Kafka;
using invoker_kafka::KafkaConfig;

class KafkaSettings : public testing::Test {
 protected:
  base::Result<std::unique_ptr<Kafka>> open(KafkaConfig config) {
    if (config.hosts.empty()) config.hosts = "127.0.0.1:1";
    return Kafka::open(config, log);
  }
  base::SystemClock clock;
  Lines lines;
  base::Logger log{lines, clock};
};

TEST_F(KafkaSettings, AreTakenAsOpenWhiskAndJavaSpellThem) {
  KafkaConfig config;
  config.common = {{"security-protocol", "PLAINTEXT"},
                   {"ssl-endpoint-identification-algorithm", ""}};
  config.consumer = {{"session-timeout-ms", "30000"},  {"heartbeat-interval-ms", "10000"},
                     {"enable-auto-commit", "false"},  {"auto-offset-reset", "earliest"},
                     {"request-timeout-ms", "30000"},  {"max-poll-interval-ms", "1800000"},
                     {"fetch-max-wait-ms", "500"},     {"max.poll.records", "8"},
                     {"metadata-max-age-ms", "15000"}, {"receive.buffer.bytes", "65536"}};
  config.producer = {{"acks", "1"},
                     {"request-timeout-ms", "30000"},
                     {"metadata-max-age-ms", "15000"},
                     {"max-request-size", "1054644"},
                     {"buffer-memory", "33554432"}};
  const auto kafka = open(config);
  ASSERT_TRUE(kafka.ok()) << kafka.error().message;
  EXPECT_EQ(lines.count("is not used"), 0u);
  EXPECT_TRUE((*kafka)->consumer({"topic", ""}).ok());
  EXPECT_TRUE((*kafka)->producer().ok());
}

TEST_F(KafkaSettings, ThatNobodyKnowsAreNamedOnce) {
  KafkaConfig config;
  config.common = {{"no-such-setting", "1"}};
  config.consumer = {{"interceptor-classes", "x.y.Z"}};
  const auto kafka = open(config);
  ASSERT_TRUE(kafka.ok()) << kafka.error().message;
  EXPECT_TRUE((*kafka)->consumer({"topic", ""}).ok());
  EXPECT_TRUE((*kafka)->producer().ok());
  EXPECT_EQ(lines.count("whisk.kafka.common.no-such-setting is not used"), 1u);
  EXPECT_EQ(lines.count("whisk.kafka.consumer.interceptor-classes is not used"), 1u);
  EXPECT_EQ(lines.count("is not used"), 2u);
}

TEST_F(KafkaSettings, WithImpossibleValuesAreRefused) {
  KafkaConfig common;
  common.common = {{"security.protocol", "CARRIER-PIGEON"}};
  KafkaConfig consumer;
  consumer.consumer = {{"session.timeout.ms", "soon"}};
  KafkaConfig producer;
  producer.producer = {{"buffer.memory", "much"}};
  for (const KafkaConfig& config : {common, consumer, producer}) {
    const auto kafka = open(config);
    ASSERT_FALSE(kafka.ok());
    EXPECT_EQ(kafka.error().code, ErrorCode::kInvalidArgument) << kafka.error().message;
  }
}

TEST_F(KafkaSettings, WithoutHostsAreRefused) {
  const auto kafka = Kafka::open({}, log);
  ASSERT_FALSE(kafka.ok());
  EXPECT_EQ(kafka.error().code, ErrorCode::kInvalidArgument);
}

// Deployments name the stores always, and do not put them there.
TEST_F(KafkaSettings, OfStoresDoNotMatterWithoutEncryption) {
  KafkaConfig config;
  config.common = {{"security.protocol", "PLAINTEXT"},
                   {"ssl.truststore.location", "/conf/missing"},
                   {"ssl.truststore.password", "x"},
                   {"ssl.keystore.location", "/conf/missing"},
                   {"ssl.keystore.password", "x"}};
  EXPECT_TRUE(open(config).ok());
  config.common["security.protocol"] = "SSL";
  const auto kafka = open(config);
  ASSERT_FALSE(kafka.ok());
  EXPECT_EQ(kafka.error().code, ErrorCode::kNotFound) << kafka.error().message;
}

TEST_F(KafkaSettings, OfAWrongAddressLeadToAnErrorThatNamesIt) {
  const World world("127.0.0.1:1");
  const auto consumer = open_consumer(world, "topic");
  base::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i)
    if (auto batch = consumer->peek(1, std::chrono::milliseconds(50)); !batch.ok())
      status = batch.error();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(status.error().message.find("127.0.0.1:1"), std::string::npos)
      << status.error().message;
}

}  // namespace
}  // namespace kafka_testing
