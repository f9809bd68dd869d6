#include "storage_ephemeral/file_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace storage_ephemeral {
namespace {

enum class Event { kOpen, kClose, kSucceed, kFail, kSize, kHash, kCopy };

struct Case {
  const char* what;
  SealWhen seal;
  std::uint32_t copies;
  std::vector<Event> events;
  FileState state;
  bool has_end;
};

void apply(FileLife& life, Event event) {
  switch (event) {
    case Event::kOpen:
      return life.writer_opened();
    case Event::kClose:
      return life.writer_closed();
    case Event::kSucceed:
      return life.activation_succeeded();
    case Event::kFail:
      return life.fail(PoisonReason::kWriterFailed);
    case Event::kSize:
      return life.sized(7);
    case Event::kHash:
    case Event::kCopy:
      return life.copy_complete();
  }
}

class FileLifeTable : public testing::TestWithParam<Case> {};

TEST_P(FileLifeTable, EndsAsTheTableSays) {
  const Case& row = GetParam();
  FileLife life(row.seal, row.copies);
  for (const Event event : row.events) apply(life, event);
  EXPECT_EQ(life.state(), row.state) << row.what;
  EXPECT_EQ(life.end().has_value(), row.has_end) << row.what;
  if (row.has_end) {
    EXPECT_EQ(*life.end(), 7U) << row.what;
  }
}

using enum Event;
constexpr auto kAtClose = SealWhen::kClose;
constexpr auto kAtEnd = SealWhen::kActivation;
constexpr auto kWriting = FileState::kWriting;
constexpr auto kSealed = FileState::kSealed;
constexpr auto kPoisoned = FileState::kPoisoned;

INSTANTIATE_TEST_SUITE_P(
    Rows, FileLifeTable,
    testing::Values(
        Case{"nothing happened", kAtClose, 1, {}, kWriting, false},
        Case{"it is open", kAtClose, 1, {kOpen, kSize}, kWriting, false},
        Case{"one of two writers closed",
             kAtClose,
             1,
             {kOpen, kOpen, kClose, kSize},
             kWriting,
             false},
        Case{"closed, the size not asked for yet", kAtClose, 1, {kOpen, kClose}, kWriting, false},
        Case{"closed: readers meet the end", kAtClose, 1, {kOpen, kClose, kSize}, kWriting, true},
        Case{"closed and hashed", kAtClose, 1, {kOpen, kClose, kSize, kHash}, kSealed, true},
        Case{"closed, but the activation goes on",
             kAtEnd,
             1,
             {kOpen, kClose, kSize, kHash},
             kWriting,
             false},
        Case{"closed, then the activation succeeded",
             kAtEnd,
             1,
             {kOpen, kClose, kSucceed, kSize, kHash},
             kSealed,
             true},
        Case{"the activation succeeded, the file open",
             kAtEnd,
             1,
             {kOpen, kSucceed, kSize, kHash},
             kSealed,
             true},
        Case{"never opened, the activation succeeded",
             kAtClose,
             1,
             {kSucceed, kSize, kHash},
             kSealed,
             true},
        Case{"failed while open", kAtClose, 1, {kOpen, kFail}, kPoisoned, false},
        Case{"failed after its close",
             kAtEnd,
             1,
             {kOpen, kClose, kFail, kSucceed, kSize, kHash},
             kPoisoned,
             false},
        Case{"failed after the seal",
             kAtClose,
             1,
             {kOpen, kClose, kSize, kHash, kFail},
             kSealed,
             true},
        Case{"two copies, one complete",
             kAtClose,
             2,
             {kOpen, kClose, kSize, kHash},
             kWriting,
             false},
        Case{"two copies, both complete",
             kAtClose,
             2,
             {kOpen, kClose, kSize, kCopy, kHash},
             kSealed,
             true},
        Case{"two copies, the second could not be made",
             kAtClose,
             2,
             {kOpen, kClose, kSize, kHash, kFail, kCopy},
             kPoisoned,
             false}));

TEST(FileLife, TheFirstSizeStays) {
  FileLife life(SealWhen::kClose, 1);
  life.writer_opened();
  life.writer_closed();
  life.sized(3);
  life.sized(9);
  life.copy_complete();
  EXPECT_EQ(life.end(), 3U);
}

TEST(FileLife, TheFirstReasonStays) {
  FileLife life(SealWhen::kClose, 1);
  life.fail(PoisonReason::kWriterDied);
  life.fail(PoisonReason::kHolderLost);
  EXPECT_EQ(life.reason(), PoisonReason::kWriterDied);
}

struct ReadCase {
  FileState state;
  std::uint64_t available;
  std::optional<std::uint64_t> end;
  std::uint64_t offset, length;
  ReadAnswer answer;
};

TEST(AnswerRead, IsAsTheTableSays) {
  using Kind = ReadAnswer::Kind;
  const std::vector<ReadCase> table = {
      {kWriting, 10, {}, 0, 4, {Kind::kBytes, 4}},   {kWriting, 10, {}, 8, 4, {Kind::kBytes, 2}},
      {kWriting, 10, {}, 10, 4, {Kind::kPark, 0}},   {kWriting, 10, {}, 99, 4, {Kind::kPark, 0}},
      {kWriting, 0, {}, 0, 1, {Kind::kPark, 0}},     {kWriting, 10, {}, 3, 0, {Kind::kEnd, 0}},
      {kWriting, 6, 10, 5, 9, {Kind::kBytes, 1}},  // the end is known, the bytes still come
      {kWriting, 6, 10, 6, 9, {Kind::kPark, 0}},     {kWriting, 6, 10, 10, 9, {Kind::kEnd, 0}},
      {kSealed, 10, 10, 0, 99, {Kind::kBytes, 10}},  {kSealed, 10, 10, 10, 1, {Kind::kEnd, 0}},
      {kSealed, 12, 10, 8, 9, {Kind::kBytes, 2}},  // what a late process wrote does not count
      {kSealed, 0, 0, 0, 1, {Kind::kEnd, 0}},        {kPoisoned, 10, {}, 0, 1, {Kind::kError, 0}},
      {kPoisoned, 10, 10, 10, 1, {Kind::kError, 0}},
  };
  for (const ReadCase& row : table) {
    EXPECT_EQ(answer_read(row.state, row.available, row.end, row.offset, row.length), row.answer)
        << "row " << &row - table.data();
  }
}

}  // namespace
}  // namespace storage_ephemeral
