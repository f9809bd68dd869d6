// Ephemeral files in the tree of an attempt: live names beside the snapshot's, reading while
// writing, and the ways from one tier to the other.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "mounted_fixture.h"
#include "storage_ephemeral/node.h"
#include "testing/memory_object_store.h"

namespace storage_attempts {
namespace {

using namespace std::chrono_literals;

class EphemeralTest : public MountedTest {
 protected:
  void SetUp() override {
    MountedTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    storage_ephemeral::NodeSettings settings;
    settings.name = "node";
    settings.listen = {"127.0.0.1", 0};
    settings.trust = storage_ephemeral::SharedKey{"a key that nodes of this test share"};
    settings.address_of = [](const auto&) { return std::nullopt; };
    settings.copy_candidates = [] { return std::vector<storage_ephemeral::NodeName>{}; };
    auto node = storage_ephemeral::Node::start(std::move(settings), store_, clock_, log_);
    ASSERT_TRUE(node.ok()) << node.error().message;
    node_ = std::move(*node);
    std::filesystem::create_directory(directory_ / "ephemeral");
    auto volume = node_->attach("test/volume", directory_ / "ephemeral", {});
    ASSERT_TRUE(volume.ok()) << volume.error().message;
    ephemeral_ = std::move(*volume);
    hints_.rules = {{"*.part", hints::Tier::kEphemeral}, {"scratch", hints::Tier::kEphemeral}};
    hints_.seal = hints::Seal::kClose;
    attach(11, ephemeral_, hints_);
    attach(12, ephemeral_, hints_);
  }
  void TearDown() override {
    if (files_)
      for (const std::uint64_t attempt : {11, 12}) files_->drop(attempt);
    MountedTest::TearDown();
    ephemeral_.reset();
    node_.reset();
  }

  InodeNumber ephemeral_inode(const std::string& name) const {
    return ephemeral_->find({storage::kRootInode, name})->inode;
  }
  std::set<std::string> names(const Path& directory) {
    std::set<std::string> names;
    for (const auto& item : std::filesystem::directory_iterator(directory))
      names.insert(item.path().filename());
    return names;
  }

