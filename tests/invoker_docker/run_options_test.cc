#include "run_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invoker_docker {
namespace {

using ::testing::ElementsAre;

invoker::ContainerSpec spec() {
  invoker::ContainerSpec spec;
  spec.name = "wsk00_1_guest_hello";
  spec.memory_bytes = 256LL << 20;
  spec.cpu_shares = 128;
  spec.environment = {{"__OW_API_HOST", "https://172.17.0.1"}};
  return spec;
}

std::string body_of(const DockerConfig& config) {
  const auto body = create_body("image:tag", run_options(config, spec()));
  return body.ok() ? body->to_string() : body.error().message;
}

TEST(RunOptions, AreThoseOfOpenWhisk) {
  const Options options = run_options({}, spec());
  EXPECT_THAT(options.at("cpu-shares"), ElementsAre("128"));
  EXPECT_THAT(options.at("memory"), ElementsAre("256m"));
  EXPECT_THAT(options.at("memory-swap"), ElementsAre("256m"));
  EXPECT_THAT(options.at("network"), ElementsAre("bridge"));
  EXPECT_THAT(options.at("env"), ElementsAre("__OW_API_HOST=https://172.17.0.1"));
  EXPECT_THAT(options.at("cap-drop"), ElementsAre("NET_RAW", "NET_ADMIN"));
  EXPECT_THAT(options.at("ulimit"), ElementsAre("nofile=1024:1024"));
  EXPECT_THAT(options.at("pids-limit"), ElementsAre("1024"));
  EXPECT_THAT(options.at("log-driver"), ElementsAre("json-file"));
  EXPECT_FALSE(options.contains("cpus"));
}

TEST(RunOptions, BecomeTheBodyOfTheEngineApi) {
  EXPECT_EQ(body_of({}),
            R"({"Image":"image:tag","Env":["__OW_API_HOST=https://172.17.0.1"],"HostConfig":{)"
            R"("CapDrop":["NET_RAW","NET_ADMIN"],"CpuShares":128,"Memory":268435456,)"
            R"("MemorySwap":268435456,"NetworkMode":"bridge","PidsLimit":1024,)"
            R"("Ulimits":[{"Name":"nofile","Soft":1024,"Hard":1024}],)"
            R"("LogConfig":{"Type":"json-file","Config":{}}}})");
}

TEST(RunOptions, NamesServersAndVariablesOfTheConfigurationAreAdded) {
  DockerConfig config;
  config.environment = {"__OW_ALLOW_CONCURRENT=true", "EMPTY"};
  config.dns_servers = {"8.8.8.8", "1.1.1.1"};
  config.dns_search = {"example.org"};
  config.dns_options = {"ndots:2"};
  const std::string body = body_of(config);
  EXPECT_THAT(body, ::testing::HasSubstr(R"("Env":["__OW_API_HOST=https://172.17.0.1",)"
                                         R"("__OW_ALLOW_CONCURRENT=true","EMPTY="])"));
  EXPECT_THAT(body, ::testing::HasSubstr(R"("Dns":["8.8.8.8","1.1.1.1"])"));
  EXPECT_THAT(body, ::testing::HasSubstr(R"("DnsSearch":["example.org"])"));
  EXPECT_THAT(body, ::testing::HasSubstr(R"("DnsOptions":["ndots:2"])"));
}

TEST(RunOptions, ExtraArgumentsReplaceOrAddUp) {
  DockerConfig config;
  config.extra_arguments = {{"cap-drop", {"ALL"}},
                            {"pids-limit", {"64"}},
                            {"ulimit", {"nproc=16"}},
                            {"e", {"A=b"}},
                            {"label", {"team=x", "y"}},
                            {"v", {"/data:/data:ro"}},
                            {"read-only", {}},
                            {"tmpfs", {"/tmp:size=1m"}},
                            {"log-opt", {"max-size=1m"}},
                            {"device", {"/dev/fuse"}},
                            {"restart", {"on-failure:3"}},
                            {"gpus", {"all"}},
                            {"cpus", {"1.5"}},
                            {"entrypoint", {"/bin/sh"}}};
  const std::string body = body_of(config);
  for (const char* part : {R"("CapDrop":["ALL"])", R"("PidsLimit":64)",
                           R"("Ulimits":[{"Name":"nproc","Soft":16,"Hard":16}])",
                           R"("Env":["__OW_API_HOST=https://172.17.0.1","A=b"])",
                           R"("Labels":{"team":"x","y":""})", R"("Binds":["/data:/data:ro"])",
                           R"("ReadonlyRootfs":true)", R"("Tmpfs":{"/tmp":"size=1m"})",
                           R"("LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}})",
                           R"("Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse",)"
                           R"("CgroupPermissions":"rwm"}])",
                           R"("RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3})",
                           R"("DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}])",
                           R"("NanoCpus":1500000000)", R"("Entrypoint":["/bin/sh"])"}) {
    EXPECT_THAT(body, ::testing::HasSubstr(part));
  }
}

TEST(RunOptions, AnOptionThatIsNoneIsNamed) {
  for (const auto& [option, value] : std::map<std::string, std::string>{{"teleport", "x"},
                                                                        {"memory", "much"},
                                                                        {"pids-limit", "1x"},
                                                                        {"ulimit", "nofile"},
                                                                        {"cpus", "-1"},
                                                                        {"init", "maybe"},
                                                                        {"restart", "on-failure:x"},
                                                                        {"gpus", "some"}}) {
    const auto body = create_body("image", {{option, {value}}});
    ASSERT_FALSE(body.ok()) << option;
    EXPECT_EQ(body.error().code, base::ErrorCode::kInvalidArgument);
    EXPECT_THAT(body.error().message, ::testing::HasSubstr("--" + option));
  }
}

TEST(RunOptions, ProcessorsAreSharedByMemory) {
  constexpr std::int64_t kMegabyte = 1 << 20;
  EXPECT_EQ(cpus_text(1, 1024 * kMegabyte, 512 * kMegabyte), "0.50000");
  EXPECT_EQ(cpus_text(1, 1024 * kMegabyte, 300 * kMegabyte), "0.33333");
  EXPECT_EQ(cpus_text(2, 1024 * kMegabyte, 300 * kMegabyte), "0.66667");
  EXPECT_EQ(cpus_text(0.01, 1024 * kMegabyte, 128 * kMegabyte), "0.01000");
  EXPECT_EQ(cpus_text(4, 128 * kMegabyte, 256 * kMegabyte), "4.00000");
}

}  // namespace
}  // namespace invoker_docker
