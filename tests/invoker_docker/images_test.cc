// Which image is run, when it is pulled, and what comes of one that cannot be had.
#include <thread>

#include "docker_fixture.h"

namespace invoker_docker {
namespace {

TEST_F(DockerTest, ThePythonRuntimeRunsAnAction) {
  ASSERT_TRUE(ensure_runtime("python"));
  const auto container = create(spec_of("python:3"));
  ASSERT_EQ(initialize(*container, "def main(args):\n  print('hi')\n  return {'n': args['n'] + 1}")
                .status,
            200);
  EXPECT_EQ(run(*container, R"({"n":41})").body, R"({"n":42})");
  const auto logs = container->logs({});
  ASSERT_EQ(logs.lines.size(), 1U);
  EXPECT_EQ(logs.lines[0].text, "hi");
}

TEST_F(DockerTest, TheNodeRuntimeRunsAnAction) {
  if (!docker("sh -c '/usr/bin/docker run --rm larder-base node --version'"))
    GTEST_SKIP() << "the base image has no node: this machine's does not run in it";
  ASSERT_TRUE(ensure_runtime("nodejs"));
  const auto container = create(spec_of("nodejs:20"));
  ASSERT_EQ(initialize(*container, "function main(args) { return {n: args.n + 1}; }").status, 200);
  EXPECT_EQ(run(*container, R"({"n":41})").body, R"({"n":42})");
}

TEST_F(DockerTest, AContainerIsMadeAsOpenWhiskMakesIt) {
  const auto spec = spec_of("blackbox");
  const auto container = create(spec);
  const auto found = api_->list(spec.name);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].id, container->id());
  EXPECT_EQ(container->id().size(), 64U);
  ASSERT_TRUE(
      docker("sh -c '/usr/bin/docker inspect -f \"{{.HostConfig.Memory}} "
             "{{.HostConfig.MemorySwap}} {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}} "
             "{{.HostConfig.CapDrop}} {{.HostConfig.Ulimits}} {{.HostConfig.NetworkMode}} "
             "{{.HostConfig.LogConfig.Type}} {{.Config.Labels}}\" " +
             spec.name +
             " | grep -qxF \"134217728 134217728 1024 1024 [NET_RAW NET_ADMIN] "
             "[map[Hard:1024 Name:nofile Soft:1024]] bridge json-file map[]\"'"));
}

TEST_F(DockerTest, ABlackboxImageThatCannotBePulledIsTheDevelopersAffair) {
  for (const char* image : {"larder-test/none", "larder-test/none:latest", "larder-test/none:1",
                            "no image!", "a//b", "127.0.0.1:9/x/y:z"}) {
    EXPECT_EQ(failure_of(spec_of("blackbox", image)).code, ErrorCode::kUnsupported) << image;
  }
}

TEST_F(DockerTest, AKindWhoseImageIsMissingIsNot) {
  config_.images["cobol:60"] = {"", "larder-test", "none", "1"};
  use(config_);
  EXPECT_EQ(failure_of(spec_of("cobol:60")).code, ErrorCode::kInternal);
}

TEST_F(DockerTest, ATaggedBlackboxImageThatIsHereRunsThoughItCannotBePulled) {
  const auto container = create(spec_of("blackbox", image_of("native").text()));
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(initialize(*container, loop_script("echo '{}' >&3")).status, 200);
}

TEST_F(DockerTest, TheLatestMustBePulledUnlessTheImageIsNative) {
  ASSERT_TRUE(docker("/usr/bin/docker tag " + image_of("native").text() + " larder-test/latest"));
  EXPECT_EQ(failure_of(spec_of("blackbox", "larder-test/latest")).code, ErrorCode::kUnsupported);
  config_.native_images = {{"", "larder-test", "latest", "latest"}};
  use(config_);
  EXPECT_NE(create(spec_of("blackbox", "larder-test/latest")), nullptr);
}

TEST_F(DockerTest, ImagesWithTheLocalPrefixAreNotPulled) {
  ASSERT_TRUE(docker("/usr/bin/docker tag " + image_of("native").text() + " larder-test/latest"));
  config_.local_image_prefix = "larder-test";
  use(config_);
  EXPECT_NE(create(spec_of("blackbox", "larder-test/latest")), nullptr);
}

TEST_F(DockerTest, AnImageWithoutItsProgramIsTheDevelopersAffairAndLeavesNothing) {
  config_.extra_arguments = {{"entrypoint", {"no-such-program"}}};
  use(config_);
  const auto error = failure_of(spec_of("blackbox"));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "executable file not found in image " + image_of("native").text());
  factory_.reset();  // removes what it had put off
  EXPECT_EQ(count_of(config_.name_prefix), 0U);
}

TEST_F(DockerTest, AnOptionThatTheDaemonRefusesIsNotTheDevelopersAffair) {
  config_.extra_arguments = {{"runtime", {"no-such-runtime"}}};
  use(config_);
  EXPECT_THAT(failure_of(spec_of("blackbox")).code,
              ::testing::AnyOf(ErrorCode::kInternal, ErrorCode::kInvalidArgument));
}

TEST_F(DockerTest, AnUnknownOptionIsToldAtTheStart) {
  config_.extra_arguments = {{"teleport", {"x"}}};
  const auto factory = DockerFactory::create(config_, test_clock(), test_log());
  ASSERT_FALSE(factory.ok());
  EXPECT_EQ(factory.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DockerTest, ANameThatALostContainerHoldsIsTakenFromIt) {
  const auto spec = spec_of("blackbox");
  ASSERT_TRUE(docker("/usr/bin/docker run -d --name " + spec.name + " larder-base sleep 1000"));
  const auto container = create(spec);
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(initialize(*container, loop_script("echo '{}' >&3")).status, 200);
}

TEST_F(DockerTest, ManyContainersStartBesideEachOther) {
  config_.parallel_runs = 3;
  use(config_);
  std::vector<invoker::ContainerSpec> specs;
  for (int i = 0; i < 8; ++i) specs.push_back(spec_of("blackbox"));
  std::vector<std::unique_ptr<invoker::Container>> containers(specs.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      threads.emplace_back([&, i] {
        containers[i] = create(specs[i]);
        if (containers[i] == nullptr) return;
        EXPECT_EQ(initialize(*containers[i], loop_script("echo '{}' >&3")).status, 200);
      });
    }
  }
  EXPECT_EQ(count_of(config_.name_prefix), specs.size());
  containers.clear();
  EXPECT_EQ(count_of(config_.name_prefix), 0U);
}

}  // namespace
}  // namespace invoker_docker
