// Runtimes, containers and a daemon that fail.
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <thread>

#include "docker_fixture.h"
#include "engine_watch.h"
#include "forgotten.h"
#include "freezer.h"
#include "testing/eventually.h"
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

// The first call, which waits for the runtime's port.
invoker::CallOutcome initialized(invoker::Container& container) {
  return container.post("/init", "{}", in(seconds(30)), {}, true);
}

// Nothing is waited for, and nothing is missing: what the file has by then is what there is.
void take_what_is_there(invoker::Container& container) {
  ASSERT_EQ(initialized(container).status, 200);
  std::size_t lines = 0;
  EXPECT_TRUE(testing_support::eventually([&] {
    const auto logs = container.logs({});
    EXPECT_FALSE(logs.failed);
    lines += logs.lines.size();
    return lines > 0;
  }));
}

TEST_F(DockerTest, AKindThatPrintsNoSentinelsIsNotWaitedFor) {
  config_.kinds_without_sentinels = {"faulty"};
  const auto container = faulty("no sentinels");
  ASSERT_NE(container, nullptr);
  take_what_is_there(*container);
}

TEST_F(DockerTest, APulledImageIsNotTakenToPrintSentinels) {
  ASSERT_NE(faulty(""), nullptr);
  auto spec = spec_of("blackbox", image_of("faulty").text());
  spec.environment.emplace_back("FAULT", "no sentinels");
  const auto container = create(spec);
  ASSERT_NE(container, nullptr);
  take_what_is_there(*container);
}

