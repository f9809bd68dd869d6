// What is left after a process was killed, and who may open what it left.
#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <random>

#include "btrfs.h"
#include "loop_device.h"
#include "store_fixture.h"
#include "tier_store.h"

namespace storage {
namespace {

using base::ErrorCode;
using hints::Tier;

// Runs `work`, which tells of its progress by writing bytes to the descriptor it gets, in a child
// that is killed after `steps` of them.
void run_and_kill(int steps, const std::function<void(int progress_fd)>& work) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(ends[0]);
    work(ends[1]);
    ::_exit(1);
  }
  ::close(ends[1]);
  char step = 0;
  for (int i = 0; i < steps; ++i) {
    if (::read(ends[0], &step, 1) != 1) {
      ADD_FAILURE() << "the child ended by itself after " << i << " steps";
      break;
    }
  }
  ::kill(child, SIGKILL);
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
}

void say(int fd) { static_cast<void>(::write(fd, "x", 1) == 1); }

// An endless loop of everything an activation does.
void work_for_ever(const VolumeStoreOptions& options, int progress_fd) {
  const auto store = VolumeStore::open(options);
  if (!store.ok()) return;
  say(progress_fd);
  for (int i = 0;; ++i) {
    auto wish = volume_named("v" + std::to_string(i % 50), Tier::kDurable);
    wish.rules = {{"tmp/**", Tier::kEphemeral}};
    auto scratch_wish = scratch_named("s");
    auto opened = (*store)->open("guest", "a", wish, kUser);
    say(progress_fd);
    auto scratch = (*store)->open("guest", "a", scratch_wish, kUser);
    if (!opened.ok() || !scratch.ok()) return;
    const auto parts = (*opened)->take_parts();
    if (write_at(parts.at(0).tree.get(), "f", std::to_string(i)) != 0) return;
    if (write_at((*scratch)->take_parts().at(0).tree.get(), "f", "x") != 0) return;
    say(progress_fd);
    if (!(*opened)->finish(true).ok()) return;
    if (i % 2 == 0 && !(*scratch)->finish(true).ok()) return;
    if (i % 5 == 0 && !(*store)->remove("guest", wish.name).ok()) return;
    say(progress_fd);
  }
}

std::size_t entries_in(const TierStore& store, const std::string& directory) {
  const base::UniqueFd root(::openat(store.root_fd(), directory.c_str(), O_RDONLY | O_CLOEXEC));
  std::size_t count = 0;
  walk_tree(root.get(), [&](int, const char*, const struct stat&) { return ++count < 1000; });
  return count;
}

TEST_F(StoreTest, AKilledProcessLeavesNothingHalfMade) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 6; ++round) {
    run_and_kill(1 + static_cast<int>(random() % 120),
                 [&](int progress_fd) { work_for_ever(options_, progress_fd); });
    open_store();
    if (HasFatalFailure()) return;
    const auto listed = store_->list();
    ASSERT_TRUE(listed.ok());
    for (const auto& volume : *listed) {
      EXPECT_EQ(volume.quota_bytes, options_.quota_bytes) << volume.name;
      EXPECT_TRUE(volume.exact);
    }
    close_store();
    ASSERT_TRUE(eventually([this] { return !has_loop_device(directory_); }));
    const auto tier = TierStore::open({options_.directory / "ephemeral.img", Tier::kEphemeral,
                                       options_.ephemeral_bytes, CloneBy::kWhatWorks});
    ASSERT_TRUE(tier.ok()) << tier.error().message;
    for (const char* passing : {"scratch", "new", "trash"}) {
      EXPECT_EQ(entries_in(**tier, passing), 0U) << passing;
    }
  }
}

TEST_F(StoreTest, WhatAFinishedActivationWroteIsThereAfterAKill) {
  run_and_kill(1, [&](int progress_fd) {
    auto store = VolumeStore::open(options_);
    auto volume = (*store)->open("guest", "a", volume_named("v", Tier::kDurable), kUser);
    if (write_at((*volume)->take_parts().at(0).tree.get(), "f", "kept") != 0) return;
    if (!(*volume)->finish(true).ok()) return;
    say(progress_fd);
    ::pause();
  });
  open_store();
  EXPECT_EQ(read_at(open_volume(volume_named("v", Tier::kDurable)).fd(), "f"), "kept");
}

