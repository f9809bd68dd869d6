// What every invoker::ContainerFactory must do, whatever its containers are made of.
//
// A backend is a type with static members skip_reason() ("" when it can be tested here) and
// make_factory(). Its containers must run the kind "blackbox" from a script with a "#!" line.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "calls.h"
#include "invoker/container.h"

namespace invoker_container {

// A directory of the host that anybody may write to.
class TestFolder {
 public:
  TestFolder() {
    char path[] = "/tmp/larder-volume-XXXXXX";
    path_ = mkdtemp(path);
    chmod(path, 0777);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  base::UniqueFd tree() const {
    return base::UniqueFd(open_tree(AT_FDCWD, path_.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }

 private:
  std::string path_;
};

template <typename Backend>
class ContainerContract : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = Backend::skip_reason();
    if (!reason.empty()) GTEST_SKIP() << reason;
    factory_ = Backend::make_factory();
    ASSERT_NE(factory_, nullptr);
    ASSERT_TRUE(factory_->remove_leftovers().ok());
  }

  std::unique_ptr<invoker::Container> start(const std::string& body, std::int64_t megabytes = 128) {
    auto container = factory_->create(spec_of("blackbox", megabytes));
    EXPECT_TRUE(container.ok()) << container.error().message;
    if (!container.ok()) return nullptr;
    EXPECT_EQ(initialize(**container, loop_script(body)).status, 200);
    return std::move(*container);
  }

  std::unique_ptr<invoker::ContainerFactory> factory_;
};

TYPED_TEST_SUITE_P(ContainerContract);

TYPED_TEST_P(ContainerContract, AnInitialisedContainerAnswersARun) {
  const auto container = this->start(R"(echo "$line" >&3)");
  const auto outcome = run(*container, R"({"n":123456789012345678901234567890.10})");
  EXPECT_EQ(outcome.error, invoker::CallError::kNone);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_THAT(outcome.body, ::testing::HasSubstr(R"("n":123456789012345678901234567890.10)"));
}

TYPED_TEST_P(ContainerContract, TheActionSeesItsEnvironment) {
  const auto container = this->start(R"(echo "{\"a\":\"$GREETING $__OW_API_HOST\"}" >&3)");
  EXPECT_EQ(run(*container).body, R"({"a":"hello http://127.0.0.1:3233"})");
}

TYPED_TEST_P(ContainerContract, ASecondInitIsRefused) {
  const auto container = this->start("echo '{}' >&3");
  const auto outcome = initialize(*container, "#!/bin/sh\n");
  EXPECT_EQ(outcome.status, 403);
  EXPECT_EQ(outcome.body, R"({"error":"Cannot initialize the action more than once."})");
}

TYPED_TEST_P(ContainerContract, AnInitWithoutCodeIsRefused) {
  auto container = this->factory_->create(spec_of("blackbox"));
  ASSERT_TRUE(container.ok());
  const auto outcome = (*container)->post("/init", R"({"value":{}})", in(kLong), {}, true);
  EXPECT_EQ(outcome.status, 403);
  EXPECT_EQ(outcome.body, R"({"error":"Missing main/no code to execute."})");
}

TYPED_TEST_P(ContainerContract, LogsComeUpToBothSentinelsWithTheirStream) {
  const auto container = this->start("echo one; echo two >&2; echo '{}' >&3");
  ASSERT_EQ(run(*container).status, 200);
  const auto logs = container->logs({});
  ASSERT_EQ(logs.lines.size(), 2U);
  const bool out_first = !logs.lines[0].is_stderr;
  EXPECT_EQ(logs.lines[out_first ? 0 : 1].text, "one");
  EXPECT_EQ(logs.lines[out_first ? 1 : 0].text, "two");
  EXPECT_NE(logs.lines[0].is_stderr, logs.lines[1].is_stderr);
  EXPECT_FALSE(logs.failed || logs.truncated);
}

TYPED_TEST_P(ContainerContract, EachActivationGetsItsOwnLogs) {
  const auto container = this->start("echo $((++n)); echo '{}' >&3");
  for (const char* expected : {"1", "2", "3"}) {
    ASSERT_EQ(run(*container).status, 200);
    const auto logs = container->logs({});
    ASSERT_EQ(logs.lines.size(), 1U);
    EXPECT_EQ(logs.lines[0].text, expected);
  }
}

TYPED_TEST_P(ContainerContract, LogsBeyondTheLimitAreTruncated) {
  const auto container = this->start("seq 1 20000; echo '{}' >&3");
  ASSERT_EQ(run(*container).status, 200);
  const auto logs = container->logs({.limit_bytes = 100'000});
  EXPECT_TRUE(logs.truncated);
  EXPECT_GT(logs.lines.size(), 1'000U);
  EXPECT_LT(logs.lines.size(), 2'000U);
}

TYPED_TEST_P(ContainerContract, WithoutSentinelsLogsAreWhatIsThere) {
  const auto container = this->start("echo dying; kill -9 $$");
  EXPECT_EQ(run(*container).error, invoker::CallError::kConnectionLost);
  const auto logs = container->logs({.wait_for_sentinels = false});
  ASSERT_EQ(logs.lines.size(), 1U);
  EXPECT_EQ(logs.lines[0].text, "dying");
  EXPECT_FALSE(logs.failed);
}

TYPED_TEST_P(ContainerContract, AnActionThatEndsBreaksTheConnection) {
  const auto container = this->start("kill -9 $$");
  EXPECT_EQ(run(*container).error, invoker::CallError::kConnectionLost);
  EXPECT_FALSE(container->memory_exhausted());
}

TYPED_TEST_P(ContainerContract, AHangingActionRunsIntoTheDeadline) {
  const auto container = this->start("sleep 1000");
  const auto outcome = run(*container, "{}", std::chrono::milliseconds(300));
  EXPECT_EQ(outcome.error, invoker::CallError::kTimeout);
  EXPECT_GE(outcome.elapsed, std::chrono::milliseconds(290));
}

TYPED_TEST_P(ContainerContract, AnActionThatTakesTooMuchMemoryIsKilledAndSaysSo) {
  const auto container =
      this->start("x=$(head -c 400000000 /dev/zero | tr '\\0' x); echo '{}' >&3");
  EXPECT_EQ(run(*container).error, invoker::CallError::kConnectionLost);
  EXPECT_TRUE(container->memory_exhausted());
}

TYPED_TEST_P(ContainerContract, APausedContainerStandsStillAndGoesOnWhenResumed) {
  const auto container = this->start("echo '{}' >&3");
  ASSERT_EQ(run(*container).status, 200);
  ASSERT_TRUE(container->pause().ok());
  const auto outcome = run(*container, "{}", std::chrono::milliseconds(200));
  EXPECT_EQ(outcome.error, invoker::CallError::kTimeout);
  ASSERT_TRUE(container->resume().ok());
  EXPECT_EQ(run(*container).status, 200);
}

TYPED_TEST_P(ContainerContract, KillingBreaksTheCallUnderWay) {
  const auto container = this->start("sleep 1000");
  std::jthread caller([&] {
    const invoker::CallError error = run(*container, "{}", std::chrono::seconds(30)).error;
    EXPECT_THAT(error, ::testing::AnyOf(invoker::CallError::kConnectionLost,
                                        invoker::CallError::kConnectionRefused));
  });
  container->kill();
  caller.join();
  container->kill();
  container->destroy();
}

TYPED_TEST_P(ContainerContract, APausedContainerCanBeDestroyed) {
  const auto container = this->start("echo '{}' >&3");
  ASSERT_TRUE(container->pause().ok());
  container->destroy();
  EXPECT_NE(run(*container, "{}", std::chrono::milliseconds(500)).error, invoker::CallError::kNone);
  container->destroy();
}

TYPED_TEST_P(ContainerContract, AVolumeIsSeenFromAttachToDetach) {
  const TestFolder folder;
  folder.write("in", "from outside");
  const auto container = this->start(
      "cp /mnt/data/in /mnt/data/out 2>/dev/null && echo '{\"a\":1}' >&3 || echo '{\"a\":0}' >&3");
  EXPECT_EQ(run(*container).body, R"({"a":0})");
  ASSERT_TRUE(container->attach({"/mnt/data", folder.tree(), false}).ok());
  EXPECT_EQ(run(*container).body, R"({"a":1})");
  EXPECT_EQ(folder.read("out"), "from outside");
  const auto detached = container->detach("/mnt/data");
  ASSERT_TRUE(detached.ok());
  EXPECT_EQ(*detached, invoker::DetachOutcome::kClean);
  EXPECT_EQ(run(*container).body, R"({"a":0})");
}

TYPED_TEST_P(ContainerContract, AReadOnlyVolumeCannotBeWritten) {
  const TestFolder folder;
  const auto container = this->start(
      "(echo x > /data/new) 2>/dev/null && echo '{\"a\":1}' >&3 || echo '{\"a\":0}' >&3");
  ASSERT_TRUE(container->attach({"/data", folder.tree(), true}).ok());
  EXPECT_EQ(run(*container).body, R"({"a":0})");
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/new"));
}

TYPED_TEST_P(ContainerContract, FilesAreStoredUnderTheIdsThatTheContainerCounts) {
  const TestFolder folder;
  const auto container = this->start("echo x > /data/new; echo \"{\\\"uid\\\":$(id -u)}\" >&3");
  const auto attached =
      container->attach({"/data", folder.tree(), false, invoker::FileOwners::kContainer});
  if (!attached.ok() && attached.error().code == base::ErrorCode::kUnsupported) {
    GTEST_SKIP() << attached.error().message;
  }
  ASSERT_TRUE(attached.ok()) << attached.error().message;
  const auto outcome = run(*container);
  struct stat about{};
  ASSERT_EQ(stat((folder.path() + "/new").c_str(), &about), 0);
  EXPECT_EQ(outcome.body, "{\"uid\":" + std::to_string(about.st_uid) + "}");
}

TYPED_TEST_P(ContainerContract, AVolumeCanBeAttachedToAPausedContainer) {
  const TestFolder folder;
  const auto container = this->start("echo x > /data/new; echo '{}' >&3");
  ASSERT_TRUE(container->pause().ok());
  ASSERT_TRUE(container->attach({"/data", folder.tree(), false}).ok());
  ASSERT_TRUE(container->resume().ok());
  EXPECT_EQ(run(*container).status, 200);
  EXPECT_EQ(folder.read("new"), "x\n");
  ASSERT_TRUE(container->pause().ok());
  const auto detached = container->detach("/data");
  ASSERT_TRUE(detached.ok());
  EXPECT_EQ(*detached, invoker::DetachOutcome::kClean);
}

TYPED_TEST_P(ContainerContract, AFileThatIsHeldOpenShowsAtDetach) {
  const TestFolder folder;
  folder.write("secret", "of the first user");
  const auto container = this->start("exec 7< /data/secret; echo '{}' >&3");
  ASSERT_TRUE(container->attach({"/data", folder.tree(), false}).ok());
  ASSERT_EQ(run(*container).status, 200);
  const auto detached = container->detach("/data");
  ASSERT_TRUE(detached.ok());
  EXPECT_EQ(*detached, invoker::DetachOutcome::kHeld);
}

TYPED_TEST_P(ContainerContract, OnePlaceHoldsOneVolume) {
  const TestFolder folder;
  const auto container = this->start("echo '{}' >&3");
  ASSERT_TRUE(container->attach({"/data", folder.tree(), false}).ok());
  const auto second = container->attach({"/data", folder.tree(), false});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::ErrorCode::kAlreadyExists);
}

TYPED_TEST_P(ContainerContract, SystemPlacesTakeNoVolume) {
  const TestFolder folder;
  const auto container = this->start("echo '{}' >&3");
  for (const char* target : {"/", "/proc", "/proc/x", "/usr/lib/x", "/etc", "/tmp/x", "relative",
                             "", "/data/../proc", "/data/", "//data", "/./data"}) {
    const auto status = container->attach({target, folder.tree(), false});
    ASSERT_FALSE(status.ok()) << target;
    EXPECT_EQ(status.error().code, base::ErrorCode::kInvalidArgument) << target;
  }
}

TYPED_TEST_P(ContainerContract, NothingIsDetachedWhereNothingWasAttached) {
  const auto container = this->start("echo '{}' >&3");
  const auto detached = container->detach("/data");
  ASSERT_FALSE(detached.ok());
  EXPECT_EQ(detached.error().code, base::ErrorCode::kNotFound);
}

TYPED_TEST_P(ContainerContract, AnUnknownKindIsUnsupported) {
  const auto container = this->factory_->create(spec_of("cobol:60"));
  ASSERT_FALSE(container.ok());
  EXPECT_EQ(container.error().code, base::ErrorCode::kUnsupported);
}

TYPED_TEST_P(ContainerContract, AnEndIsToldAndANewInitIsRefused) {
  const auto container = this->start("");
  pollfd end{container->end_descriptor(), POLLIN, 0};
  ASSERT_GE(end.fd, 0);
  EXPECT_EQ(poll(&end, 1, 0), 0);
  container->kill();
  EXPECT_EQ(poll(&end, 1, 10'000), 1);
  // Not lost: nobody has seen the request.
  const auto outcome = container->post("/init", "{}", in(std::chrono::seconds(10)), {}, true);
  EXPECT_EQ(outcome.error, invoker::CallError::kConnectionRefused);
}

TYPED_TEST_P(ContainerContract, AFactoryThatMakesContainersIsWell) {
  const auto container = this->start("");
  EXPECT_TRUE(this->factory_->health().ok) << this->factory_->health().last_error;
}

REGISTER_TYPED_TEST_SUITE_P(
    ContainerContract, AnInitialisedContainerAnswersARun, TheActionSeesItsEnvironment,
    ASecondInitIsRefused, AnInitWithoutCodeIsRefused, LogsComeUpToBothSentinelsWithTheirStream,
    EachActivationGetsItsOwnLogs, LogsBeyondTheLimitAreTruncated,
    WithoutSentinelsLogsAreWhatIsThere, AnActionThatEndsBreaksTheConnection,
    AHangingActionRunsIntoTheDeadline, AnActionThatTakesTooMuchMemoryIsKilledAndSaysSo,
    APausedContainerStandsStillAndGoesOnWhenResumed, APausedContainerCanBeDestroyed,
    KillingBreaksTheCallUnderWay, AnEndIsToldAndANewInitIsRefused,
    AFactoryThatMakesContainersIsWell, AVolumeIsSeenFromAttachToDetach,
    AReadOnlyVolumeCannotBeWritten, FilesAreStoredUnderTheIdsThatTheContainerCounts,
    AVolumeCanBeAttachedToAPausedContainer, AFileThatIsHeldOpenShowsAtDetach,
    OnePlaceHoldsOneVolume, SystemPlacesTakeNoVolume, NothingIsDetachedWhereNothingWasAttached,
    AnUnknownKindIsUnsupported);

}  // namespace invoker_container
