// Everything that OpenWhisk's Ansible role hands to an invoker, at once.
#include <gtest/gtest.h>

#include "world.h"

namespace {

const std::map<std::string, std::string>& ansible() {
  static const std::map<std::string, std::string> all = {
      {"JAVA_OPTS",
       "-Xmx2g -XX:+CrashOnOutOfMemoryError -XX:+UseGCOverheadLimit "
       "-XX:ErrorFile=/logs/java_error.log"},
      {"INVOKER_OPTS", ""},
      {"JMX_REMOTE", "false"},
      {"OPENWHISK_ENCODED_CONFIG", "aW5jbHVkZSBjbGFzc3BhdGgoImFwcGxpY2F0aW9uLmNvbmYiKQo="},
      {"PORT", "8080"},
      {"TZ", "UTC"},
      {"KAFKA_HOSTS", "172.17.0.1:9093"},
      {"ZOOKEEPER_HOSTS", "172.17.0.1:2181"},
      {"CONFIG_whisk_kafka_replicationFactor", "1"},
      {"CONFIG_whisk_kafka_topics_invoker_retentionBytes", "104857600"},
      {"CONFIG_whisk_kafka_topics_invoker_retentionMs", "300000"},
      {"CONFIG_whisk_kakfa_topics_invoker_segmentBytes", "536870912"},
      {"CONFIG_whisk_kafka_topics_prefix", ""},
      {"CONFIG_whisk_kafka_topics_userEvent_prefix", ""},
      {"CONFIG_whisk_kafka_common_securityProtocol", "PLAINTEXT"},
      {"CONFIG_whisk_kafka_common_sslTruststoreLocation", "/conf/kafka-truststore.jks"},
      {"CONFIG_whisk_kafka_common_sslTruststorePassword", "openwhisk"},
      {"CONFIG_whisk_kafka_common_sslKeystoreLocation", "/conf/kafka-keystore.jks"},
      {"CONFIG_whisk_kafka_common_sslKeystorePassword", "openwhisk"},
      {"CONFIG_whisk_userEvents_enabled", "false"},
      {"CONFIG_whisk_couchdb_protocol", "http"},
      {"CONFIG_whisk_couchdb_host", "172.17.0.1"},
      {"CONFIG_whisk_couchdb_port", "5984"},
      {"CONFIG_whisk_couchdb_username", "whisk_local_invoker0"},
      {"CONFIG_whisk_couchdb_password", "secret"},
      {"CONFIG_whisk_couchdb_provider", "CouchDB"},
      {"CONFIG_whisk_couchdb_databases_WhiskAuth", "whisk_local_subjects"},
      {"CONFIG_whisk_couchdb_databases_WhiskEntity", "whisk_local_whisks"},
      {"CONFIG_whisk_couchdb_databases_WhiskActivation", "whisk_local_activations"},
      {"DB_WHISK_ACTIONS", "whisk_local_whisks"},
      {"DB_WHISK_ACTIVATIONS", "whisk_local_activations"},
      {"DB_WHISK_AUTHS", "whisk_local_subjects"},
      {"CONFIG_whisk_db_subjectsDdoc", "subjects.v2.0.0"},
      {"CONFIG_whisk_db_actionsDdoc", "whisks.v2.1.0"},
      {"CONFIG_whisk_db_activationsDdoc", "whisks.v2.1.0"},
      {"CONFIG_whisk_db_activationsFilterDdoc", "whisks-filters.v2.1.1"},
      {"WHISK_API_HOST_PROTO", "https"},
      {"WHISK_API_HOST_PORT", "443"},
      {"WHISK_API_HOST_NAME", "172.17.0.1"},
      {"CONFIG_whisk_containerFactory_runtimesRegistry_url", ""},
      {"CONFIG_whisk_containerFactory_userImagesRegistry_url", ""},
      {"RUNTIMES_MANIFEST", kManifest},
      {"CONFIG_whisk_runtimes_bypassPullForLocalImages", "true"},
      {"CONFIG_whisk_runtimes_localImagePrefix", "whisk"},
      {"CONFIG_whisk_containerFactory_containerArgs_network", "bridge"},
      {"INVOKER_CONTAINER_POLICY", ""},
      {"CONFIG_whisk_containerPool_userMemory", "2048m"},
      {"CONFIG_whisk_containerPool_userCpus", ""},
      {"CONFIG_whisk_containerPool_pekkoClient", "true"},
      {"CONFIG_whisk_containerPool_prewarmExpirationCheckInitDelay", "10 minutes"},
      {"CONFIG_whisk_containerPool_prewarmExpirationCheckInterval", "10 minutes"},
      {"CONFIG_whisk_containerPool_prewarmExpirationCheckIntervalVariance", "10 seconds"},
      {"CONFIG_whisk_containerPool_prewarmPromotion", "false"},
      {"CONFIG_whisk_containerPool_prewarmMaxRetryLimit", "5"},
      {"CONFIG_whisk_containerPool_memorySyncInterval", "1 second"},
      {"CONFIG_whisk_containerPool_batchDeletionSize", "10"},
      {"CONFIG_whisk_docker_client_parallelRuns", ""},
      {"CONFIG_whisk_docker_containerFactory_useRunc", "true"},
      {"WHISK_LOGS_DIR", "/tmp/wsklogs"},
      {"METRICS_KAMON", "false"},
      {"METRICS_KAMON_TAGS", "false"},
      {"METRICS_LOG", "false"},
      {"CONFIG_kamon_statsd_hostname", ""},
      {"CONFIG_kamon_statsd_port", "8125"},
      {"CONFIG_whisk_spi_LogStoreProvider",
       "org.apache.openwhisk.core.containerpool.logging.DockerToActivationLogStoreProvider"},
      {"CONFIG_whisk_spi_InvokerProvider", "org.apache.openwhisk.core.invoker.InvokerReactive"},
      {"CONFIG_whisk_spi_InvokerServerProvider",
       "org.apache.openwhisk.core.invoker.DefaultInvokerServer"},
      {"CONFIG_logback_log_level", "INFO"},
      {"CONFIG_whisk_memory_min", ""},
      {"CONFIG_whisk_memory_max", ""},
      {"CONFIG_whisk_memory_std", ""},
      {"CONFIG_whisk_timeLimit_min", "100 ms"},
      {"CONFIG_whisk_timeLimit_max", "5 m"},
      {"CONFIG_whisk_timeLimit_std", "1 m"},
      {"CONFIG_whisk_concurrencyLimit_min", "1"},
      {"CONFIG_whisk_concurrencyLimit_max", "500"},
      {"CONFIG_whisk_concurrencyLimit_std", "1"},
      {"CONFIG_whisk_namespaceDefaultLimit_memory_min", ""},
      {"CONFIG_whisk_activation_payload_max", "1048576"},
      {"CONFIG_whisk_transactions_header", "X-Request-ID"},
      {"CONFIG_whisk_invoker_protocol", "https"},
      {"CONFIG_whisk_invoker_https_keystorePath", "/conf/invoker-openwhisk-keystore.p12"},
      {"CONFIG_whisk_invoker_https_keystorePassword", "openwhisk"},
      {"CONFIG_whisk_invoker_https_keystoreFlavor", "PKCS12"},
      {"CONFIG_whisk_invoker_https_clientAuth", "true"},
      {"CONFIG_whisk_invoker_resource_tags", "''"},
      {"CONFIG_whisk_invoker_dedicated_namespaces", "''"},
      {"CONFIG_whisk_invoker_username", "invoker.user"},
      {"CONFIG_whisk_invoker_password", "invoker.pass"},
      {"CONFIG_whisk_containerProxy_timeouts_idleContainer", "10 minutes"},
      {"CONFIG_whisk_containerProxy_timeouts_pauseGrace", "10 seconds"},
      {"CONFIG_whisk_containerProxy_timeouts_keepingDuration", "10 minutes"},
      {"CONFIG_whisk_cluster_name", "whisk"},
      {"CONFIG_whisk_etcd_hosts", "172.17.0.1:2379"},
      {"CONFIG_whisk_etcd_lease_timeout", "10"},
      {"CONFIG_whisk_etcd_pool_threads", "10"},
      {"CONFIG_whisk_scheduler_dataManagementService_retryInterval", "1 second"},
      {"CONFIG_whisk_invoker_containerCreation_maxPeek", "500"},
  };
  return all;
}

World as_ansible() {
  World world;
  world.environment = ansible();
  world.arguments = {"--id", "0", "--uniqueName", "0"};
  return world;
}

TEST(Ansible, TheWholeEnvironmentIsUnderstood) {
  const auto settings = as_ansible().settings();
  EXPECT_EQ(settings.pool.memory_bytes, 2'147'483'648);
  EXPECT_EQ(settings.kafka.topic.at("retention.ms"), "300000");
  EXPECT_EQ(settings.limits.system.concurrency.max, 500);
  EXPECT_EQ(settings.server.keystore_path, "/conf/invoker-openwhisk-keystore.p12");
  EXPECT_TRUE(settings.identity.tags.empty());
  EXPECT_EQ(settings.api_host, "https://172.17.0.1");
}

TEST(Ansible, NothingOfItIsUnknown) {
  const auto started = as_ansible().start().value();
  for (const std::string& notice : started.notices) {
    EXPECT_TRUE(notice.starts_with("not used: ")) << notice;
  }
}

TEST(Ansible, EveryVariableIsUsedOrSaidNotToBe) {
  const auto started = as_ansible().start().value();
  std::string said = started.description;
  for (const std::string& notice : started.notices) said += notice + "\n";
  for (const auto& [name, value] : ansible()) {
    // What is empty is not set; these are looked into, and say nothing by themselves.
    if (value.empty() || value == "''" || name == "TZ" || name == "JAVA_OPTS" ||
        name == "OPENWHISK_ENCODED_CONFIG") {
      continue;
    }
    EXPECT_NE(said.find(name), std::string::npos) << name;
  }
}

}  // namespace
