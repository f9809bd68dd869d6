// Bytes and durations as people write them.
#include "base/sizes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace {

using std::chrono::milliseconds;

TEST(Sizes, BytesAreReadInEveryForm) {
  const struct {
    const char* text;
    std::int64_t bytes;
  } cases[] = {{"0", 0},
               {"1024", 1024},
               {"100 B", 100},
               {"100b", 100},
               {"512m", 512LL << 20},
               {"512 MB", 512LL << 20},
               {"2 GB", 2LL << 30},
               {"2g", 2LL << 30},
               {"2Gb", 2LL << 30},
               {"64kb", 64 << 10},
               {"64K", 64 << 10},
               {" 1 m ", 1 << 20},
               {"007 B", 7},
               {"9223372036854775807", INT64_MAX},
               {"8589934591 GB", 8589934591LL << 30}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = base::parse_bytes(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(Sizes, WhatIsNoSizeIsRefused) {
  for (const char* text : {"", " ", "GB", "-1", "- 1", "+1", "1.5 GB", "1e3", "1 TB", "1 G B",
                           "1 GiB", "0x10", "1 2", "10 minutes", "1GBB", "١ B"}) {
    const auto parsed = base::parse_bytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find(" is no size such as "), std::string::npos);
  }
}

TEST(Sizes, WhatDoesNotFitIsRefused) {
  for (const char* text : {"9223372036854775808", "8589934592 GB", "99999999999999999999999 B"}) {
    const auto parsed = base::parse_bytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().message, "\"" + std::string(text) + "\" is too large");
  }
}

TEST(Sizes, BytesArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(base::format_bytes(0), "0 B");
  EXPECT_EQ(base::format_bytes(7), "7 B");
  EXPECT_EQ(base::format_bytes(1024), "1 KB");
  EXPECT_EQ(base::format_bytes(1536LL << 20), "1536 MB");
  EXPECT_EQ(base::format_bytes(2LL << 30), "2 GB");
  for (const std::int64_t bytes :
       {std::int64_t{1}, std::int64_t{1023}, std::int64_t{1025}, INT64_MAX}) {
    EXPECT_EQ(base::parse_bytes(base::format_bytes(bytes)).value(), bytes);
  }
}

TEST(Sizes, DurationsAreReadInEveryForm) {
  const struct {
    const char* text;
    std::int64_t ms;
  } cases[] = {{"250ms", 250},           {"5 s", 5000},           {"10 minutes", 600'000},
               {"10m", 600'000},         {"1 second", 1000},      {"2 Hours", 7'200'000},
               {"1h", 3'600'000},        {"7 days", 604'800'000}, {"0 ms", 0},
               {"100 milliseconds", 100}};
  for (const auto& [text, ms] : cases) {
    const auto parsed = base::parse_duration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, milliseconds(ms)) << text;
  }
}

TEST(Sizes, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "10", "m", "-1 s", "1.5 s", "10 parsecs", "1 m 30 s", "Inf"}) {
    EXPECT_FALSE(base::parse_duration(text).ok()) << text;
  }
  for (const char* text : {"36501 days", "9223372036854775807 d", "9223372036854775808 ms"}) {
    EXPECT_EQ(base::parse_duration(text).error().message,
              "\"" + std::string(text) + "\" is too large");
  }
}

TEST(Sizes, DurationsArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(base::format_duration(milliseconds(0)), "0 ms");
  EXPECT_EQ(base::format_duration(milliseconds(1500)), "1500 ms");
  EXPECT_EQ(base::format_duration(milliseconds(90'000)), "90 s");
  EXPECT_EQ(base::format_duration(milliseconds(600'000)), "10 m");
  EXPECT_EQ(base::format_duration(milliseconds(86'400'000)), "1 d");
}

}  // namespace
