// Runtimes, containers and a daemon that fail.
#include <fcntl.h>
#include <sys/mount.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "docker_fixture.h"
#include "freezer.h"
#include "testing/services.h"

namespace invoker_docker {
namespace {

using Clock = std::chrono::steady_clock;

TEST_F(DockerTest, AnAnswerOf100MegabytesIsCut) {
  const auto container = faulty("flood");
  ASSERT_NE(container, nullptr);
  const auto outcome = container->post("/init", "{}", in(seconds(30)), {1 << 20, 1000}, true);
  EXPECT_EQ(outcome.error, CallError::kNone);
  EXPECT_TRUE(outcome.truncated);
  EXPECT_EQ(outcome.content_length, 100 << 20);
  EXPECT_EQ(outcome.body.size(), 1000U);
}

TEST_F(DockerTest, ARuntimeThatHangsRunsIntoTheDeadline) {
  const auto container = faulty("hang");
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->post("/init", "{}", in(seconds(3)), {}, true).error, CallError::kTimeout);
}

TEST_F(DockerTest, APortThatNeverOpensRunsIntoTheDeadline) {
  const auto container = faulty("no port");
  ASSERT_NE(container, nullptr);
  const auto outcome = container->post("/init", "{}", in(milliseconds(700)), {}, true);
  EXPECT_EQ(outcome.error, CallError::kTimeout);
  EXPECT_GE(outcome.elapsed, milliseconds(690));
}

TEST_F(DockerTest, GarbageAndAnAnswerCutShortAreLostConnections) {
  for (const char* fault : {"garbage", "cut"}) {
    const auto container = faulty(fault);
    ASSERT_NE(container, nullptr);
    const auto outcome = container->post("/init", "{}", in(seconds(20)), {}, true);
    EXPECT_EQ(outcome.error, CallError::kConnectionLost) << fault;
    EXPECT_FALSE(container->memory_exhausted());
  }
}

TEST_F(DockerTest, AContainerThatEndsBeforeItsPortOpensIsNoticedAtOnce) {
  for (const char* fault : {"end", "late end"}) {
    const auto container = faulty(fault);
    ASSERT_NE(container, nullptr);
    const auto outcome = container->post("/init", "{}", in(seconds(30)), {}, true);
    EXPECT_EQ(outcome.error, CallError::kConnectionLost) << fault;
    EXPECT_LT(outcome.elapsed, seconds(5)) << fault;
  }
}

TEST_F(DockerTest, NothingIsSentToAContainerThatHasEnded) {
  const auto container = native();
  ASSERT_TRUE(api_->kill(container->id()).ok());
  while (api_->inspect(container->id(), "")->running) std::this_thread::yield();
  const auto outcome = run(*container);
  EXPECT_EQ(outcome.error, CallError::kConnectionRefused);  // another container can have the job
  EXPECT_LT(outcome.elapsed, milliseconds(100));
}

TEST_F(DockerTest, WhereTheHostShowsNothingTheDaemonTellsOfTheEnd) {
  config_.use_host_view = config_.use_log_files = false;
  const auto container = faulty("late end");
  ASSERT_NE(container, nullptr);
  const auto outcome = container->post("/init", "{}", in(seconds(30)), {}, true);
  EXPECT_EQ(outcome.error, CallError::kConnectionLost);
  EXPECT_LT(outcome.elapsed, seconds(5));
}

TEST_F(DockerTest, WhereTheHostShowsNothingAllButVolumesGoesThroughTheDaemon) {
  config_.use_host_view = config_.use_log_files = false;
  use(config_);
  const auto container = native("echo hi");
  ASSERT_EQ(run(*container).status, 200);
  EXPECT_EQ(container->logs({}).lines.size(), 1U);
  ASSERT_TRUE(container->pause().ok());
  EXPECT_EQ(run(*container, "{}", milliseconds(200)).error, CallError::kTimeout);
  ASSERT_TRUE(container->resume().ok());
  EXPECT_EQ(run(*container).status, 200);
  const auto status = container->attach({"/data", base::UniqueFd(open("/", O_PATH)), false});
  ASSERT_FALSE(status.ok());
  container->kill();
  EXPECT_NE(run(*container).error, CallError::kNone);
}

TEST_F(DockerTest, WhereTheHostShowsNothingTheDaemonTellsOfMemory) {
  config_.use_host_view = config_.use_log_files = false;
  use(config_);
  const auto container = native("x=$(head -c 400000000 /dev/zero | tr '\\0' x)");
  EXPECT_EQ(run(*container).error, CallError::kConnectionLost);
  EXPECT_TRUE(container->memory_exhausted());
}

TEST_F(DockerTest, AVolumeWhoseFolderTheActionMovedIsHeld) {
  config_.extra_arguments = {{"user", {"0"}}};
  use(config_);
  const auto container = native("mv /new /elsewhere; mkdir -p /new/data");
  char folder[] = "/tmp/larder-volume-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  base::UniqueFd tree(open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  ASSERT_TRUE(container->attach({"/new/data", std::move(tree), false}).ok());
  ASSERT_EQ(run(*container).status, 200);
  const auto detached = container->detach("/new/data");
  EXPECT_TRUE(!detached.ok() || *detached == invoker::DetachOutcome::kHeld);
  std::filesystem::remove(folder);
}

TEST_F(DockerTest, AMountPointIsNotMadeThroughALink) {
  config_.extra_arguments = {{"user", {"0"}}};
  use(config_);
  const auto container = native("rmdir /mnt; ln -s /etc /mnt");
  ASSERT_EQ(run(*container).status, 200);
  base::UniqueFd tree(open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  EXPECT_FALSE(container->attach({"/mnt/data", std::move(tree), false}).ok());
}

TEST_F(DockerTest, LeftoversGoWhateverTheirStateAndNobodyElses) {
  const std::string mine = config_.name_prefix;
  const std::string run = "/usr/bin/docker run -d --name ";
  ASSERT_TRUE(docker(run + mine + "1_running larder-base sleep 1000"));
  ASSERT_TRUE(docker(run + mine + "2_paused larder-base sleep 1000"));
  ASSERT_TRUE(docker("/usr/bin/docker pause " + mine + "2_paused"));
  ASSERT_TRUE(docker(run + mine + "3_frozen larder-base sleep 1000"));
  ASSERT_TRUE(docker(run + mine + "4_ended larder-base true"));
  ASSERT_TRUE(docker(run + "x" + mine + "5_other larder-base sleep 1000"));
  const auto frozen = api_->list(mine + "3_frozen");
  ASSERT_EQ(frozen->size(), 1U);
  const auto found = api_->inspect((*frozen)[0].id, "bridge");
  const auto freezer = Freezer::find(found->pid, found->id);
  ASSERT_TRUE(freezer.ok()) << freezer.error().message;
  ASSERT_TRUE(freezer->freeze().ok());

  const auto begin = Clock::now();
  EXPECT_TRUE(factory_->remove_leftovers().ok());
  EXPECT_LT(Clock::now() - begin, seconds(10));
  EXPECT_EQ(count_of(mine), 0U);
  EXPECT_EQ(count_of("x" + mine), 1U);
  EXPECT_TRUE(docker("/usr/bin/docker rm -f x" + mine + "5_other"));
}

// Has a daemon of its own.
class DockerDaemonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = missing_daemon(); !reason.empty()) GTEST_SKIP() << reason;
    folder_ = ::testing::TempDir() + "/daemon-" + std::to_string(getpid()) + "/docker";
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(service("start"));
    DockerConfig config = test_config();
    config.socket = address();
    config.images = {{"sleeper", {"", "", "sleeper", ""}}};
    config.extra_arguments = {{"stop-signal", {"SIGKILL"}}};  // so that it is not waited for
    ASSERT_TRUE(make_sleeper(config.socket));
    factory_ = make_factory(config);
    ASSERT_NE(factory_, nullptr);
    spec_ = invoker_container::spec_of("sleeper");
    spec_.name = config.name_prefix + "1_x";
    config_ = config;
  }
  void TearDown() override {
    if (folder_.empty()) return;
    factory_.reset();
    EXPECT_TRUE(service("stop"));
    std::filesystem::remove_all(std::filesystem::path(folder_).parent_path());
  }
  // An image whose containers do nothing.
  static bool make_sleeper(const std::string& socket) {
    const std::string command =
        "printf 'FROM larder-base\\nENTRYPOINT [\"sleep\",\"1000\"]\\n' | /usr/bin/docker -H "
        "unix://" +
        socket + " build -q -t sleeper - >/dev/null";
    return std::system(command.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): no threads yet
  }
  std::string address() const {
    std::ifstream file(folder_ + "/address");
    std::string line;
    std::getline(file, line);
    return line;
  }
  bool service(const std::string& what) const {
    const std::string command =
        LARDER_TREE "/tests/services/docker " + what + " " + folder_ + " >/dev/null 2>&1";
    return std::system(command.c_str()) ==
           0;  // NOLINT(concurrency-mt-unsafe): the factory asks for no environment
  }

  std::string folder_;
  DockerConfig config_;
  invoker::ContainerSpec spec_;
  std::unique_ptr<DockerFactory> factory_;
};

