// Cards as bytes: what comes back, what is refused, what a hostile one can do.
#include "invoker_locality/card_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "cards.h"

namespace {

using invoker_locality::decode;
using invoker_locality::encode;
using invoker_locality::NodeCard;
using invoker_locality::NodePulse;

NodeCard full_card() {
  NodeCard card = cards::card(7, 42, 0xfeedfacecafebeef);
  card.numbers.turn_ms = 12.5;
  card.warm = {{1, 2}, {0xffffffffffffffff, 1}};
  card.prewarmed = {{"python:3", 256, 2}};
  cards::hold(card, "guest/photos", 240 * cards::kMiB, "2024");
  cards::hold(card, "guest/job", 0);
  card.things = {{hints::ResidentKind::kGpu, "cuda", 80LL << 30}};
  return card;
}

NodeCard card_from(const std::string& bytes) {
  auto decoded = decode(bytes);
  EXPECT_TRUE(decoded.ok()) << (decoded ? "" : decoded.error().message);
  return decoded ? std::get<NodeCard>(*decoded) : NodeCard();
}

TEST(CardCodec, ACardComesBackAsItWas) {
  const NodeCard card = full_card();
  const std::string bytes = encode(card);
  EXPECT_EQ(card_from(bytes), card);
  EXPECT_LT(bytes.size(), 350U);
}

TEST(CardCodec, APulseComesBackAsItWasAndIsSmall) {
  const NodePulse pulse = cards::pulse(full_card(), 43);
  const std::string bytes = encode(pulse);
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<NodePulse>(*decoded), pulse);
  EXPECT_LT(bytes.size(), 80U);
}

TEST(CardCodec, SectionsOfALaterVersionArePassedOver) {
  const NodeCard card = full_card();
  const std::string later = std::string("\x63\x03\x00\x00\x00new", 8);
  EXPECT_EQ(card_from(encode(card) + later), card);
}

TEST(CardCodec, WhatIsCutOrMuddledIsRefused) {
  const std::string bytes = encode(full_card());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode(std::string_view(bytes).substr(0, size));
    // A cut between two sections leaves a card without the later ones.
    if (decoded) {
      EXPECT_EQ(std::get<NodeCard>(*decoded).life.instance, 7);
    }
  }
  EXPECT_FALSE(decode("").ok());
  EXPECT_FALSE(decode("LC2" + bytes.substr(3)).ok());
  EXPECT_FALSE(decode(bytes + bytes.substr(4)).ok()) << "sections that come twice";
  EXPECT_FALSE(decode(std::string(invoker_locality::kCardBytesMax + 1, 'x')).ok());
  NodeCard unsorted = full_card();
  std::swap(unsorted.volumes[0], unsorted.volumes[1]);
  EXPECT_FALSE(decode(encode(unsorted)).ok());
}

TEST(CardCodec, NumbersThatNoNodeCanHaveAreBoundedOnBothSides) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t wild : {kMost, kLeast, std::int64_t{-1}}) {
    NodeCard card = full_card();
    card.numbers = {.memory_mb = wild,
                    .free_memory_mb = wild,
                    .guest_memory_mb = wild,
                    .load = static_cast<double>(wild),
                    .turn_ms = std::numeric_limits<double>::quiet_NaN()};
    for (auto& volume : card.volumes) {
      for (auto& prefix : volume.prefixes) prefix.sealed = prefix.cached = prefix.rest = wild;
    }
    card.warm[0].idle = std::numeric_limits<int>::min();
    const NodeCard read = card_from(encode(card));
    EXPECT_GE(read.numbers.memory_mb, 0);
    EXPECT_LE(read.numbers.guest_memory_mb, read.numbers.memory_mb);
    EXPECT_GE(read.numbers.load, 0);
    EXPECT_LE(read.numbers.load, 100);
    EXPECT_EQ(read.numbers.turn_ms, 0);
    EXPECT_EQ(read.warm[0].idle, 0);
    for (const auto& volume : read.volumes) {
      for (const auto& prefix : volume.prefixes) {
        EXPECT_GE(prefix.total(), 0);
        EXPECT_LE(prefix.rest, prefix.total());
      }
    }
  }
}

TEST(CardCodec, ANodeWithMoreThanCanBeToldTellsTheFirstOfIt) {
  NodeCard card = full_card();
  card.volumes.clear();
  for (int i = 1000; i < 2000; ++i)
    cards::hold(card, "guest/v" + std::to_string(i), cards::kMiB, "a");
  card.warm.resize(100'000, {1, 1});
  const NodeCard read = card_from(encode(card));
  EXPECT_EQ(read.warm.size(), invoker_locality::kWarmMax);
  EXPECT_EQ(read.volumes.size(), invoker_locality::kVolumesMax);
  EXPECT_EQ(read.volumes.front(), card.volumes.front());
}

TEST(CardCodec, AnyBytesAreReadOrRefusedAndNeverMore) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good = encode(full_card());
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::size_t i = 1 + random() % 4; i > 0; --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto decoded = decode(bytes);
    if (!decoded || !std::holds_alternative<NodeCard>(*decoded)) continue;
    const NodeCard& card = std::get<NodeCard>(*decoded);
    EXPECT_GE(card.life.instance, 0);
    EXPECT_EQ(card_from(encode(card)), card);
  }
}

}  // namespace
