// Reading while writing, on the same node and on another.
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster.h"

namespace storage_ephemeral {
namespace {

class Reading : public TwoNodes, public testing::WithParamInterface<const char*> {
 protected:
  Volume& writer() { return a(); }
  Volume& reader() { return cluster.on(GetParam()); }
};

TEST_P(Reading, AClosedFileIsReadWhole) {
  const std::string bytes = noise(3'000'001);
  write_file(writer(), "part", new_file(10, "w"), bytes);
  const auto read = read_file(reader(), "part");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == bytes);
}

TEST_P(Reading, BytesAreReadAsTheyComeAndTheEndOnlyAfterTheClose) {
  const OpenFile file = begin_file(writer(), "part", new_file(10, "w"));
  append(file, "one");
  const auto opened = open_file(reader(), "part", "r");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Answer<std::uint64_t> first;
  reader().await_bytes(opened->file, 0, 100, first.done());
  EXPECT_EQ(*first.get(), 3U);
  Answer<std::uint64_t> second;
  reader().await_bytes(opened->file, 3, 100, second.done());
  append(file, "two");
  EXPECT_EQ(*second.get(), 3U);
  Answer<std::uint64_t> end;
  reader().await_bytes(opened->file, 6, 100, end.done());
  EXPECT_FALSE(end.there());
  writer().close_write(file.file);
  EXPECT_EQ(*end.get(), 0U);
  EXPECT_EQ(*read_rest(reader(), *opened), "onetwo");
  reader().close_read(opened->file);
}

TEST_P(Reading, AnEmptyFileEnds) {
  write_file(writer(), "empty", new_file(10, "w"), "");
  const auto read = read_file(reader(), "empty");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, "");
}

TEST_P(Reading, AFileOfAFailedActivationIsAnErrorForEver) {
  NewInode what = new_file(10, "w");
  what.seal = SealWhen::kActivation;
  const OpenFile file = begin_file(writer(), "part", what);
  append(file, "half");
  const auto opened = open_file(reader(), "part", "r");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> tail;
  reader().await_bytes(opened->file, 4, 1, tail.done());
  writer().close_write(file.file);
  EXPECT_FALSE(tail.there());
  writer().settle("w", Outcome::kFailed);
  EXPECT_EQ(tail.get().error().code, base::ErrorCode::kDataLoss);
  Answer<std::uint64_t> again;
  reader().await_bytes(opened->file, 0, 1, again.done());
  EXPECT_EQ(again.get().error().code, base::ErrorCode::kDataLoss);
  reader().close_read(opened->file);
  ASSERT_TRUE(eventually([&] { return reader().get(10)->record.state == FileState::kPoisoned; }));
  EXPECT_EQ(open_file(reader(), "part", "r").error().code, base::ErrorCode::kDataLoss);
  const auto dependencies = reader().dependencies("r");
  ASSERT_EQ(dependencies.size(), 1U);
  EXPECT_EQ(dependencies[0].state, FileState::kPoisoned);
}

TEST_P(Reading, AnOpenThatWantsTheWholeFileWaitsForTheSeal) {
  const OpenFile file = begin_file(writer(), "part", new_file(10, "w"));
  append(file, "whole");
  ASSERT_TRUE(eventually([&] { return reader().find(name("part")).has_value(); }));
  Answer<OpenFile> opened;
  reader().open_read(10, "r", Volume::Visible::kSealed, opened.done());
  EXPECT_FALSE(opened.there());
  writer().close_write(file.file);
  const auto got = opened.get();
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_TRUE(got->complete);
  std::string bytes(5, '\0');
  EXPECT_EQ(::pread(got->backing.get(), bytes.data(), 5, 0), 5);
  EXPECT_EQ(bytes, "whole");
  reader().close_read(got->file);
}

TEST_P(Reading, AnInterruptedReadIsAnsweredOnce) {
  const OpenFile file = begin_file(writer(), "part", new_file(10, "w"));
  const auto opened = open_file(reader(), "part", "r");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> tail;
  const auto ticket = reader().await_bytes(opened->file, 0, 1, tail.done());
  reader().cancel(ticket);
  EXPECT_EQ(tail.get().error().code, base::ErrorCode::kDeadlineExceeded);
  reader().cancel(ticket);
  reader().close_read(opened->file);
  writer().close_write(file.file);
}

TEST_P(Reading, HolesAndFarOffsetsAreReadRight) {
  const OpenFile file = begin_file(writer(), "sparse", new_file(10, "w"));
  constexpr off_t kFar = off_t{4} << 30;
  ASSERT_EQ(::pwrite(file.backing.get(), "near", 4, 0), 4);
  ASSERT_EQ(::pwrite(file.backing.get(), "far", 3, kFar), 3);
  writer().close_write(file.file);
  const auto opened = open_file(reader(), "sparse", "r", Volume::Visible::kSealed);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(*reader().size(10), static_cast<std::uint64_t>(kFar) + 3);
  std::string bytes(8, 'x');
  ASSERT_EQ(::pread(opened->backing.get(), bytes.data(), 8, 0), 8);
  EXPECT_EQ(bytes, std::string("near\0\0\0\0", 8));
  ASSERT_EQ(::pread(opened->backing.get(), bytes.data(), 8, kFar - 2), 5);
  EXPECT_EQ(bytes.substr(0, 5), std::string("\0\0far", 5));
  reader().close_read(opened->file);
}

// What was sent already is not what was sealed: readers who come after the seal get the truth.
TEST_P(Reading, BytesThatWereWrittenOverAreRightAfterTheSeal) {
  const OpenFile file = begin_file(writer(), "part", new_file(10, "w"));
  append(file, std::string(100'000, 'a'));
  const auto opened = open_file(reader(), "part", "r");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> first;
  reader().await_bytes(opened->file, 0, 100'000, first.done());
  ASSERT_TRUE(first.get().ok());
  ASSERT_EQ(::pwrite(file.backing.get(), "b", 1, 50), 1);
  writer().close_write(file.file);
  const auto whole = open_file(reader(), "part", "r", Volume::Visible::kSealed);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  std::string bytes(100'000, '\0');
  ASSERT_EQ(::pread(whole->backing.get(), bytes.data(), bytes.size(), 0), 100'000);
  EXPECT_EQ(bytes, std::string(50, 'a') + "b" + std::string(99'949, 'a'));
  reader().close_read(whole->file);
  reader().close_read(opened->file);
}

TEST_P(Reading, AReaderThatEndsFirstDisturbsNobody) {
  const std::string bytes = noise(5 << 20);
  const OpenFile file = begin_file(writer(), "part", new_file(10, "w"));
  append(file, std::string_view(bytes).substr(0, 3 << 20));
  const auto opened = open_file(reader(), "part", "r1");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> some;
  reader().await_bytes(opened->file, 0, 10, some.done());
  ASSERT_TRUE(some.get().ok());
  reader().close_read(opened->file);
  append(file, std::string_view(bytes).substr(3 << 20));
  writer().close_write(file.file);
  EXPECT_TRUE(*read_file(reader(), "part") == bytes);
}

INSTANTIATE_TEST_SUITE_P(On, Reading, testing::Values("a", "b"), [](const auto& on) {
  return std::string(on.param) == "a" ? "SameNode" : "OtherNode";
});

}  // namespace
}  // namespace storage_ephemeral
