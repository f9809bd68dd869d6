// The pieces that need no mount.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "child_process.h"
#include "in_flight.h"
#include "mount_state.h"
#include "negotiation.h"
#include "storage_fuse/file_system.h"
#include "wire.h"

namespace storage_fuse {
namespace {

TEST(InFlight, AnInterruptCallsOnceAndOnlyForTheRequestItMeans) {
  InFlight list;
  InFlight::Link one(list, 2), other(list, 2 + 512), third(list, 4);
  int calls = 0;
  EXPECT_TRUE(one.on_interrupt([&] { ++calls; }));
  EXPECT_TRUE(list.interrupt(4));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(list.interrupt(2));
  EXPECT_TRUE(list.interrupt(2));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(list.interrupt(6));
  EXPECT_EQ(list.size(), 3U);
}

TEST(InFlight, WhoAsksAfterTheInterruptIsTold) {
  InFlight list;
  InFlight::Link one(list, 2);
  EXPECT_TRUE(list.interrupt(2));
  EXPECT_FALSE(one.on_interrupt([] { FAIL(); }));
}

TEST(InFlight, AnAnsweredRequestIsNotFound) {
  InFlight list;
  {
    const InFlight::Link one(list, 2);
  }
  EXPECT_FALSE(list.interrupt(2));
  EXPECT_EQ(list.size(), 0U);
}

TEST(InFlight, AnswersAndInterruptsFromManyThreadsMeetSafely) {
  InFlight list;
  std::atomic<int> calls{0};
  std::vector<std::jthread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < 5000; ++i) {
        const std::uint64_t unique = (i * 4 + thread) * 2;
        InFlight::Link link(list, unique);
        // Told now or later, once: another thread may be first.
        if (!link.on_interrupt([&] { ++calls; })) ++calls;
        list.interrupt(unique);
        list.interrupt(unique + 2);  // perhaps somebody else's
      }
    });
  }
  threads.clear();
  EXPECT_EQ(calls.load(), 20000);
}