  testing_support::MemoryObjectStore store_;
  std::unique_ptr<storage_ephemeral::Node> node_;
  std::shared_ptr<storage_ephemeral::Volume> ephemeral_;
  hints::Volume hints_;
};

TEST_P(EphemeralTest, NamesAreSeenByOtherAttemptsAtOnceAndAreNoPartOfTheCommit) {
  ASSERT_EQ(put(at(11) / "a.part", "bytes"), 0);
  EXPECT_EQ(content_of(at(11) / "a.part"), "bytes");
  EXPECT_EQ(content_of(at(12) / "a.part"), "bytes");
  EXPECT_TRUE(names(at(12)).contains("a.part"));
  EXPECT_TRUE(names(at(12)).contains("small"));
  const auto finished = files_->finish(11);
  ASSERT_TRUE(finished.ok());
  EXPECT_TRUE(finished->write.names.empty());
  EXPECT_TRUE(finished->write.directories.empty());
  ASSERT_EQ(::unlink((at(12) / "a.part").c_str()), 0);
  EXPECT_FALSE(std::filesystem::exists(at(11) / "a.part"));
}

TEST_P(EphemeralTest, AListingGivesWhatIsThereAllTheTimeOnceWhateverComesAndGoes) {
  ASSERT_EQ(::mkdir((at(11) / "scratch").c_str(), 0755), 0);
  const auto file_name = [](int i) { return "f" + std::to_string(i); };
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(put(at(11) / "scratch" / file_name(i), ""), 0);
  std::map<std::string, int> seen;
  DIR* const listing = ::opendir((at(12) / "scratch").c_str());
  ASSERT_NE(listing, nullptr);
  const auto next = [&] {
    const dirent* const item = ::readdir(listing);  // NOLINT(concurrency-mt-unsafe): ours alone
    if (item != nullptr) ++seen[item->d_name];
    return item != nullptr;
  };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(next());
  for (int i = 0; i < 1000; i += 2)
    ASSERT_EQ(::unlink((at(11) / "scratch" / file_name(i)).c_str()), 0);
  ASSERT_EQ(put(at(11) / "scratch" / "late", ""), 0);
  EXPECT_EQ(names(at(12) / "scratch").size(), 501U);  // another listing of it, meanwhile
  while (next()) continue;
  for (int i = 1; i < 1000; i += 2) EXPECT_EQ(seen[file_name(i)], 1) << i;
  for (const auto& [name, times] : seen) EXPECT_LE(times, 1) << name;
  ::rewinddir(listing);
  seen.clear();
  while (next()) continue;
  ::closedir(listing);
  EXPECT_EQ(seen.size(), 503U);  // with "." and ".."
}

TEST_P(EphemeralTest, AReaderGetsBytesAsTheyComeAndWaitsForTheRest) {
  base::UniqueFd writer(
      ::open((at(11) / "log.part").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::write(writer.get(), "first ", 6), 6);
  const base::UniqueFd reader(::open((at(12) / "log.part").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(reader.valid()) << std::strerror(errno);
  char buffer[100];
  ASSERT_EQ(::read(reader.get(), buffer, sizeof buffer), 6);
  auto rest = std::async(std::launch::async, [&] {
    std::string all;
    for (ssize_t got; (got = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  });
  ASSERT_EQ(::write(writer.get(), "second", 6), 6);
  writer.reset();
  ASSERT_EQ(rest.wait_for(20s), std::future_status::ready);
  EXPECT_EQ(rest.get(), "second");
}

TEST_P(EphemeralTest, AnAttemptReadsItsOwnFilesLikeAnyFile) {
  hints_.seal = hints::Seal::kActivation;
  attach(13, ephemeral_, hints_);
  ASSERT_EQ(put(at(13) / "own.part", "not sealed yet"), 0);
  EXPECT_EQ(content_of(at(13) / "own.part"), "not sealed yet");
  const base::UniqueFd writer(
      ::open((at(13) / "own.part").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  ASSERT_EQ(::write(writer.get(), "!", 1), 1);
  EXPECT_EQ(content_of(at(13) / "own.part"), "not sealed yet!");
  files_->drop(13);
}

TEST_P(EphemeralTest, AReaderThatWaitsCanBeInterrupted) {
  const base::UniqueFd writer(
      ::open((at(11) / "quiet.part").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const base::UniqueFd reader(::open((at(12) / "quiet.part").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  struct sigaction ignore{};
  ignore.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &ignore, nullptr);
  std::promise<pthread_t> started;
  auto result = std::async(std::launch::async, [&] {
    started.set_value(::pthread_self());
    char byte;
    return ::read(reader.get(), &byte, 1) < 0 ? errno : 0;
  });
  const pthread_t thread = started.get_future().get();
  while (result.wait_for(10ms) != std::future_status::ready) ::pthread_kill(thread, SIGUSR1);
  EXPECT_EQ(result.get(), EINTR);
}

TEST_P(EphemeralTest, AnEphemeralFileBecomesDurableWhereItsNewNameSaysSo) {
  ASSERT_EQ(put(at(11) / "result.part", "the result"), 0);
  ASSERT_EQ(::rename((at(11) / "result.part").c_str(), (at(11) / "result").c_str()), 0)
      << std::strerror(errno);
  EXPECT_EQ(content_of(at(11) / "result"), "the result");
  EXPECT_FALSE(std::filesystem::exists(at(12) / "result.part"));
  EXPECT_FALSE(std::filesystem::exists(at(12) / "result"));
  ASSERT_TRUE(commit(11));
  attach(13, ephemeral_, hints_);
  EXPECT_EQ(content_of(at(13) / "result"), "the result");
  files_->drop(13);
}

TEST_P(EphemeralTest, ADurableFileDoesNotBecomeEphemeral) {
  EXPECT_NE(::rename((at(11) / "small").c_str(), (at(11) / "small.part").c_str()), 0);
  EXPECT_EQ(errno, EXDEV);
  EXPECT_NE(::link((at(11) / "small").c_str(), (at(11) / "small.part").c_str()), 0);
  EXPECT_EQ(errno, EXDEV);
}

TEST_P(EphemeralTest, DirectoriesHaveTiersToo) {
  const Path scratch = at(11) / "scratch";
  ASSERT_EQ(::mkdir(scratch.c_str(), 0755), 0);
  ASSERT_EQ(put(scratch / "anything", "x"), 0);
  ASSERT_EQ(::mkdir((scratch / "below").c_str(), 0755), 0);
  EXPECT_EQ(content_of(at(12) / "scratch" / "anything"), "x");
  struct stat stat{};
  ASSERT_EQ(::stat(scratch.c_str(), &stat), 0);
  EXPECT_EQ(stat.st_nlink, 3U);
  EXPECT_NE(::rmdir(scratch.c_str()), 0);
  EXPECT_EQ(errno, ENOTEMPTY);
  EXPECT_NE(::rename(scratch.c_str(), (scratch / "below" / "circle").c_str()), 0);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_NE(::rename(scratch.c_str(), (at(11) / "durable").c_str()), 0);
  EXPECT_EQ(errno, EXDEV);
  EXPECT_TRUE(std::filesystem::remove_all(scratch) > 0);
  EXPECT_FALSE(std::filesystem::exists(at(12) / "scratch"));
}

TEST_P(EphemeralTest, TheAttributeOfADirectoryAndTheSuffixOfANameDecide) {
  const Path directory = at(11) / "directory";
  const char said[] = "ephemeral";
  ASSERT_EQ(::setxattr(directory.c_str(), "user.tier", said, sizeof said - 1, 0), 0);
  EXPECT_EQ(put(directory / "file", "x"), 0);
  EXPECT_EQ(put(at(11) / "data.id", "y"), 0);
  EXPECT_EQ(content_of(at(12) / "directory" / "file"), "x");
  EXPECT_EQ(content_of(at(12) / "data.id"), "y");
  char tier[20];
  ASSERT_EQ(::getxattr((at(11) / "data.id").c_str(), "user.tier", tier, sizeof tier), 9);
  EXPECT_EQ(::setxattr(directory.c_str(), "user.tier", "fast", 4, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_P(EphemeralTest, AFileIsWrittenAnewWhileItIsRead) {
  ASSERT_EQ(put(at(11) / "x.part", "old bytes"), 0);
  // The kernel tells of the last close when it has been done.
  const auto state = [&] { return ephemeral_->get(ephemeral_inode("x.part"))->record.state; };
  while (state() != storage_ephemeral::FileState::kSealed) std::this_thread::yield();
  const base::UniqueFd reader(::open((at(12) / "x.part").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(reader.valid()) << std::strerror(errno);
  ASSERT_EQ(put(at(12) / "x.part", "NEW"), 0);
  char buffer[20];
  EXPECT_EQ(::pread(reader.get(), buffer, sizeof buffer, 0), 9);
  EXPECT_EQ(std::string(buffer, 9), "old bytes");
  EXPECT_EQ(content_of(at(12) / "x.part"), "NEW");
}

TEST_P(EphemeralTest, SizesAndTimesOfAFileThatIsWrittenAreThoseOfNow) {
  const base::UniqueFd writer(
      ::open((at(11) / "grows.part").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::write(writer.get(), "12345", 5), 5);
  EXPECT_EQ(std::filesystem::file_size(at(11) / "grows.part"), 5U);
  EXPECT_EQ(std::filesystem::file_size(at(12) / "grows.part"), 5U);
  ASSERT_EQ(::ftruncate(writer.get(), 2), 0);
  EXPECT_EQ(std::filesystem::file_size(at(12) / "grows.part"), 2U);
}

INSTANTIATE_TEST_SUITE_P(Kernel, EphemeralTest, testing::Bool(), [](const auto& one) {
  return one.param ? std::string("Passthrough") : std::string("Served");
});

}  // namespace
}  // namespace storage_attempts