TEST_F(DockerDaemonTest, ADaemonThatGoesAndComesBackIsNoticedAndUsedAgain) {
  auto before = factory_->create(spec_);
  ASSERT_TRUE(before.ok()) << before.error().message;
  ASSERT_TRUE(service("crash"));
  spec_.name = config_.name_prefix + "2_x";
  const auto refused = factory_->create(spec_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);

  ASSERT_TRUE(service("resume"));  // it ends what ran under the old one
  EXPECT_EQ((*before)->post("/init", "{}", in(seconds(20)), {}, true).error,
            CallError::kConnectionLost);
  auto after = factory_->create(spec_);
  ASSERT_TRUE(after.ok()) << after.error().message;
  before->reset();
  after->reset();
  EXPECT_TRUE(factory_->remove_leftovers().ok());
}

TEST_F(DockerDaemonTest, AContainerThatCouldNotBeRemovedIsRemovedLater) {
  auto container = factory_->create(spec_);
  ASSERT_TRUE(container.ok()) << container.error().message;
  ASSERT_TRUE(service("crash"));
  container->reset();
  ASSERT_TRUE(service("resume"));
  const auto api = EngineApi::connect(config_.socket, {});
  ASSERT_TRUE(api.ok());
  const auto end = Clock::now() + seconds(20);
  while (!(*api)->list(config_.name_prefix)->empty() && Clock::now() < end)
    std::this_thread::yield();
  EXPECT_TRUE((*api)->list(config_.name_prefix)->empty());
}

TEST(DockerFactoryWithoutDaemon, CannotBeMade) {
  DockerConfig config;
  config.socket = "/nonexistent/docker.sock";
  const auto factory = DockerFactory::create(config, test_clock(), test_log());
  ASSERT_FALSE(factory.ok());
  EXPECT_EQ(factory.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace invoker_docker
