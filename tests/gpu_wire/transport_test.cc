// What every transport promises.
#include "gpu_wire/transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "testing_gpu/ends.h"

namespace {

using std::chrono::milliseconds;
using testing_gpu::make_ends;

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(count);
  for (std::byte& each : bytes) each = static_cast<std::byte>(random());
  return bytes;
}

Bytes take(gpu_wire::Transport& from, std::size_t count) {
  Bytes bytes(count);
  std::size_t have = 0;
  while (have < count) {
    const auto got = from.receive(std::span(bytes).subspan(have));
    if (!got.ok()) break;
    have += *got;
  }
  bytes.resize(have);
  return bytes;
}

class TransportContract : public ::testing::TestWithParam<const char*> {
 protected:
  testing_gpu::Ends ends_ = make_ends(GetParam());
};

TEST_P(TransportContract, BothPartsArriveInOrder) {
  const Bytes first = bytes_of(100, 1), second = bytes_of(50, 2);
  ASSERT_TRUE(ends_.client->send(first, second).ok());
  Bytes both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(take(*ends_.server, 150), both);
}

TEST_P(TransportContract, MoreThanAnyBufferHoldsGoesThroughBothWaysAtOnce) {
  const Bytes up = bytes_of(9'000'001, 3), down = bytes_of(7'000'003, 4);
  Bytes got_up, got_down;
  std::thread server_sends([&] { EXPECT_TRUE(ends_.server->send(down, {}).ok()); });
  std::thread server_receives([&] { got_up = take(*ends_.server, up.size()); });
  std::thread client_receives([&] { got_down = take(*ends_.client, down.size()); });
  EXPECT_TRUE(ends_.client->send({}, up).ok());
  server_sends.join();
  server_receives.join();
  client_receives.join();
  EXPECT_EQ(got_up, up);
  EXPECT_EQ(got_down, down);
}

TEST_P(TransportContract, ReadableSaysWhetherSomethingIsThere) {
  EXPECT_FALSE(ends_.server->readable(milliseconds(0)));
  EXPECT_FALSE(ends_.server->readable(milliseconds(5)));
  ASSERT_TRUE(ends_.client->send(bytes_of(1, 5), {}).ok());
  EXPECT_TRUE(ends_.server->readable(milliseconds(10'000)));
}

TEST_P(TransportContract, WhatWasSentBeforeTheEndIsStillReceived) {
  ASSERT_TRUE(ends_.client->send(bytes_of(10, 6), {}).ok());
  ends_.client.reset();
  EXPECT_EQ(take(*ends_.server, 11), bytes_of(10, 6));
  std::byte one{};
  EXPECT_EQ(ends_.server->receive({&one, 1}).error().code, base::ErrorCode::kUnavailable);
  EXPECT_TRUE(ends_.server->readable(milliseconds(10'000)));
}

TEST_P(TransportContract, AReceiverThatWaitsLearnsOfTheEnd) {
  std::thread peer([&] { ends_.client->close(); });
  std::byte one{};
  EXPECT_EQ(ends_.server->receive({&one, 1}).error().code, base::ErrorCode::kUnavailable);
  peer.join();
}

TEST_P(TransportContract, CloseEndsTheOwnWaitToo) {
  std::thread other([&] { ends_.server->close(); });
  std::byte one{};
  EXPECT_FALSE(ends_.server->receive({&one, 1}).ok());
  other.join();
}

TEST_P(TransportContract, ASenderThatWaitsForRoomLearnsOfTheEnd) {
  const Bytes much = bytes_of(16 << 20, 7);
  std::thread peer([&] {
    EXPECT_TRUE(ends_.server->readable(milliseconds(10'000)));
    ends_.server.reset();
  });
  EXPECT_EQ(ends_.client->send(much, {}).error().code, base::ErrorCode::kUnavailable);
  peer.join();
}

TEST_P(TransportContract, WhoWaitsForTheEndIsNotWokenByBytes) {
  std::atomic<bool> gone = false;
  std::thread watcher([&] {
    ends_.server->wait_gone();
    gone = true;
  });
  ASSERT_TRUE(ends_.client->send(bytes_of(10, 8), {}).ok());
  EXPECT_EQ(take(*ends_.server, 10), bytes_of(10, 8));
  EXPECT_FALSE(gone);
  ends_.client.reset();
  watcher.join();
}

TEST_P(TransportContract, ManySmallMessagesGoToAndFro) {
  constexpr int kRounds = 2'000;
  std::thread server([&] {
    for (int i = 0; i < kRounds; ++i) {
      const Bytes ask = take(*ends_.server, 5);
      if (ask.size() != 5 || !ends_.server->send(ask, {}).ok()) return;
    }
  });
  int answered = 0;
  for (int i = 0; i < kRounds; ++i) {
    const Bytes ask = bytes_of(5, static_cast<unsigned>(i));
    if (!ends_.client->send(ask, {}).ok() || take(*ends_.client, 5) != ask) break;
    ++answered;
  }
  EXPECT_EQ(answered, kRounds);
  ends_.client->close();
  server.join();
}

INSTANTIATE_TEST_SUITE_P(Kinds, TransportContract, ::testing::Values("unix", "tcp", "ring"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
