#include "invoker_handoff/message.h"

#include <gtest/gtest.h>

namespace invoker_handoff {
namespace {

Offer offer() {
  Offer offer{.ticket = 7, .demand = {}};
  offer.demand.warm_key = "guest\nguest/hello\n1-a";
  offer.demand.kind = "python:3";
  offer.demand.memory_bytes = 256LL << 20;
  offer.demand.concurrency_max = 8;
  return offer;
}

std::vector<Message> all() {
  return {Greet{1},
          offer(),
          Answer{7, true, Refusal::kNoRoom},
          Withdraw{7},
          Commit{7, milliseconds(10'000), R"({"instance":0})", "", "{}"},
          Ask{7, true},
          NotStarted{7, Refusal::kTooLate},
          Underway{7},
          Done{7}};
}

std::string_view body(const std::string& framed) {
  return std::string_view(framed).substr(base_net::kFrameHeaderBytes);
}

TEST(HandoffMessage, ComesBackAsItWas) {
  for (const Message& message : all()) {
    const std::string bytes = encode(message);
    const auto frame = base_net::first_frame(bytes, kFrameBytesMax);
    ASSERT_TRUE(frame.ok() && !frame->empty());
    const auto again = decode(*frame);
    ASSERT_TRUE(again.ok()) << message.index();
    EXPECT_EQ(again->index(), message.index());
    EXPECT_EQ(encode(*again), bytes);
  }
}

TEST(HandoffMessage, AnOfferSaysWhatThePlaceIsFor) {
  const auto again = decode(body(encode(offer())));
  ASSERT_TRUE(again.ok());
  const auto& demand = std::get<Offer>(*again).demand;
  EXPECT_EQ(demand.warm_key, "guest\nguest/hello\n1-a");
  EXPECT_EQ(demand.kind, "python:3");
  EXPECT_EQ(demand.memory_bytes, 256LL << 20);
  EXPECT_EQ(demand.concurrency_max, 8);
  EXPECT_TRUE(demand.may_use_stem_cell);
}

TEST(HandoffMessage, CutShortOrWithAByteTooManyItIsRefused) {
  for (const Message& message : all()) {
    const std::string bytes(body(encode(message)));
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
    EXPECT_FALSE(decode(bytes + "x").ok());
  }
  EXPECT_FALSE(decode("").ok());
  EXPECT_FALSE(decode(std::string("\0", 1)).ok());  // of the introduction
  EXPECT_FALSE(decode("\x7f").ok());
}

TEST(HandoffMessage, WhatNobodyCouldHaveMeantIsRefused) {
  Offer none = offer();
  none.demand.memory_bytes = 0;
  EXPECT_FALSE(decode(body(encode(none))).ok());
  Offer negative = offer();
  negative.demand.memory_bytes = -1;
  EXPECT_FALSE(decode(body(encode(negative))).ok());
  Offer nobody = offer();
  nobody.demand.concurrency_max = 0;
  EXPECT_FALSE(decode(body(encode(nobody))).ok());
  Offer endless = offer();
  endless.demand.warm_key = std::string(5'000, 'k');
  EXPECT_FALSE(decode(body(encode(endless))).ok());
  const Commit large{1, milliseconds(1), "", "", std::string(kMessageBytesMax + 1, 'm')};
  EXPECT_FALSE(decode(body(encode(large))).ok());
}

}  // namespace
}  // namespace invoker_handoff
