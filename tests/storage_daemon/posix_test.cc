// The suite from the manual pages, in an attempt of larder-storaged.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node.h"

namespace storaged_test {
namespace {

// A descriptor that was open before goes on writing in the kernel, which tells nobody.
constexpr const char* kKnown =
    "set-id bits: are cleared by a write through a descriptor that was open before they were set";

// The exit status of the suite in that directory, or of its checks with `only` in their title.
int run_suite(const std::string& directory, const std::string& only) {
  std::vector<std::string> words{POSIX_SUITE, directory, "--known", kKnown};
  if (!only.empty()) words.insert(words.end(), {"--only", only});
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawn(&child, POSIX_SUITE, nullptr, nullptr, arguments.data(), environ) != 0) {
    return -1;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// In an attempt at that volume.
void expect_directory_of_manual_pages(const hints::Volume& volume, const std::string& only = "") {
  if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
  const Folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const Node node(folder.path());
  const auto client = node.client("invoker");
  Use use(*client, "a1", volume);
  ASSERT_TRUE(use.ok()) << use.error().message;
  const std::string at = folder.path() / "at";
  std::filesystem::create_directory(at);
  ASSERT_EQ(::move_mount(use.root(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH), 0);
  const int status = run_suite(at, only);
  ASSERT_EQ(::umount2(at.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(status, 0);
  const auto report = use.finish(true);
  EXPECT_TRUE(report) << report.error().message;
}

TEST(Posix, AnAttemptIsADirectoryAsTheManualPagesHaveIt) {
  expect_directory_of_manual_pages(volume_of("job"));
}

// Each name and each close is a commit there: the whole suite takes minutes (and passes).
TEST(Posix, AndSoIsOneThatPublishesAtOnce) {
  hints::Volume volume = volume_of("job");
  volume.isolation = hints::Isolation::kNone;
  expect_directory_of_manual_pages(volume, "rename: ");
}

}  // namespace
}  // namespace storaged_test
