#include "gpu_wire/messages.h"

#include <gtest/gtest.h>

#include <vector>

#include "gpu_wire/digest.h"
#include "gpu_wire/frame.h"
#include "gpu_wire/id.h"

namespace {

using namespace gpu_wire;  // NOLINT(google-build-using-namespace): half of it is named here

using Bytes = std::vector<std::byte>;

template <typename Message>
Bytes encoded(const Message& message) {
  Bytes bytes(message.encoded_bytes());
  EXPECT_EQ(message.encode(bytes.data()), bytes.data() + bytes.size());
  return bytes;
}

LoadReply some_load() {
  LoadReply reply{.image_wanted = 0, .log = "fine"};
  reply.kernels.push_back({.name = "add",
                           .attributes = {{.id = 0, .value = 1024}, {.id = 4, .value = -3}},
                           .parameters = {{.offset = 0, .bytes = 8}, {.offset = 8, .bytes = 4}}});
  reply.kernels.push_back({.name = "none"});
  reply.variables.push_back({.name = "table", .address = 0x7000'0000'1000, .bytes = 400});
  return reply;
}

TEST(Messages, AMessageWithEverythingComesBackAsItWas) {
  const Bytes bytes = encoded(some_load());
  LoadReply reply;
  Reader in(bytes);
  ASSERT_TRUE(reply.decode(in));
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(reply.log, "fine");
  ASSERT_EQ(reply.kernels.size(), 2U);
  EXPECT_EQ(reply.kernels[0].name, "add");
  EXPECT_EQ(reply.kernels[0].attributes[1].value, -3);
  EXPECT_EQ(reply.kernels[0].parameters[1].offset, 8U);
  EXPECT_EQ(reply.variables[0].address, 0x7000'0000'1000U);
}

TEST(Messages, EveryShorterPrefixIsRefused) {
  const Bytes bytes = encoded(some_load());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    LoadReply reply;
    Reader in{std::span(bytes).first(length)};
    EXPECT_FALSE(reply.decode(in)) << length;
  }
}

TEST(Messages, ACountBeyondTheBytesThatAreThereIsRefusedBeforeAnythingIsAllocated) {
  std::vector<std::byte> bytes(12);
  put(bytes.data() + 8, std::uint32_t{0xffff'ffff});
  LoadReply reply;
  Reader in(bytes);
  EXPECT_FALSE(reply.decode(in));
  EXPECT_EQ(reply.kernels.capacity(), 0U);
}

TEST(Messages, ATailIsAllThatIsLeft) {
  const Bytes parameters(20, std::byte{7});
  const Launch launch{.stream = 5, .kernel = 3, .grid = {1, 2, 3}, .parameters = parameters};
  Bytes bytes = encoded(launch);
  EXPECT_EQ(bytes.size(), Launch::kTailOffset + 20);
  Launch seen;
  const auto handler = [&]<typename Message>(const Message& message) {
    if constexpr (std::is_same_v<Message, Launch>) seen = message;
  };
  ASSERT_TRUE(dispatch(Launch::kOpcode, bytes, handler));
  EXPECT_EQ(seen.grid[2], 3U);
  EXPECT_EQ(seen.parameters.size(), 20U);
}

TEST(Messages, WhatNoClientSendsIsNotDispatched) {
  const auto nothing = [](const auto&) { FAIL(); };
  EXPECT_FALSE(dispatch(0xfff0, {}, nothing));
  EXPECT_FALSE(dispatch(Credit::kOpcode, Bytes(8), nothing));
  EXPECT_FALSE(dispatch(Free::kOpcode, Bytes(7), nothing));
  EXPECT_FALSE(dispatch(Free::kOpcode, Bytes(9), nothing)) << "too much is wrong too";
}

TEST(Messages, AFrameIsItsHeaderAndThenTheMessage) {
  Bytes bytes;
  append_frame(bytes, 0x01020304, Free{.address = 9});
  const Bytes expected{std::byte{8}, std::byte{0}, std::byte{0}, std::byte{0},  // length
                       std::byte{3}, std::byte{3}, std::byte{0}, std::byte{0},  // opcode, flags
                       std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1},  // sequence
                       std::byte{9}, std::byte{0}, std::byte{0}, std::byte{0},
                       std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}};
  EXPECT_EQ(bytes, expected);
}

TEST(Messages, AHeadIsAsLongAsItsTailWillMakeIt) {
  Bytes bytes(3);
  append_frame_head(bytes, 1, CopyIn{.address = 1}, 1000);
  const auto header = FrameHeader::decode(std::span(bytes).subspan(3));
  EXPECT_EQ(header.length, CopyIn::kTailOffset + 1000);
  EXPECT_EQ(bytes.size(), 3 + FrameHeader::kBytes + CopyIn::kTailOffset);
}

TEST(Id, PartsComeBack) {
  const Id id{.kind = Kind::kModule, .generation = Id::kGenerationMax, .slot = 0xffff'fffe};
  const Id back = Id::from(id.packed());
  EXPECT_EQ(back.kind, Kind::kModule);
  EXPECT_EQ(back.generation, Id::kGenerationMax);
  EXPECT_EQ(back.slot, 0xffff'fffeU);
}

TEST(Digest, IsSha256) {
  const Digest digest = digest_of(std::as_bytes(std::span<const char>("abc", 3)));
  EXPECT_EQ(digest[0], 0xba);
  EXPECT_EQ(digest[31], 0xad);
}

}  // namespace
