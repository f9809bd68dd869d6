#include "storage/volume_name.h"

#include <gtest/gtest.h>

#include <random>

namespace storage {
namespace {

TEST(VolumeName, OddBytesAreEscapedAndPlainOnesKept) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"photos", "photos"},
      {"a-b_c.9", "a-b_c.9"},
      {".", "%2E"},
      {"..", "%2E."},
      {".hidden", "%2Ehidden"},
      {"a/b", "a%2Fb"},
      {"../../etc", "%2E.%2F..%2Fetc"},
      {"%41", "%2541"},
      {" ", "%20"},
      {"\n", "%0A"},
      {std::string("\0", 1), "%00"},
      {"\xC3\xA4", "%C3%A4"},
      {"me@example.org", "me%40example.org"},
  };
  for (const auto& [name, encoded] : cases) {
    const auto result = encode_name(name);
    ASSERT_TRUE(result.ok()) << encoded;
    EXPECT_EQ(*result, encoded);
    const auto back = decode_name(encoded);
    ASSERT_TRUE(back.ok()) << encoded;
    EXPECT_EQ(*back, name);
  }
}

TEST(VolumeName, NamesThatDoNotFitAreRefused) {
  EXPECT_FALSE(encode_name("").ok());
  EXPECT_TRUE(encode_name(std::string(255, 'a')).ok());
  EXPECT_FALSE(encode_name(std::string(256, 'a')).ok());
  EXPECT_TRUE(encode_name(std::string(85, '/')).ok());
  const auto refused = encode_name(std::string(86, '/'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kInvalidArgument);
}

TEST(VolumeName, WhatIsNoEncodingHasNoName) {
  for (const char* text : {"", ".", "..", ".a", "a/b", "%", "%2", "%2f", "%zz", "%41", "a b"}) {
    EXPECT_FALSE(decode_name(text).ok()) << text;
  }
}

TEST(VolumeName, EveryNameComesBackAndIsSafe) {
  constexpr unsigned kSeed = 20240617;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    std::string name(1 + random() % 80, '\0');
    for (char& c : name) c = static_cast<char>(random());
    const auto encoded = encode_name(name);
    ASSERT_TRUE(encoded.ok()) << "seed " << kSeed << " round " << i;
    EXPECT_EQ(encoded->find_first_of(std::string("/\0", 2)), std::string::npos);
    EXPECT_NE(encoded->front(), '.');
    const auto back = decode_name(*encoded);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, name);
  }
}

}  // namespace
}  // namespace storage