std::vector<std::byte> init_request(std::uint64_t flags) {
  std::vector<std::uint32_t> words(16);
  words[0] = 7;
  words[1] = 45;
  words[3] = static_cast<std::uint32_t>(flags);
  words[4] = static_cast<std::uint32_t>(flags >> 32);
  std::vector<std::byte> bytes(words.size() * 4);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

std::vector<std::uint32_t> negotiate(std::uint64_t offered, std::uint32_t answered,
                                     bool passthrough) {
  std::vector<std::byte> answer(64);
  std::memcpy(answer.data() + 12, &answered, sizeof answered);
  const auto out = negotiated(init_request(offered), answer, passthrough);
  std::vector<std::uint32_t> words(out.size() / 4);
  std::memcpy(words.data(), out.data(), out.size());
  return words;
}

constexpr std::uint64_t kExtended = 1U << 30;

TEST(Negotiation, TakesPassthroughAndResendingWhereTheKernelOffersThem) {
  const auto out = negotiate(kExtended | wire::kInitPassthrough | wire::kInitHasResend, 1, true);
  EXPECT_EQ(out[3] & kExtended, kExtended);
  EXPECT_EQ(out[3] & 1, 1U);  // libfuse's own stays
  EXPECT_EQ(out[8], (1U << 5) | (1U << 7));
  EXPECT_EQ(out[9], 2U);
}

TEST(Negotiation, TakesNothingThatIsNotOffered) {
  const auto out = negotiate(0, 0, true);
  EXPECT_EQ(out[3], 0U);
  EXPECT_EQ(out[8], 0U);
  EXPECT_EQ(out[9], 0U);
}

TEST(Negotiation, IgnoresTheSecondWordOfAKernelThatHasNone) {
  EXPECT_EQ(negotiate(wire::kInitPassthrough, 0, true)[8], 0U);
}

TEST(Negotiation, PassthroughCanBeSwitchedOff) {
  const auto out = negotiate(kExtended | wire::kInitPassthrough, 0, false);
  EXPECT_EQ(out[8], 0U);
  EXPECT_EQ(out[9], 0U);
}

TEST(Negotiation, NeverTakesTheWritebackCacheAndLeavesSetIdBitsToTheFileSystem) {
  constexpr std::uint32_t kWriteback = 1U << 16, kV1 = 1U << 19, kV2 = 1U << 28;
  const auto out = negotiate(kExtended | kWriteback | kV1 | kV2, kWriteback | kV1, true);
  EXPECT_EQ(out[3] & (kWriteback | kV1), 0U);
  EXPECT_EQ(out[3] & kV2, kV2);
}

Node node_with(NodeId id) {
  Node node;
  node.id = id;
  node.attributes.stat.st_ino = id;
  node.attributes.stat.st_mode = S_IFREG | 0644;
  return node;
}

TEST(DirectoryPage, HoldsAsManyEntriesAsFitAndSaysWhenNoMoreDo) {
  DirectoryPage page(200, false);
  EXPECT_TRUE(page.add("a", node_with(5), 1));
  EXPECT_TRUE(page.add(std::string(100, 'b'), node_with(6), 2));
  EXPECT_FALSE(page.add(std::string(100, 'c'), node_with(7), 3));
  EXPECT_TRUE(page.add("d", node_with(8), 3));
  EXPECT_LE(page.bytes().size(), 200U);
  EXPECT_TRUE(page.looked_up().empty());
}

TEST(DirectoryPage, WithAttributesLooksUpAllButDotsAndBareEntries) {
  DirectoryPage page(4096, true);
  EXPECT_TRUE(page.add(".", node_with(1), 1));
  EXPECT_TRUE(page.add("..", node_with(1), 2));
  EXPECT_TRUE(page.add("file", node_with(5), 3));
  EXPECT_TRUE(page.add_bare("bare", 6, S_IFDIR, 4));
  ASSERT_EQ(page.looked_up().size(), 1U);
  EXPECT_EQ(page.looked_up()[0], 5U);
}

TEST(DirectoryPage, IsInTheKernelsFormat) {
  DirectoryPage page(4096, false);
  EXPECT_TRUE(page.add_bare("name", 77, S_IFDIR, 12));
  fuse_dirent entry{};
  ASSERT_EQ(page.bytes().size(), 32U);
  std::memcpy(&entry, page.bytes().data(), FUSE_NAME_OFFSET);
  EXPECT_EQ(entry.ino, 77U);
  EXPECT_EQ(entry.off, 12U);
  EXPECT_EQ(entry.namelen, 4U);
  EXPECT_EQ(entry.type, static_cast<std::uint32_t>(DT_DIR));
  EXPECT_EQ(std::memcmp(page.bytes().data() + FUSE_NAME_OFFSET, "name", 4), 0);
}

TEST(Wire, DeviceNumbersAndTimeoutsAreWrittenAsTheKernelReadsThem) {
  Node node = node_with(9);
  node.attributes.stat.st_rdev = makedev(259, 70000);
  node.attributes.valid = std::chrono::milliseconds(1500);
  const fuse_entry_out out = wire::entry_of(node);
  EXPECT_EQ(out.attr_valid, 1U);
  EXPECT_EQ(out.attr_valid_nsec, 500'000'000U);
  EXPECT_EQ(out.attr.rdev, (70000U & 0xff) | (259U << 8) | ((70000U & ~0xffU) << 12));
}

TEST(MountState, IsOnlyTakenFromWhatIsOne) {
  auto fd = MountState::make();
  ASSERT_TRUE(fd.ok());
  EXPECT_TRUE(MountState::map(fd->get()).ok());
  const std::uint64_t other = 1;
  ASSERT_EQ(::pwrite(fd->get(), &other, sizeof other, 0), 8);
  EXPECT_FALSE(MountState::map(fd->get()).ok());
}

TEST(Numbers, ComeBackFromTextAndNothingElseDoes) {
  const int numbers[] = {3, -1, 12};
  EXPECT_EQ(parse_numbers(numbers_text(numbers).c_str()), (std::vector<int>{3, -1, 12}));
  EXPECT_TRUE(parse_numbers(nullptr).empty());
  EXPECT_TRUE(parse_numbers("x").empty());
}

TEST(SupplementaryGroups, AreThoseOfTheProcess) {
  std::vector<gid_t> mine(64);
  const int count = ::getgroups(64, mine.data());
  ASSERT_GE(count, 0);
  mine.resize(static_cast<std::size_t>(count));
  EXPECT_EQ(supplementary_groups({.pid = ::getpid()}), mine);
  EXPECT_TRUE(supplementary_groups({.pid = -1}).empty());
}

// A request that notes what became of it.
class NotingRequest final : public Request {
 public:
  explicit NotingRequest(std::string& note) : note_(note) {}
  const Caller& caller() const override { return caller_; }
  bool resent() const override { return false; }
  std::uint64_t unique() const override { return 2; }
  bool on_interrupt(std::function<void()>) override { return true; }
  void fail(int error) override { note_ = "failed " + std::to_string(error); }
  void dropped() override { note_ = "dropped"; }
  void answer(Done) override { note_ = "done"; }
  void answer(const Node&) override { note_ = "node"; }
  void answer(const Attributes&) override { note_ = "attributes"; }
  void answer(Opened) override { note_ = "opened"; }
  void answer(Created) override { note_ = "created"; }
  void answer(OpenedDirectory) override { note_ = "directory"; }
  void answer(Bytes) override { note_ = "bytes"; }
  void answer(std::string_view) override { note_ = "text"; }
  void answer(Count count) override { note_ = "count " + std::to_string(count); }
  void answer(const DirectoryPage&) override { note_ = "page"; }
  void answer(const struct statvfs&) override { note_ = "figures"; }
  void answer(const FileLock&) override { note_ = "lock"; }

 private:
  std::string& note_;
  Caller caller_;
};

TEST(Reply, ThatNobodyGivesIsDropped) {
  std::string note;
  {
    Reply<Done> reply(std::make_unique<NotingRequest>(note));
  }
  EXPECT_EQ(note, "dropped");
}

TEST(Reply, IsGivenOnceAndKnowsIt) {
  std::string note;
  Reply<Count> reply(std::make_unique<NotingRequest>(note));
  Reply<Count> moved = std::move(reply);
  EXPECT_TRUE(moved.pending());
  moved.ok(5);
  EXPECT_EQ(note, "count 5");
  EXPECT_FALSE(moved.pending());
  EXPECT_DEATH(moved.fail(EIO), "");
}

TEST(FileSystem, SaysOfEveryOperationThatItHasNone) {
  FileSystem none;
  std::string note;
  none.lookup(1, "x", Reply<Node>(std::make_unique<NotingRequest>(note)));
  EXPECT_EQ(note, "failed " + std::to_string(ENOSYS));
}

}  // namespace
}  // namespace storage_fuse
