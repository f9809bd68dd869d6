#include "units.h"

#include <gtest/gtest.h>

#include "base/sizes.h"

namespace {

using invoker_settings::hocon_bytes;
using invoker_settings::hocon_duration;

constexpr std::int64_t kMebi = 1 << 20;

TEST(Units, Trap57MBIsDecimalInConfigurationAndBinaryInTheManifest) {
  EXPECT_EQ(hocon_bytes("256 MB"), 256'000'000);
  EXPECT_EQ(hocon_bytes("256m"), 256 * kMebi);
  EXPECT_EQ(base::parse_bytes("256 MB").value(), 256 * kMebi);
}

TEST(Units, Sizes) {
  struct Case {
    const char* text;
    std::int64_t bytes;
  };
  for (const Case& one :
       {Case{"2048m", 2048 * kMebi}, Case{"1 m", kMebi}, Case{"512k", 512 << 10}, Case{"0 m", 0},
        Case{"1048576", kMebi}, Case{"6068 B", 6068}, Case{"1.5g", 1536 * kMebi}, Case{"2K", 2048},
        Case{"2kB", 2000}, Case{"1 MiB", kMebi}, Case{"1 Gi", 1024 * kMebi},
        Case{"1GB", 1'000'000'000}, Case{" 1 megabytes ", 1'000'000}, Case{"1T", 1LL << 40}}) {
    EXPECT_EQ(hocon_bytes(one.text), one.bytes) << one.text;
  }
}

TEST(Units, WhatIsNoSize) {
  for (const char* text : {"", "m", "1 mb", "1 KB", "1x", "-1m", "1,5m", "1..5m", "1 m m", "1e3",
                           "9999999999999g", "inf", "0x10"}) {
    EXPECT_FALSE(hocon_bytes(text).has_value()) << text;
  }
}

TEST(Units, Durations) {
  struct Case {
    const char* text;
    std::int64_t ms;
  };
  for (const Case& one : {Case{"10 minutes", 600'000}, Case{"10m", 600'000}, Case{"500ms", 500},
                          Case{"1 second", 1000}, Case{"0.1 s", 100}, Case{"1.1 s", 1100},
                          Case{"250", 250}, Case{"2h", 7'200'000}, Case{"1 day", 86'400'000},
                          Case{"10 us", 1}, Case{"0 ns", 0}, Case{"1500 millis", 1500}}) {
    const auto read = hocon_duration(one.text);
    ASSERT_TRUE(read.has_value()) << one.text;
    EXPECT_EQ(read->time.count(), one.ms) << one.text;
    EXPECT_FALSE(read->infinite);
  }
  EXPECT_TRUE(hocon_duration("Inf")->infinite);
}

TEST(Units, WhatIsNoDuration) {
  for (const char* text :
       {"", "minutes", "1 fortnight", "-1 s", "101 years", "99999999 d", "inf"}) {
    EXPECT_FALSE(hocon_duration(text).has_value()) << text;
  }
}

}  // namespace
