#include "frame.h"

#include <gtest/gtest.h>

#include <string>

namespace storage_ephemeral {
namespace {

// Encodes, takes the length off, decodes.
template <typename T>
T back(const T& frame) {
  const std::string bytes = encode(Frame(frame));
  const auto first = first_frame(bytes, kFrameBytesMax);
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(first->size() + kFrameHeaderBytes, bytes.size());
  auto decoded = decode_frame(*first);
  EXPECT_TRUE(decoded.ok());
  EXPECT_TRUE(std::holds_alternative<T>(*decoded));
  return std::get<T>(*decoded);
}

TEST(Frame, EveryKindIsReadAsItWasWritten) {
  const std::string nonce(kNonceBytes, 'n');
  EXPECT_EQ(back(HelloFrame{.nonce = nonce, .name = "node-1"}).nonce, nonce);
  EXPECT_EQ(back(HelloFrame{.nonce = nonce, .name = "node-1"}).name, "node-1");
  EXPECT_EQ(back(ProofFrame{nonce}).proof, nonce);
  const FileId file{"guest/job", 77, 3};
  const FetchFrame fetch = back(FetchFrame{file, 1 << 20, FetchFor::kSecondCopy});
  EXPECT_EQ(fetch.file, file);
  EXPECT_EQ(fetch.offset, 1U << 20);
  EXPECT_EQ(fetch.purpose, FetchFor::kSecondCopy);
  EXPECT_EQ(back(HoleFrame{5, 9}).length, 9U);
  EXPECT_EQ(back(EndFrame{12}).size, 12U);
  EXPECT_EQ(back(FinalFrame{12, 99}).checksum, 99U);
  EXPECT_EQ(back(PoisonedFrame{PoisonReason::kWriterDied}).reason, PoisonReason::kWriterDied);
  back(UnknownFrame{});
  back(AliveFrame{});
  EXPECT_EQ(back(KeepFrame{file}).file, file);
  EXPECT_TRUE(back(KeptFrame{true}).kept);
  EXPECT_FALSE(back(KeptFrame{false}).kept);
}

TEST(Frame, DataIsItsHeaderAndItsBytes) {
  const std::string bytes = encode_data_header(4096, 42, 5) + "hello";
  EXPECT_EQ(bytes, encode(Frame(DataFrame{4096, 42, "hello"})));
  const auto frame = decode_frame(*first_frame(bytes, kFrameBytesMax));
  ASSERT_TRUE(frame.ok());
  const auto& data = std::get<DataFrame>(*frame);
  EXPECT_EQ(data.offset, 4096U);
  EXPECT_EQ(data.checksum, 42U);
  EXPECT_EQ(data.bytes, "hello");
}

TEST(Frame, OneThatIsNotAllThereIsWaitedFor) {
  const std::string bytes = encode(Frame(EndFrame{12}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto first = first_frame(std::string_view(bytes).substr(0, size), kFrameBytesMax);
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(first->empty());
  }
}

TEST(Frame, WhatNobodyCouldHaveMeantIsRefused) {
  EXPECT_FALSE(first_frame(std::string("\0\0\0\0", 4), kFrameBytesMax).ok());
  EXPECT_FALSE(first_frame("\xff\xff\xff\xff", kFrameBytesMax).ok());
  EXPECT_FALSE(decode_frame("").ok());
  EXPECT_FALSE(decode_frame("\x7f").ok());
  // Each kind cut short, and with a byte too many.
  for (const Frame& frame :
       {Frame(HelloFrame{.nonce = std::string(kNonceBytes, 'n'), .name = "x"}),
        Frame(FetchFrame{{"v", 1, 1}, 0, FetchFor::kReaders}), Frame(EndFrame{1}),
        Frame(FinalFrame{1, 2}), Frame(HoleFrame{1, 2}), Frame(KeptFrame{true})}) {
    const std::string bytes = encode(frame).substr(kFrameHeaderBytes);
    EXPECT_TRUE(decode_frame(bytes).ok());
    EXPECT_FALSE(decode_frame(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
    EXPECT_FALSE(decode_frame(bytes + "x").ok());
  }
  EXPECT_FALSE(decode_frame(encode(Frame(HoleFrame{1, 0})).substr(kFrameHeaderBytes)).ok());
  EXPECT_FALSE(decode_frame(encode(Frame(EndFrame{UINT64_MAX})).substr(kFrameHeaderBytes)).ok());
}

}  // namespace
}  // namespace storage_ephemeral