TEST_F(StoreTest, AKillDuringTheFirstStartIsNoHindrance) {
  std::filesystem::create_directories(options_.directory);
  const base::UniqueFd half(::open((options_.directory / "durable.img.new").c_str(),
                                   O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(half.get(), "garbage", 7), 7);
  open_store();
  EXPECT_FALSE(std::filesystem::exists(options_.directory / "durable.img.new"));
}

TEST_F(StoreTest, TwoStoresAtOnceAreRefusedWithThePid) {
  open_store();
  const auto second = VolumeStore::open(options_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
}

TEST_F(StoreTest, AnImageThatIsStillInUseIsNotAttachedTwice) {
  open_store();
  const base::UniqueFd image(
      ::open((options_.directory / "durable.img").c_str(), O_RDWR | O_CLOEXEC));
  const auto waited = wait_until_detached(image.get(), std::chrono::steady_clock::now());
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(waited.error().message.find("/dev/loop"), std::string::npos);
}

TEST_F(StoreTest, AnImageThatIsNoFileSystemIsAnErrorThatNamesTheDevice) {
  std::filesystem::create_directories(options_.directory);
  const base::UniqueFd image(
      ::open((options_.directory / "durable.img").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::ftruncate(image.get(), options_.durable_bytes), 0);
  const auto opened = VolumeStore::open(options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("/dev/loop"), std::string::npos) << opened.error().message;
}

class TierTest : public StoreTest {
 protected:
  std::unique_ptr<TierStore> open_tier(CloneBy clone_by) {
    auto tier = TierStore::open({directory_ / "tier.img", Tier::kEphemeral, 256 << 20, clone_by});
    EXPECT_TRUE(tier.ok()) << tier.error().message;
    return std::move(*tier);
  }
};

TEST_F(TierTest, SubvolumesThatAnActionMadeAreRemovedWithItsVolume) {
  const auto tier = open_tier(CloneBy::kWhatWorks);
  auto scratch = tier->make_scratch("guest", "a", 10'000'000, kUser);
  ASSERT_TRUE(scratch.ok());
  ASSERT_EQ(::mkdirat(scratch->fd.get(), "d", 0700), 0);
  {
    const base::UniqueFd inner(::openat(scratch->fd.get(), "d", O_RDONLY | O_CLOEXEC));
    const auto one = create_subvolume(inner.get(), "one");
    ASSERT_TRUE(one.ok());
    ASSERT_TRUE(create_subvolume(one->get(), "two").ok());
    ASSERT_TRUE(create_subvolume(scratch->fd.get(), "three").ok());
  }
  const auto removed = tier->remove_scratch(scratch->scratch_name);
  EXPECT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_EQ(entries_in(*tier, "scratch"), 0U);
  EXPECT_TRUE(tier->remove_scratch(scratch->scratch_name).ok()) << "gone is gone";
}

TEST_F(TierTest, AThreadWithItsOwnMountNamespaceClonesWhereTheKernelCannotDirectly) {
  const auto tier = open_tier(CloneBy::kKeeper);
  auto volume = tier->open_or_make("guest", "v", {std::nullopt, 10'000'000}, kUser);
  ASSERT_TRUE(volume.ok()) << volume.error().message;
  for (const bool read_only : {false, true}) {
    auto tree = tier->clone_tree(volume->fd.get(), read_only);
    ASSERT_TRUE(tree.ok()) << tree.error().message;
    EXPECT_EQ(write_at(tree->get(), "f", "x"), read_only ? EROFS : 0);
  }
  EXPECT_FALSE(std::filesystem::exists("/mnt/volumes")) << "seen by nobody else";
}

}  // namespace
}  // namespace storage
