// Where a value comes from, and which one wins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "environment.h"
#include "world.h"

namespace {

using invoker_settings::path_of_variable;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kMebi = 1 << 20;

TEST(Variables, NamesBecomePaths) {
  EXPECT_EQ(path_of_variable("CONFIG_whisk_containerPool_userMemory"),
            "whisk.container-pool.user-memory");
  EXPECT_EQ(path_of_variable("CONFIG_whisk_spi_LogStoreProvider"), "whisk.spi.LogStoreProvider");
  EXPECT_EQ(path_of_variable("CONFIG_whisk_couchdb_databases_WhiskAuth"),
            "whisk.couchdb.databases.WhiskAuth");
  EXPECT_EQ(path_of_variable("CONFIG_whisk_containerFactory_containerArgs_extraEnvVars_0"),
            "whisk.container-factory.container-args.extra-env-vars.0");
  EXPECT_EQ(path_of_variable("CONFIG_a__b_"), "a.b");
}

TEST(Layers, EachIsOverTheOneBefore) {
  World world;
  const auto memory = [&] { return world.settings().pool.memory_bytes / kMebi; };
  EXPECT_EQ(memory(), 1024);
  world.environment["OPENWHISK_CONFIG"] = "whisk.container-pool.user-memory = 1m";
  EXPECT_EQ(memory(), 1);
  world.environment["CONFIG_whisk_containerPool_userMemory"] = "2m";
  EXPECT_EQ(memory(), 2);
  world.environment["JAVA_OPTS"] = "-Dwhisk.container-pool.user-memory=3m";
  EXPECT_EQ(memory(), 3);
  world.environment["INVOKER_OPTS"] = "-Dwhisk.container-pool.user-memory=4m";
  EXPECT_EQ(memory(), 4);
  world.arguments.emplace_back("-Dwhisk.container-pool.user-memory=5m");
  EXPECT_EQ(memory(), 5);
}

TEST(Layers, TheEncodedTextIsTheSameAsThePlainOne) {
  std::string text = base::encode_base64("whisk { container-pool { user-memory = 7m } }");
  text.insert(10, "\n");
  EXPECT_EQ(with({{"OPENWHISK_ENCODED_CONFIG", text}}).settings().pool.memory_bytes, 7 * kMebi);
  EXPECT_THAT(with({{"OPENWHISK_ENCODED_CONFIG", "!"}}).fault(), HasSubstr("no base64"));
  EXPECT_THAT(with({{"OPENWHISK_CONFIG", "a = ${b}"}}).fault(),
              HasSubstr("OPENWHISK_CONFIG: line 1"));
}

TEST(Layers, Trap52EmptyVariablesAreUnset) {
  World world = with({{"CONFIG_whisk_containerPool_userMemory", ""},
                      {"CONFIG_whisk_spi_InvokerProvider", ""},
                      {"PORT", ""}});
  EXPECT_EQ(world.settings().pool.memory_bytes, 1024 * kMebi);
  EXPECT_EQ(world.settings().server.port, 8080);
}

TEST(Layers, Trap52ADollarStandsForAnotherVariable) {
  World world =
      with({{"CONFIG_whisk_couchdb_password", "$DB_PASSWORD"}, {"DB_PASSWORD", "geheim"}});
  EXPECT_EQ(world.settings().couch.password, "geheim");
  world.environment["DB_PASSWORD"] = "";
  EXPECT_EQ(world.settings().couch.password, "$DB_PASSWORD");
  world.environment["CONFIG_whisk_couchdb_password"] = "$ecret";
  EXPECT_EQ(world.settings().couch.password, "$ecret");
}

TEST(Layers, Trap53OptionsStandInBothVariables) {
  World world = with(
      {{"INVOKER_OPTS", "-Xmx2g -Dcom.sun.management.jmxremote '-Dwhisk.couchdb.username=a b' "},
       {"JAVA_OPTS",
        "-XX:+UseGCOverheadLimit -Dwhisk.spi.ContainerFactoryProvider=x.y."
        "DockerContainerFactoryProvider"}});
  EXPECT_EQ(world.settings().couch.username, "a b");
  EXPECT_TRUE(world.notices("not used: -Dcom.sun.management.jmxremote (there is no JVM here)"));
  world.environment["JAVA_OPTS"] =
      "-Dwhisk.spi.ContainerFactoryProvider=org.apache.openwhisk.core.containerpool.kubernetes."
      "KubernetesContainerFactoryProvider";
  EXPECT_THAT(world.fault(), HasSubstr("KubernetesContainerFactoryProvider"));
  EXPECT_THAT(world.fault(), HasSubstr("DockerContainerFactoryProvider"));
}

TEST(Layers, AListFromVariablesReplacesTheOneOfTheFile) {
  World world = with({{"OPENWHISK_CONFIG",
                       "whisk.container-factory.container-args { dns-servers = [1.1.1.1, 9.9.9.9]\n"
                       "extra-args { sysctl = [a, b], label : [x] } }"}});
  EXPECT_THAT(world.settings().containers.args.dns_servers, ElementsAre("1.1.1.1", "9.9.9.9"));
  EXPECT_THAT(world.settings().containers.args.extra_args.at("sysctl"), ElementsAre("a", "b"));
  for (int i = 0; i < 12; ++i) {
    world.environment["CONFIG_whisk_containerFactory_containerArgs_dnsServers_" +
                      std::to_string(i)] = "10.0.0." + std::to_string(i);
  }
  const auto servers = world.settings().containers.args.dns_servers;
  ASSERT_EQ(servers.size(), 12u);
  EXPECT_EQ(servers[2], "10.0.0.2");
  EXPECT_EQ(servers[11], "10.0.0.11");
}

TEST(Layers, QuotesOfTheStartScriptDisappearFromLists) {
  World world = with({{"CONFIG_whisk_invoker_resource_tags", " 'gpu,v2' "},
                      {"CONFIG_whisk_invoker_dedicated_namespaces", "guest"}});
  EXPECT_THAT(world.settings().identity.tags, ElementsAre("gpu", "v2"));
  EXPECT_THAT(world.settings().identity.dedicated_namespaces, ElementsAre("guest"));
}

TEST(Description, NamesTheOriginOfEveryValueAndHidesSecrets) {
  World world =
      with({{"CONFIG_whisk_couchdb_password", "geheim1"},
            {"CONFIG_whisk_invoker_https_keystorePassword", "geheim2"},
            {"CONFIG_whisk_kafka_common_sslTruststorePassword", "geheim3"},
            {"CONFIG_whisk_kafka_common_saslJaasConfig", "geheim4"},
            {"CONFIG_whisk_kafka_common_sslKeyPem", "geheim5"},
            {"CONFIG_whisk_kafka_producer_sslKeystoreKey", "geheim6"},
            {"CONFIG_whisk_containerFactory_containerArgs_extraEnvVars_0", "TOKEN=geheim7"},
            {"OPENWHISK_CONFIG", "whisk.parameter-storage.aes-128 = \"ZzEyMzQ1Njc4OWFiY2RlZg==\""},
            {"INVOKER_OPTS", "-Dwhisk.user-events.enabled=true"}});
  world.arguments = {"--uniqueName", "node-a", "--id", "3", "--print-config"};
  const auto started = world.start().value();
  EXPECT_EQ(started.task, invoker_settings::Task::kPrintSettings);
  for (const char* line :
       {"--id = 3  (command line)\n", "PORT = \"8080\"  (default)\n",
        "whisk.couchdb.host = \"db\"  (environment CONFIG_whisk_couchdb_host)\n",
        "whisk.couchdb.password = ***  (environment CONFIG_whisk_couchdb_password)\n",
        "whisk.parameter-storage.aes-128 = ***  (environment OPENWHISK_CONFIG)\n",
        "whisk.parameter-storage.aes-256 = null  (not set)\n",
        "(environment INVOKER_OPTS -Dwhisk.user-events.enabled)\n"}) {
    EXPECT_THAT(started.description, HasSubstr(line));
  }
  EXPECT_EQ(started.description.find("geheim"), std::string::npos);
  EXPECT_EQ(started.description.find("ZzEy"), std::string::npos);
  EXPECT_EQ(started.description.find("invoker.pass\""), std::string::npos);
}

}  // namespace
