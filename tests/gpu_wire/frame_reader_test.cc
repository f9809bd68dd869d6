#include "gpu_wire/frame_reader.h"

#include <gtest/gtest.h>

#include "gpu_wire/messages.h"
#include "testing_gpu/memory_transport.h"

namespace {

using gpu_wire::append_frame;
using gpu_wire::CopyIn;
using gpu_wire::FrameHeader;
using gpu_wire::FrameReader;
using gpu_wire::Free;
using testing_gpu::MemoryTransport;

using Bytes = std::vector<std::byte>;

class Pieces : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Pieces, FramesAreWholeHoweverTheyArrive) {
  Bytes bytes;
  for (std::uint32_t i = 0; i < 2000; ++i) append_frame(bytes, i, Free{.address = i * 3});
  MemoryTransport transport(bytes, GetParam());
  FrameReader reader(transport, 1 << 16);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const auto frame = reader.next();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame->header.sequence, i);
    Free message;
    gpu_wire::Reader in(frame->payload);
    ASSERT_TRUE(message.decode(in));
    EXPECT_EQ(message.address, i * 3);
  }
  EXPECT_EQ(reader.consumed_bytes(), bytes.size());
  EXPECT_EQ(reader.next().error().code, base::ErrorCode::kUnavailable);
}

TEST_P(Pieces, ALongTailGoesWhereItIsWanted) {
  Bytes content(100'000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 7);
  Bytes bytes;
  append_frame(bytes, 1, CopyIn{.address = 77, .bytes = content});
  append_frame(bytes, 2, Free{});
  MemoryTransport transport(bytes, GetParam());
  FrameReader reader(transport, 1 << 16);
  const auto frame = reader.next();
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->payload.size(), CopyIn::kTailOffset);
  ASSERT_EQ(frame->tail_left, content.size());
  Bytes half(50'000), rest(50'000);
  ASSERT_TRUE(reader.read_tail(half).ok());
  ASSERT_TRUE(reader.read_tail(rest).ok());
  half.insert(half.end(), rest.begin(), rest.end());
  EXPECT_EQ(half, content);
  EXPECT_EQ(reader.next().value().header.sequence, 2U);
}

TEST_P(Pieces, ATailMayBeSkipped) {
  const Bytes content(40'000);
  Bytes bytes;
  append_frame(bytes, 1, CopyIn{.address = 77, .bytes = content});
  append_frame(bytes, 2, Free{});
  MemoryTransport transport(bytes, GetParam());
  FrameReader reader(transport, 1 << 16);
  ASSERT_TRUE(reader.next().ok());
  ASSERT_TRUE(reader.skip_tail().ok());
  EXPECT_EQ(reader.next().value().header.sequence, 2U);
  EXPECT_EQ(reader.consumed_bytes(), bytes.size());
}

INSTANTIATE_TEST_SUITE_P(Sizes, Pieces, ::testing::Values(1, 13, 4096, 1 << 20));

base::ErrorCode refusal_of(const FrameHeader& header) {
  Bytes bytes(FrameHeader::kBytes + 64);
  header.encode(bytes.data());
  MemoryTransport transport(bytes);
  FrameReader reader(transport, 1 << 16);
  return reader.next().error().code;
}

TEST(FrameReader, LengthsThatCannotBeAreRefusedBeforeTheyAreRead) {
  for (const std::uint32_t length : {0xffff'ffffU, 0x8000'0000U, (1U << 16) + 1})
    EXPECT_EQ(refusal_of({.length = length, .opcode = Free::kOpcode}), base::ErrorCode::kDataLoss);
  EXPECT_EQ(refusal_of({.length = 0xffff'ffff, .opcode = CopyIn::kOpcode}),
            base::ErrorCode::kDataLoss);
  EXPECT_EQ(refusal_of({.length = CopyIn::kTailOffset - 1, .opcode = CopyIn::kOpcode}),
            base::ErrorCode::kDataLoss);
}

TEST(FrameReader, FlagsThatNobodyKnowsAreRefused) {
  EXPECT_EQ(refusal_of({.length = 8, .opcode = Free::kOpcode, .flags = 1}),
            base::ErrorCode::kDataLoss);
}

}  // namespace