TEST_F(DockerTest, AKindThatOughtToPrintSentinelsAndDoesNotHasLostLogs) {
  const auto container = faulty("no sentinels");
  ASSERT_NE(container, nullptr);
  ASSERT_EQ(initialized(*container).status, 200);
  EXPECT_TRUE(container->logs({}).failed);
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

TEST_F(DockerTest, AVolumesFilesAreTheActionsOwnWhateverUserItRunsAs) {
  char folder[] = "/var/tmp/larder-volume-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  ASSERT_EQ(chown(folder, invoker::kActionOwner, invoker::kActionOwner), 0);
  for (const std::string user : {"0", "0:33", "1000:1000"}) {
    config_.extra_arguments = {{"user", {user}}};
    use(config_);
    const auto container = native(
        "rm -f /data/new && echo x > /data/new && test -O /data -a -G /data -a -O /data/new || "
        "exit 1");
    base::UniqueFd tree(open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    const auto attached =
        container->attach({"/data", std::move(tree), false, invoker::FileOwners::kContainer});
    ASSERT_TRUE(attached.ok()) << attached.error().message;
    const auto outcome = run(*container);
    EXPECT_EQ(outcome.body, "{}") << "as user " << user;
    struct stat about{};
    ASSERT_EQ(stat((std::string(folder) + "/new").c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, invoker::kActionOwner) << "as user " << user;
    EXPECT_EQ(about.st_gid, invoker::kActionOwner) << "as user " << user;
  }
  std::filesystem::remove_all(folder);
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

// Whoever ends it, and however it stands, it is told at once.
TEST_F(DockerTest, AContainerThatSomebodyElseRemovesIsOver) {
  for (const std::string_view state : {"warm", "paused", "paused by another"}) {
    const auto container = native();
    ASSERT_NE(container, nullptr);
    base::Status paused;
    if (state == "paused") paused = container->pause();
    if (state == "paused by another") paused = api_->pause(container->id());
    ASSERT_TRUE(paused.ok());
    ASSERT_TRUE(docker("/usr/bin/docker rm -f " + container->id())) << state;
    pollfd end{container->end_descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&end, 1, 10'000), 1) << state;
    EXPECT_EQ(run(*container).error, CallError::kConnectionRefused) << state;
    const auto begin = Clock::now();
    container->destroy();
    EXPECT_LT(Clock::now() - begin, seconds(5)) << state;
  }
}

TEST_F(DockerTest, AContainerThatIsRemovedWhileItRunsBreaksTheCall) {
  const auto container = native("sleep 1000");
  std::jthread caller(
      [&] { EXPECT_EQ(run(*container, "{}", seconds(30)).error, CallError::kConnectionLost); });
  while (count_of(config_.name_prefix) == 0) std::this_thread::yield();
  ASSERT_TRUE(docker("/usr/bin/docker rm -f " + container->id()));
  caller.join();
}

TEST_F(DockerTest, AContainerThatSomebodyElsePausedServesTheNextCallAndCanBeDestroyed) {
  auto container = native();
  ASSERT_TRUE(api_->pause(container->id()).ok());
  invoker::CallOutcome outcome;  // the first call may come before the daemon's word of it
  for (int i = 0; i < 20 && outcome.status != 200; ++i) {
    outcome = run(*container, "{}", milliseconds(500));
  }
  EXPECT_EQ(outcome.status, 200);
  ASSERT_TRUE(container->pause().ok());
  ASSERT_TRUE(container->resume().ok());
  EXPECT_EQ(run(*container).status, 200);

  container = native();
  ASSERT_TRUE(api_->pause(container->id()).ok());
  const auto begin = Clock::now();
  container.reset();
  EXPECT_LT(Clock::now() - begin, seconds(5));
  EXPECT_EQ(count_of(config_.name_prefix), 0U);
}

// A process that lives until it is killed.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0) {
      pause();
      _exit(0);
    }
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  HostView view() const {
    HostView view;
    view.pid = pid_;
    view.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    return view;
  }

 private:
  const pid_t pid_;
};

TEST_F(DockerTest, AnAddressHasOneOwner) {
  const Sleeper one, two, three;
  const auto first = std::make_shared<Ending>(one.view());
  const auto second = std::make_shared<Ending>(two.view());
  const auto third = std::make_shared<Ending>(three.view());
  EngineWatch watch(*api_, test_clock(), test_log());
  watch.add("a", "172.17.0.2", first);
  watch.add("b", "172.17.0.3", second);
  EXPECT_FALSE(first->ended());
  watch.add("c", "172.17.0.2", third);
  EXPECT_TRUE(first->wait(milliseconds(10'000)));
  EXPECT_FALSE(second->ended());
  EXPECT_FALSE(third->ended());
}

TEST(EndProcessesOf, TakesNoIdThatIsNotWhole) {
  EXPECT_EQ(end_processes_of({}), 0U);
  EXPECT_EQ(end_processes_of({"", "/", "freezer", std::string(63, 'a'), std::string(64, 'g')}), 0U);
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

  bool becomes(bool ok) const {
    return testing_support::eventually([&] { return factory_->health().ok == ok; });
  }
  pid_t daemon() const {
    pid_t pid = 0;
    std::ifstream(folder_ + "/pids") >> pid;
    return pid;
  }
  // First processes of containers, by the groups that bear the name of the daemon's bridge.
  std::set<std::string> processes() const {
    std::string bridge;
    std::ifstream(folder_ + "/data/bridge") >> bridge;
    std::set<std::string> containers;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::stringstream text;  // stays empty where the process ends meanwhile
      text << std::ifstream(entry.path() / "cgroup").rdbuf();
      const std::string groups = text.str();
      const std::string parent = "larder-docker-" + bridge + "/";
      const auto at = groups.find(parent);
      if (at != std::string::npos) containers.insert(groups.substr(at + parent.size(), 64));
    }
    return containers;
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
            CallError::kConnectionRefused);
  auto after = factory_->create(spec_);
  ASSERT_TRUE(after.ok()) << after.error().message;
  before->reset();
  after->reset();
  const base::Status removed = factory_->remove_leftovers();
  EXPECT_TRUE(removed.ok()) << removed.error().message;
}

TEST_F(DockerDaemonTest, ADaemonThatIsAwayOrStandsStillIsTroubleUntilItAnswers) {
  EXPECT_TRUE(factory_->health().ok);
  ASSERT_TRUE(service("crash"));
  EXPECT_TRUE(becomes(false)) << "dead";
  EXPECT_THAT(factory_->health().last_error, ::testing::MatchesRegex("GET .*/(_ping|events).*: .+"))
      << "whichever met it first";
  ASSERT_TRUE(service("resume"));
  EXPECT_TRUE(becomes(true));
  EXPECT_NE(factory_->health().last_error, "") << "stays to be read";

  const auto since = factory_->health().since;
  const pid_t pid = daemon();
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  EXPECT_TRUE(becomes(false)) << "stopped";
  EXPECT_GT(factory_->health().since, since);
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  EXPECT_TRUE(becomes(true));
  EXPECT_TRUE(factory_->create(spec_).ok());
}

// Its processes hold an address that the next daemon gives to somebody else.
TEST_F(DockerDaemonTest, ContainersWhoseStartTheDaemonDiedOfLeaveNoProcess) {
  std::vector<std::jthread> starts;
  for (int i = 0; i < 8; ++i) {
    starts.emplace_back([&, spec = spec_, i]() mutable {
      spec.name = config_.name_prefix + std::to_string(i) + "_start";
      static_cast<void>(factory_->create(spec).ok());
    });
  }
  const auto end = Clock::now() + seconds(20);
  while (processes().size() < 3 && Clock::now() < end) std::this_thread::yield();
  ASSERT_TRUE(service("crash"));
  starts.clear();
  ASSERT_TRUE(service("resume"));
  auto after = factory_->create(spec_);
  ASSERT_TRUE(after.ok()) << after.error().message;
  const auto own = processes();
  EXPECT_EQ(own.size(), 1U) << "all others have ended before the daemon gives an address away";
}

// Containers that the daemon has no record of, one of them standing still by our hand.
TEST_F(DockerDaemonTest, WhatTheDaemonHasLostIsEndedWhenItComesBack) {
  auto frozen = factory_->create(spec_);
  spec_.name = config_.name_prefix + "2_x";
  auto running = factory_->create(spec_);
  ASSERT_TRUE(frozen.ok() && running.ok());
  ASSERT_TRUE((*frozen)->pause().ok());
  ASSERT_TRUE(service("crash"));
  for (const auto& container : {std::ref(*frozen), std::ref(*running)}) {
    std::filesystem::remove_all(folder_ + "/data/root/containers/" + container.get()->id());
  }
  ASSERT_TRUE(service("resume"));
  for (const auto& container : {std::ref(*frozen), std::ref(*running)}) {
    pollfd ended{container.get()->end_descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 20'000), 1);
  }
  EXPECT_EQ(processes().size(), 0U);
}

TEST_F(DockerDaemonTest, ADaemonWhoseContainerdDiesIsUsedOn) {
  auto before = factory_->create(spec_);
  ASSERT_TRUE(before.ok());
  const std::string pidfile = folder_ + "/data/exec/containerd/containerd.pid";
  pid_t pid = 0;
  std::ifstream(pidfile) >> pid;
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  spec_.name = config_.name_prefix + "2_x";
  const auto end = Clock::now() + seconds(30);
  auto after = factory_->create(spec_);
  while (!after.ok() && Clock::now() < end) after = factory_->create(spec_);
  ASSERT_TRUE(after.ok()) << after.error().message;
  pollfd ended{(*before)->end_descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0) << "what ran goes on";
  before->reset();
  after->reset();
  EXPECT_TRUE(factory_->remove_leftovers().ok());
  EXPECT_EQ(processes().size(), 0U);
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
