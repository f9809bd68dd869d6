#include "gpu_session/images.h"

#include <gtest/gtest.h>

namespace {

using gpu_session::Image;
using gpu_session::MemoryImages;

Image of(std::size_t bytes) { return std::make_shared<const std::vector<std::byte>>(bytes); }
gpu_wire::Digest name(std::uint8_t first) { return {first}; }

TEST(MemoryImages, WhatWasNotUsedForLongestGoesFirst) {
  MemoryImages images(300);
  images.add(name(1), of(100));
  images.add(name(2), of(100));
  images.add(name(3), of(100));
  EXPECT_NE(images.find(name(1)), nullptr);
  images.add(name(4), of(150));
  EXPECT_NE(images.find(name(1)), nullptr);
  EXPECT_EQ(images.find(name(2)), nullptr);
  EXPECT_EQ(images.find(name(3)), nullptr);
  EXPECT_NE(images.find(name(4)), nullptr);
}

TEST(MemoryImages, AnImageLargerThanTheStoreStaysUntilTheNext) {
  MemoryImages images(10);
  images.add(name(1), of(100));
  EXPECT_NE(images.find(name(1)), nullptr);
  images.add(name(2), of(5));
  EXPECT_EQ(images.find(name(1)), nullptr);
}

TEST(MemoryImages, OneImageIsKeptOnce) {
  MemoryImages images(250);
  for (int i = 0; i < 3; ++i) images.add(name(1), of(100));
  images.add(name(2), of(100));
  EXPECT_NE(images.find(name(1)), nullptr);
}

}  // namespace
