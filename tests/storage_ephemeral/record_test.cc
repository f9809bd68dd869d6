#include "storage_ephemeral/record.h"

#include <gtest/gtest.h>

#include <vector>

#include "outbox.h"
#include "publisher.h"
#include "storage_ephemeral/spill.h"
#include "testing/scratch_folder.h"

namespace storage_ephemeral {
namespace {

InodeRecord some_record() {
  InodeRecord record;
  record.attributes.permissions = 0640;
  record.attributes.uid = 1000;
  record.attributes.modified = storage::FileTime(std::chrono::nanoseconds(-5));
  record.attributes.xattrs = {{"user.tier", "ephemeral"}, {"user.empty", ""}};
  record.target = std::string("a\0b", 3);
  record.lifetime = {Lifetime::Kind::kTtl, "s", base::WallTime(std::chrono::hours(3))};
  record.seal = SealWhen::kClose;
  record.copies = 2;
  record.version = 9;
  record.state = FileState::kSealed;
  record.size = 1ULL << 50;
  record.checksum = ~0ULL;
  record.writer = "node-1";
  record.attempt = "0123-1";
  return record;
}

TEST(InodeRecord, IsReadAsItWasWritten) {
  const auto back = decode_inode_record(encode(some_record()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, some_record());
}

TEST(InodeRecord, CutShortItIsDamaged) {
  const std::string bytes = encode(some_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_inode_record(std::string_view(bytes).substr(0, size)).error().code,
              base::ErrorCode::kDataLoss);
  }
  EXPECT_FALSE(decode_inode_record(bytes + "x").ok());
}

TEST(RecordKey, EveryKindIsReadAsItWasWritten) {
  using Kind = RecordKey::Kind;
  for (const RecordKey& key : {RecordKey{Kind::kName, 1, 0, "a/b\xff\n"},
                               RecordKey{Kind::kInode, storage::kInodeMax, 0, ""},
                               RecordKey{Kind::kHolder, 5, 0xffffffff, "node.x"},
                               RecordKey{Kind::kSequence, 0, 0, "node-1"}}) {
    const auto back = decode_record_key(encode(key));
    ASSERT_TRUE(back.ok()) << encode(key);
    EXPECT_EQ(*back, key);
  }
}

TEST(RecordKey, WhatIsNoKeyIsDamaged) {
  for (const char* text : {"", "n/", "x/0000000001", "n/0000000001", "n/0000000001/", "i/1",
                           "i/000000000A", "i/0000000001/x", "h/0000000001/1/n", "s/"}) {
    EXPECT_FALSE(decode_record_key(text).ok()) << text;
  }
}

TEST(Announcement, IsReadAsItWasWritten) {
  const Announcement news{"node-1", 7, 99, {{"i/0000000001", "x"}, {"n/0000000001/a", {}}}};
  const auto back = decode_announcement(encode(news));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->node, "node-1");
  EXPECT_EQ(back->number, 7U);
  EXPECT_EQ(back->version, 99U);
  EXPECT_EQ(back->values, news.values);
  EXPECT_FALSE(decode_announcement("junk").ok());
}

class JournalTest : public testing::Test {
 protected:
  Journal open() { return std::move(*Journal::open(folder.path() / "outbox")); }
  testing_support::ScratchFolder folder;
};

TEST_F(JournalTest, WhatWasNotedIsThereForTheNextDaemon) {
  {
    Journal journal = open();
    ASSERT_TRUE(journal.append({{"a", {"1"}}, {"b", {std::nullopt}}}).ok());
    ASSERT_TRUE(journal.append({{"a", {"2"}}}).ok());
  }
  const Outbox::Entries expected = {
      {"a", {"1"}, false}, {"b", {std::nullopt}, false}, {"a", {"2"}, false}};
  EXPECT_EQ(open().read(), expected);
}

TEST_F(JournalTest, WhatIsInTheStoreIsForgottenAndTheRestIsNot) {
  Journal journal = open();
  ASSERT_TRUE(journal.append({{"a", {"1"}}}).ok());
  journal.taken(true);
  ASSERT_TRUE(journal.append({{"b", {"2"}}}).ok());
  EXPECT_EQ(open().read().size(), 2U);
  ASSERT_TRUE(journal.landed(true, [] { return std::vector<std::string>(); }).ok());
  const Outbox::Entries expected = {{"b", {"2"}, false}};
  EXPECT_EQ(open().read(), expected);
}

TEST_F(JournalTest, ABatchThatFailedStays) {
  Journal journal = open();
  ASSERT_TRUE(journal.append({{"a", {"1"}}}).ok());
  journal.taken(true);
  ASSERT_TRUE(journal.landed(false, [] { return std::vector<std::string>(); }).ok());
  EXPECT_EQ(open().read().size(), 1U);
  journal.taken(true);
  ASSERT_TRUE(journal.landed(true, [] { return std::vector<std::string>(); }).ok());
  EXPECT_TRUE(open().read().empty());
}

TEST_F(JournalTest, WhatAPartialBatchBroughtOutIsOld) {
  Journal journal = open();
  ASSERT_TRUE(journal.append({{"a", {"1"}}, {"b", {"1", true}}}).ok());
  journal.taken(false);
  ASSERT_TRUE(journal.append({{"c", {"1"}}}).ok());
  ASSERT_TRUE(journal.landed(true, [] { return std::vector<std::string>{"a"}; }).ok());
  const Outbox::Entries expected = {{"b", {"1", true}, false}, {"c", {"1"}, false}};
  EXPECT_EQ(open().read(), expected);
  ASSERT_TRUE(journal.append({{"a", {"2"}}}).ok());
  EXPECT_EQ(open().read().size(), 3U);
}

TEST_F(JournalTest, ItGrows) {
  Journal journal = open();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(journal.append({{std::to_string(i), {std::string(500, 'x')}}}).ok());
  }
  EXPECT_EQ(open().read().size(), 1000U);
}

TEST(Spill, IsDecidedByWhatIsLeft) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const auto decide = [](std::uint64_t free, std::uint64_t wanted, bool allowed) {
    return decide_spill({.free_bytes = free * kMiB,
                         .total_bytes = 1000 * kMiB,
                         .wanted_bytes = wanted * kMiB,
                         .allowed = allowed});
  };
  EXPECT_EQ(decide(100, 10, false), SpillDecision::kStay);
  EXPECT_EQ(decide(10, 10, false), SpillDecision::kStay);
  EXPECT_EQ(decide(9, 10, false), SpillDecision::kRefuse);
  EXPECT_EQ(decide(100, 10, true), SpillDecision::kStay);
  EXPECT_EQ(decide(60, 10, true), SpillDecision::kStay);
  EXPECT_EQ(decide(59, 10, true), SpillDecision::kSpill);
  EXPECT_EQ(decide(0, 10, true), SpillDecision::kSpill);
}

}  // namespace
}  // namespace storage_ephemeral
