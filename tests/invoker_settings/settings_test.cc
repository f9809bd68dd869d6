// Each setting as a typed value, and what is said when it is wrong.
#include "invoker_settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "world.h"

namespace {

using invoker_settings::ContainerKind;
using invoker_settings::LogStore;
using invoker_settings::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kMebi = 1 << 20;

TEST(Settings, WithoutAnythingSetTheyAreOpenWhisks) {
  const auto settings = World().settings();
  EXPECT_EQ(settings.kafka.hosts, "10.0.0.1:9093");
  EXPECT_EQ(settings.kafka.message_bytes_max, 1'054'644);
  EXPECT_EQ(settings.kafka.topic.at("max.message.bytes"), "1054644");
  EXPECT_EQ(settings.kafka.topic.at("retention.ms"), "172800000");
  EXPECT_EQ(settings.kafka.topic.at("segment.bytes"), "536870912");
  EXPECT_EQ(settings.kafka.consumer.at("max.poll.interval.ms"), "1800000");
  EXPECT_EQ(settings.kafka.producer.at("acks"), "1");
  EXPECT_EQ(settings.kafka.common.at("security.protocol"), "PLAINTEXT");
  EXPECT_EQ(settings.pool.memory_bytes, 1024 * kMebi);
  EXPECT_EQ(settings.pool.pause_grace, milliseconds(10'000));
  EXPECT_EQ(settings.pool.idle_container, milliseconds(600'000));
  EXPECT_EQ(settings.pool.second_container_patience, milliseconds(100));
  EXPECT_EQ(settings.limits.system.timeout_ms.max, 300'000);
  EXPECT_EQ(settings.limits.system.memory_mb.max, 512);
  EXPECT_EQ(settings.limits.system.logs_mb.min, 0);
  EXPECT_EQ(settings.limits.payload_bytes_max, kMebi);
  EXPECT_EQ(settings.records.policy.blocking, invoker::StoreLevel::kAlways);
  EXPECT_EQ(settings.containers.kind, ContainerKind::kDocker);
  EXPECT_EQ(settings.containers.logs, LogStore::kRecord);
  EXPECT_EQ(settings.containers.parallel_runs, 10);
  EXPECT_EQ(settings.containers.args.network, "bridge");
  EXPECT_EQ(settings.blacklist_interval, milliseconds(300'000));
  EXPECT_EQ(settings.server.port, 8080);
  EXPECT_FALSE(settings.server.https);
  EXPECT_EQ(settings.server.username, "invoker.user");
  EXPECT_EQ(settings.server.transaction_header, "X-Request-ID");
  EXPECT_FALSE(settings.user_events);
  EXPECT_FALSE(settings.metrics.stock_names);
  EXPECT_EQ(settings.log.least, base::LogLevel::kInfo);
}

TEST(Settings, TheApiHostLosesThePortOfItsScheme) {
  EXPECT_EQ(World().settings().api_host, "https://172.17.0.1");
  EXPECT_EQ(with({{"WHISK_API_HOST_PROTO", "http"},
                  {"WHISK_API_HOST_PORT", "3233"},
                  {"WHISK_API_HOST_NAME", "API.Example"}})
                .settings()
                .api_host,
            "http://api.example:3233");
  EXPECT_EQ(
      with({{"WHISK_API_HOST_PROTO", "http"}, {"WHISK_API_HOST_PORT", "80"}}).settings().api_host,
      "http://172.17.0.1");
}

TEST(Settings, ThePatienceForASecondContainerMayBeNone) {
  EXPECT_EQ(with({{"CONFIG_larder_pool_secondContainerPatience", "0 ms"}})
                .settings()
                .pool.second_container_patience,
            milliseconds(0));
}

TEST(Settings, PythonIsForkedFromAKeptInterpreterUnlessToldOtherwise) {
  EXPECT_TRUE(World().settings().containers.python_stem);
  EXPECT_FALSE(with({{"CONFIG_larder_python_stem", "false"}}).settings().containers.python_stem);
  EXPECT_THAT(with({{"CONFIG_larder_python_stem", "perhaps"}}).fault(),
              testing::HasSubstr("larder.python.stem"));
}

TEST(Settings, VolumesAreLookedForWhereTheRoleStartsTheirDaemonUnlessToldOtherwise) {
  const auto usual = World().settings().volumes;
  EXPECT_EQ(usual.wanted, invoker_settings::VolumesWanted::kAuto);
  EXPECT_EQ(usual.socket, "/run/larder/storaged.sock");
  EXPECT_EQ(usual.patience, milliseconds(10'000));
  const auto told = with({{"CONFIG_larder_volumes", "required"},
                          {"CONFIG_larder_storaged_socket", "/run/other.sock"},
                          {"CONFIG_larder_storaged_patience", "1 s"}})
                        .settings()
                        .volumes;
  EXPECT_EQ(told.wanted, invoker_settings::VolumesWanted::kRequired);
  EXPECT_EQ(told.socket, "/run/other.sock");
  EXPECT_EQ(told.patience, milliseconds(1'000));
  EXPECT_EQ(with({{"CONFIG_larder_volumes", "none"}}).settings().volumes.wanted,
            invoker_settings::VolumesWanted::kNone);
  EXPECT_THAT(with({{"CONFIG_larder_volumes", "perhaps"}}).fault(),
              testing::HasSubstr("larder.volumes"));
}

TEST(Settings, Trap3MemoryIsHeldInBytes) {
  EXPECT_EQ(with({{"CONFIG_whisk_containerPool_userMemory", "2048m"}}).settings().pool.memory_bytes,
            2'147'483'648);
}

TEST(Settings, Trap61TheSlipOfThePenIsIgnoredAndTheRightSpellingCounts) {
  World world = with({{"CONFIG_whisk_kakfa_topics_invoker_segmentBytes", "1"},
                      {"CONFIG_whisk_kafka_topics_invoker_retentionMs", "300000"}});
  EXPECT_EQ(world.settings().kafka.topic.at("segment.bytes"), "536870912");
  EXPECT_EQ(world.settings().kafka.topic.at("retention.ms"), "300000");
  EXPECT_TRUE(world.notices("not used: CONFIG_whisk_kakfa_topics_invoker_segmentBytes ("));
  world.environment["CONFIG_whisk_kafka_topics_invoker_segmentBytes"] = "2";
  EXPECT_EQ(world.settings().kafka.topic.at("segment.bytes"), "2");
}

TEST(Settings, KafkaPropertiesPassThrough) {
  const auto kafka = with({{"CONFIG_whisk_kafka_consumer_sessionTimeoutMs", "45000"},
                           {"CONFIG_whisk_kafka_common_saslMechanism", "PLAIN"},
                           {"CONFIG_whisk_kafka_topics_prefix", "pre"},
                           {"CONFIG_whisk_kafka_topics_userEvent_prefix", "user"},
                           {"CONFIG_whisk_kafka_topics_invoker_partitions", "3"},
                           {"CONFIG_whisk_activation_payload_max", "2 m"}})
                         .settings()
                         .kafka;
  EXPECT_EQ(kafka.consumer.at("session.timeout.ms"), "45000");
  EXPECT_EQ(kafka.common.at("sasl.mechanism"), "PLAIN");
  EXPECT_EQ(kafka.topic_prefix, "pre");
  EXPECT_EQ(kafka.user_event_prefix, "user");
  EXPECT_EQ(kafka.partitions, 3);
  EXPECT_FALSE(kafka.topic.contains("partitions"));
  EXPECT_EQ(kafka.topic.at("max.message.bytes"), std::to_string(2 * kMebi + 6068));
}

TEST(Settings, StoresOfKeysAreDroppedWhereNothingIsEncrypted) {
  World world = with({{"CONFIG_whisk_kafka_common_securityProtocol", "PLAINTEXT"},
                      {"CONFIG_whisk_kafka_common_sslKeystoreLocation", "/conf/x.p12"}});
  EXPECT_FALSE(world.settings().kafka.common.contains("ssl.keystore.location"));
  world.environment["CONFIG_whisk_kafka_common_securityProtocol"] = "SASL_SSL";
  EXPECT_EQ(world.settings().kafka.common.at("ssl.keystore.location"), "/conf/x.p12");
}

TEST(Settings, HttpsAsAnsibleConfiguresIt) {
  World world = with({{"CONFIG_whisk_invoker_protocol", "https"},
                      {"CONFIG_whisk_invoker_https_keystorePath", "/conf/invoker.p12"},
                      {"CONFIG_whisk_invoker_https_keystorePassword", " open whisk "},
                      {"CONFIG_whisk_invoker_https_keystoreFlavor", "PKCS12"},
                      {"CONFIG_whisk_invoker_https_clientAuth", "true"}});
  const auto server = world.settings().server;
  EXPECT_TRUE(server.https);
  EXPECT_EQ(server.keystore_path, "/conf/invoker.p12");
  EXPECT_EQ(server.keystore_password, " open whisk ");
  EXPECT_TRUE(server.client_certificate);
  world.environment["CONFIG_whisk_invoker_https_keystoreFlavor"] = "JKS";
  EXPECT_THAT(world.fault(), AllOf(HasSubstr("\"JKS\""), HasSubstr("PKCS12")));
  world.environment.erase("CONFIG_whisk_invoker_https_keystorePath");
  world.environment.erase("CONFIG_whisk_invoker_https_keystoreFlavor");
  EXPECT_THAT(world.fault(), HasSubstr("keystore-path is not set"));
}

TEST(Settings, LimitsOfNamespacesAreTheSystemsUnlessSet) {
  const auto limits = with({{"CONFIG_whisk_memory_max", "1024m"},
                            {"CONFIG_whisk_timeLimit_max", "10 m"},
                            {"CONFIG_whisk_concurrencyLimit_max", "500"},
                            {"CONFIG_whisk_namespaceDefaultLimit_memory_max", "256m"},
                            {"CONFIG_whisk_namespaceDefaultLimit_activation_payload_max", "1k"}})
                          .settings()
                          .limits;
  EXPECT_EQ(limits.system.memory_mb.max, 1024);
  EXPECT_EQ(limits.system.timeout_ms.max, 600'000);
  EXPECT_EQ(limits.system.concurrency.max, 500);
  EXPECT_EQ(limits.namespace_default.memory_mb.max, 256);
  EXPECT_EQ(limits.namespace_default.timeout_ms.max, 600'000);
  EXPECT_EQ(limits.namespace_payload_bytes_max, 1024);
  EXPECT_EQ(limits.payload_bytes_max, kMebi);
}

TEST(Settings, DockersTimeoutsMayBeInf) {
  const auto timeouts = with({{"CONFIG_whisk_docker_client_timeouts_run", "Inf"},
                              {"CONFIG_whisk_docker_client_timeouts_pull", "20 minutes"}})
                            .settings()
                            .containers.timeouts;
  EXPECT_FALSE(timeouts.run.has_value());
  EXPECT_EQ(timeouts.pull, milliseconds(1'200'000));
  EXPECT_EQ(timeouts.inspect, milliseconds(60'000));
}

TEST(Settings, RegistriesGetTheirSlash) {
  const auto containers =
      with({{"CONFIG_whisk_containerFactory_runtimesRegistry_url", "r.example:5000"},
            {"CONFIG_whisk_containerFactory_userImagesRegistry_url", "u.example/"},
            {"CONFIG_whisk_containerFactory_containerArgs_extraEnvVars_0",
             "__OW_ALLOW_CONCURRENT=true"},
            {"CONFIG_whisk_containerPool_userCpus", "1.5"}})
          .settings()
          .containers;
  EXPECT_EQ(containers.runtimes_registry, "r.example:5000/");
  EXPECT_EQ(containers.user_images_registry, "u.example/");
  EXPECT_THAT(containers.args.extra_env, ElementsAre("__OW_ALLOW_CONCURRENT=true"));
  EXPECT_EQ(containers.user_cpus, 1.5);
}

TEST(Settings, WhichRecordsAreWritten) {
  World world = with({{"CONFIG_whisk_activation_disableStoreResult", "true"},
                      {"CONFIG_whisk_activation_storeNonBlockingResultLevel",
                       "STORE_FAILURES_NOT_APPLICATION_ERRORS"}});
  EXPECT_EQ(world.settings().records.policy.blocking, invoker::StoreLevel::kFailures);
  EXPECT_EQ(world.settings().records.policy.non_blocking,
            invoker::StoreLevel::kFailuresNotApplicationErrors);
  world.environment["CONFIG_whisk_activation_storeBlockingResultLevel"] = "STORE_ALWAYS";
  EXPECT_EQ(world.settings().records.policy.blocking, invoker::StoreLevel::kAlways);
}

TEST(Settings, KeysOfParametersAreBase64OfTheRightSize) {
  const std::string key128 = base::encode_base64("0123456789abcdef");
  const std::string key256 = base::encode_base64("0123456789abcdef0123456789abcdef");
  World world =
      with({{"OPENWHISK_CONFIG", "whisk.parameter-storage { current = aes-256, aes-128 = \"" +
                                     key128 + "\", aes-256 = \"" + key256 + "\" }"}});
  EXPECT_EQ(world.settings().parameter_storage.aes_128, "0123456789abcdef");
  EXPECT_EQ(world.settings().parameter_storage.aes_256, "0123456789abcdef0123456789abcdef");
  world.environment["OPENWHISK_CONFIG"] = "whisk.parameter-storage.aes-256 = \"" + key128 + "\"";
  EXPECT_THAT(world.fault(), HasSubstr("base64 of 32 bytes"));
  EXPECT_EQ(world.fault().find(key128), std::string::npos);
}

TEST(Settings, StockMetricsNeedBothSwitchesOrOurs) {
  World world = with({{"METRICS_KAMON", "true"}});
  EXPECT_FALSE(world.settings().metrics.stock_names);
  world.environment["CONFIG_whisk_metrics_prometheusEnabled"] = "true";
  EXPECT_TRUE(world.settings().metrics.stock_names);
  world.environment["CONFIG_larder_metrics_stockNames"] = "false";
  EXPECT_FALSE(world.settings().metrics.stock_names);
}

TEST(Settings, StemCellsComeFromTheManifest) {
  World world = with({{"RUNTIMES_MANIFEST", R"({"runtimes":{"n":[{"kind":"n:1","image":{"name":"i"},
      "stemCells":[{"initialCount":2,"memory":"256 MB","reactive":{"minCount":1,"maxCount":4,
      "ttl":"2 minutes","threshold":1,"increment":1}}]}]}})"}});
  const auto cells = world.settings().pool.stem_cells;
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].kind, "n:1");
  EXPECT_EQ(cells[0].count, 2);
  EXPECT_EQ(cells[0].memory_bytes, 256 * kMebi);
  EXPECT_TRUE(world.notices("not used: \"reactive\" in the stem cells of n:1"));
}

TEST(Mode, ClassicIsSpokenAndNothingElse) {
  constexpr const char* kProvider = "CONFIG_whisk_spi_InvokerProvider";
  EXPECT_EQ(with({{kProvider, "org.apache.openwhisk.core.invoker.InvokerReactive"},
                  {"CONFIG_whisk_etcd_hosts", "etcd:2379"}})
                .fault(),
            "none");
  EXPECT_EQ(with({{"CONFIG_larder_mode", "classic"}, {"CONFIG_whisk_etcd_hosts", "e:1"}}).fault(),
            "none");
  for (const World& world :
       {with({{kProvider, "org.apache.openwhisk.core.invoker.FPCInvokerReactive"}}),
        with({{"CONFIG_larder_mode", "fpc"}})}) {
    EXPECT_THAT(world.fault(), AllOf(HasSubstr("classic protocol only"),
                                     HasSubstr("set CONFIG_whisk_spi_InvokerProvider=")));
    EXPECT_EQ(world.fault().find('\n'), std::string::npos);
  }
}

TEST(Mode, Trap59WithoutProviderAndWithEtcdTheNewSchedulerIsMeant) {
  EXPECT_EQ(World().fault(), "none");
  EXPECT_THAT(with({{"CONFIG_whisk_etcd_hosts", "etcd:2379"}}).fault(),
              AllOf(HasSubstr("CONFIG_whisk_etcd_hosts is set"), HasSubstr("new scheduler")));
}

TEST(Providers, WhatIsNotBuiltIsRefusedWithWhatThereIs) {
  const std::string package = "org.apache.openwhisk.core.";
  EXPECT_THAT(with({{"CONFIG_whisk_spi_ActivationStoreProvider",
                     package + "database.elasticsearch.ElasticSearchActivationStoreProvider"}})
                  .fault(),
              HasSubstr("ArtifactActivationStoreProvider"));
  EXPECT_THAT(with({{"CONFIG_whisk_spi_ArtifactStoreProvider",
                     package + "database.mongodb.MongoDBArtifactStoreProvider"}})
                  .fault(),
              HasSubstr("CouchDbStoreProvider"));
  EXPECT_THAT(with({{"CONFIG_whisk_spi_LogStoreProvider",
                     package + "containerpool.logging.SplunkLogStoreProvider"}})
                  .fault(),
              HasSubstr("LogDriverLogStoreProvider"));
  World outside = with({{"CONFIG_whisk_spi_LogStoreProvider",
                         package + "containerpool.logging.LogDriverLogStoreProvider"}});
  EXPECT_EQ(outside.settings().containers.logs, LogStore::kOutside);
}

TEST(Faults, EachNamesTheSettingItsValueItsOriginAndWhatIsAllowed) {
  struct Case {
    const char* variable;
    const char* value;
    const char* allowed;
  };
  for (const Case& one :
       {Case{"PORT", "http", "from 0 to 65535"}, Case{"PORT", "70000", "from 0 to 65535"},
        Case{"CONFIG_whisk_containerPool_userMemory", "much", "256m"},
        Case{"CONFIG_whisk_containerPool_userMemory", "1k", "less than 1 MB"},
        Case{"CONFIG_whisk_containerPool_concurrentPeekFactor", "0", "above 0 and up to 1"},
        Case{"CONFIG_whisk_containerProxy_timeouts_pauseGrace", "soon", "10 minutes"},
        Case{"CONFIG_whisk_userEvents_enabled", "maybe", "neither true nor false"},
        Case{"CONFIG_whisk_couchdb_protocol", "ftp", "http or https"},
        Case{"CONFIG_whisk_couchdb_provider", "MongoDB", "CouchDB or Cloudant"},
        Case{"CONFIG_whisk_kafka_replicationFactor", "0", "from 1"},
        Case{"CONFIG_whisk_memory_max", "1m", "less than the minimum"},
        Case{"CONFIG_whisk_memory_min", "1023k", "less than 1 MB"},
        Case{"CONFIG_whisk_memory_min", "0", "less than 1 MB"},
        Case{"CONFIG_whisk_namespaceDefaultLimit_memory_min", "1k", "less than 1 MB"},
        Case{"CONFIG_whisk_activation_storeBlockingResultLevel", "SOME", "STORE_ALWAYS"},
        Case{"CONFIG_logback_log_level", "LOUD", "DEBUG, INFO, WARN or ERROR"},
        Case{"CONFIG_larder_containers", "podman", "docker or sandbox"},
        Case{"WHISK_API_HOST_PROTO", "gopher", "http or https"}}) {
    const std::string fault = with({{one.variable, one.value}}).fault();
    EXPECT_THAT(fault, AllOf(HasSubstr("\"" + std::string(one.value) + "\""),
                             HasSubstr("environment " + std::string(one.variable)),
                             HasSubstr(one.allowed)));
    EXPECT_EQ(fault.find('\n'), std::string::npos);
  }
}

TEST(Faults, WhatIsMissingIsToldAllAtOnce) {
  World world;
  world.environment = {{"KAFKA_HOSTS", " "}};
  EXPECT_THAT(world.fault(), AllOf(HasSubstr("KAFKA_HOSTS"), HasSubstr("RUNTIMES_MANIFEST"),
                                   HasSubstr("CONFIG_whisk_couchdb_host")));
}

TEST(Faults, AManifestThatIsNoneIsToldWithItsPlace) {
  EXPECT_THAT(with({{"RUNTIMES_MANIFEST", "{"}}).fault(),
              HasSubstr("RUNTIMES_MANIFEST is no JSON"));
  EXPECT_THAT(with({{"RUNTIMES_MANIFEST", "{}"}}).fault(), HasSubstr("'runtimes'"));
}

TEST(Notices, WhatIsSetAndMeansNothingIsSaidOnce) {
  World world = with({{"JMX_REMOTE", "true"},
                      {"TZ", "UTC"},
                      {"DB_WHISK_ACTIONS", "x"},
                      {"CONFIG_whisk_containerPool_prewarmPromotion", "false"},
                      {"CONFIG_whisk_docker_containerFactory_useRunc", "true"},
                      {"CONFIG_whisk_cluster_name", "whisk"},
                      {"CONFIG_kamon_statsd_hostname", "stats"},
                      {"HOME", "/root"}});
  const auto notices = world.start().value().notices;
  EXPECT_EQ(notices.size(), 6u) << ::testing::PrintToString(notices);
  EXPECT_TRUE(world.notices("not used: JMX_REMOTE (there is no JVM here)"));
  EXPECT_TRUE(world.notices("not used: CONFIG_whisk_docker_containerFactory_useRunc ("));
  world.environment["TZ"] = "Europe/Berlin";
  EXPECT_TRUE(world.notices("not used: TZ (times are in UTC)"));
}

TEST(Notices, WhatOnlyDockerIsToldIsSaidWhereThereIsNone) {
  World world = with({{"CONFIG_larder_containers", "sandbox"},
                      {"CONFIG_whisk_docker_client_timeouts_ps", "5 s"},
                      {"CONFIG_whisk_containerFactory_containerArgs_network", "n"},
                      {"CONFIG_whisk_containerPool_userCpus", "2"},
                      {"CONFIG_whisk_containerPool_userMemory", "1g"}});
  EXPECT_TRUE(world.notices("not used: CONFIG_whisk_docker_client_timeouts_ps"));
  EXPECT_TRUE(world.notices("not used: CONFIG_whisk_containerFactory_containerArgs_network"));
  EXPECT_TRUE(world.notices("not used: CONFIG_whisk_containerPool_userCpus"));
  EXPECT_FALSE(world.notices("userMemory"));
  EXPECT_FALSE(world.notices("default"));
  world.environment["CONFIG_larder_containers"] = "docker";
  EXPECT_FALSE(world.notices("not used"));
}

TEST(Notices, LabelsOfMetricsThatAreNotToldAreSaid) {
  World world = with({{"METRICS_KAMON_TAGS", "true"}});
  EXPECT_TRUE(world.notices("not used: METRICS_KAMON_TAGS"));
  world.environment["METRICS_KAMON"] = "true";
  EXPECT_TRUE(world.notices("not used: METRICS_KAMON_TAGS"));
  world.environment["CONFIG_whisk_metrics_prometheusEnabled"] = "true";
  EXPECT_FALSE(world.notices("METRICS_KAMON_TAGS"));
}

TEST(Notices, ABlacklistThatWouldBeReadWithoutPauseIsReadEverySecond) {
  for (const char* interval : {"0", "0 s", "999 ms"}) {
    const World world = with({{"CONFIG_whisk_blacklist_pollInterval", interval}});
    EXPECT_EQ(world.settings().blacklist_interval, milliseconds(1'000)) << interval;
    EXPECT_TRUE(world.notices("whisk.blacklist.poll-interval")) << interval;
  }
  const World world = with({{"CONFIG_whisk_blacklist_pollInterval", "2 s"}});
  EXPECT_EQ(world.settings().blacklist_interval, milliseconds(2'000));
  EXPECT_FALSE(world.notices("blacklist"));
}

TEST(Description, IsThereAlsoWhereASettingIsWrong) {
  World world = with({{"PORT", "none"}, {"CONFIG_whisk_kafka_topics_prefix", "p-"}});
  EXPECT_FALSE(world.start().ok());
  world.arguments.emplace_back("--print-config");
  const auto start = world.start();
  ASSERT_TRUE(start.ok());
  EXPECT_NE(start->description.find("whisk.kafka.topics.prefix = \"p-\""), std::string::npos);
  EXPECT_NE(start->fault.find("PORT: \"none\""), std::string::npos) << start->fault;
  world.environment["PORT"] = "8080";
  EXPECT_EQ(world.start()->fault, "");
  world.environment["CONFIG_larder_nonsense"] = "1";
  EXPECT_NE(world.start()->fault.find("unknown setting"), std::string::npos);
}

TEST(Notices, UnknownSettingsOfOpenWhiskAreSaidAndOursAreRefused) {
  World world = with({{"CONFIG_whisk_containerPool_userMemori", "1m"}});
  EXPECT_TRUE(world.notices("unknown: CONFIG_whisk_containerPool_userMemori"));
  EXPECT_TRUE(world.notices("did you mean whisk.container-pool.user-memory?"));
  world.environment["CONFIG_larder_stopPatient"] = "1 s";
  EXPECT_THAT(world.fault(), AllOf(HasSubstr("CONFIG_larder_stopPatient"),
                                   HasSubstr("did you mean larder.stop-patience?")));
}

}  // namespace
