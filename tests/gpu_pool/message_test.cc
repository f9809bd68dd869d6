#include "gpu_pool/message.h"

#include <gtest/gtest.h>

#include "gpu_pool/session_channel.h"

namespace gpu_pool {
namespace {

std::string body_of(const Message& message) { return encode(message).substr(4); }

// What comes back is written again: equal bytes are equal messages.
void expect_same(const Message& message) {
  const std::string body = body_of(message);
  const auto decoded = decode(body);
  ASSERT_TRUE(decoded.ok()) << "message " << message.index();
  EXPECT_EQ(decoded->index(), message.index());
  EXPECT_EQ(body_of(*decoded), body);
}

Wish some_wish() {
  Wish wish{.activation_id = "a1",
            .namespace_name = "guest",
            .memory_bytes = 1ULL << 33,
            .count = 2,
            .device = gpu_leases::DeviceWish::kHost,
            .wait = milliseconds(1'500),
            .lease_for = milliseconds(60'000)};
  wish.images.resize(3);
  wish.images[1].fill(7);
  return wish;
}

TEST(PoolMessageTest, EveryMessageComesBack) {
  const Usage usage{.requests = 1,
                    .calls = 2,
                    .launches = 3,
                    .bytes_in = 4,
                    .bytes_out = 5,
                    .memory_bytes_peak = 6,
                    .connected_ms = 7};
  expect_same(Enquire{1, some_wish()});
  expect_same(Quoted{2,
                     {.ever = true,
                      .now = true,
                      .warm = true,
                      .waiting = 4,
                      .same_namespace = 5,
                      .free_bytes = 6,
                      .known_bytes = 7}});
  expect_same(Ask{3, some_wish()});
  expect_same(Granted{4, "ring:/a", "tcp:1.2.3.4:5", "secret", "Host device", 9});
  expect_same(Refused{5, gpu_leases::Refusal::kTooLate});
  expect_same(Release{6});
  expect_same(Ended{7, EndReason::kLost, usage});
  expect_same(Describe{8});
  expect_same(Description{9, "{}"});
}

TEST(PoolMessageTest, AWishIsReadAsItWasWritten) {
  const Wish wish = some_wish();
  const auto decoded = decode(body_of(Ask{3, wish}));
  ASSERT_TRUE(decoded.ok());
  const Wish& read = std::get<Ask>(*decoded).wish;
  EXPECT_EQ(read.activation_id, wish.activation_id);
  EXPECT_EQ(read.namespace_name, wish.namespace_name);
  EXPECT_EQ(read.memory_bytes, wish.memory_bytes);
  EXPECT_EQ(read.count, wish.count);
  EXPECT_EQ(read.device, wish.device);
  EXPECT_EQ(read.wait, wish.wait);
  EXPECT_EQ(read.lease_for, wish.lease_for);
  EXPECT_EQ(read.images, wish.images);
}

TEST(PoolMessageTest, WhatIsCutShortOrTooLongIsRefused) {
  const std::string body = body_of(Ask{3, some_wish()});
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode(body.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode(body + "x").ok());
  EXPECT_FALSE(decode(std::string(1, '\x7f')).ok());
  EXPECT_FALSE(decode(std::string(1, '\0')).ok());
}

TEST(PoolMessageTest, NumbersThatMakeNoSenseAreRefused) {
  Wish wish = some_wish();
  wish.count = 0;
  EXPECT_FALSE(decode(body_of(Ask{1, wish})).ok());
  wish.count = 65;
  EXPECT_FALSE(decode(body_of(Ask{1, wish})).ok());
  wish = some_wish();
  wish.wait = milliseconds(-1);
  EXPECT_FALSE(decode(body_of(Ask{1, wish})).ok());
}

TEST(SessionChannelTest, EveryPacketComesBackAndNothingElseIsRead) {
  namespace channel = session_channel;
  for (const channel::Packet& packet :
       {channel::Packet(channel::Ready{"Host device"}), channel::Packet(channel::Lease{"token", 5}),
        channel::Packet(channel::End{}), channel::Packet(channel::Done{{.launches = 3}})}) {
    const std::string bytes = channel::encode(packet);
    const auto decoded = channel::decode(bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(channel::encode(*decoded), bytes);
    EXPECT_FALSE(channel::decode(bytes + "x").ok());
    EXPECT_FALSE(channel::decode(bytes.substr(0, bytes.size() - 1)).ok());
  }
  EXPECT_FALSE(channel::decode("\x09").ok());
}

}  // namespace
}  // namespace gpu_pool
