#include "gpu_leases/quote.h"

#include <gtest/gtest.h>

#include <vector>

namespace gpu_leases {
namespace {

Quote quote(bool now) { return {.ever = true, .now = now}; }

TEST(QuoteTest, NobodyIsChosenWhereItNeverFits) {
  EXPECT_FALSE(best({}));
  const std::vector<Quote> quotes(3);
  EXPECT_FALSE(best(quotes));
}

TEST(QuoteTest, RoomNowIsBetterThanKnownCode) {
  std::vector<Quote> quotes{quote(false), quote(true)};
  quotes[0].known_bytes = 1 << 20;
  EXPECT_EQ(best(quotes), 1u);
}

TEST(QuoteTest, KnownCodeIsBetterThanAWarmSessionAndMoreRoom) {
  std::vector<Quote> quotes{quote(true), quote(true)};
  quotes[0].warm = true;
  quotes[0].free_bytes = 100;
  quotes[1].known_bytes = 1;
  EXPECT_EQ(best(quotes), 1u);
}

TEST(QuoteTest, TheShorterLineThenTheWarmSessionThenFewerOfTheNamespaceThenRoom) {
  std::vector<Quote> quotes(4, quote(false));
  for (auto& one : quotes) one.waiting = 2;
  quotes[3].free_bytes = 1;
  EXPECT_EQ(best(quotes), 3u);
  for (std::size_t i : {0u, 1u, 3u}) quotes[i].same_namespace = 1;
  EXPECT_EQ(best(quotes), 2u);
  quotes[1].warm = true;
  EXPECT_EQ(best(quotes), 1u);
  quotes[0].waiting = 1;
  EXPECT_EQ(best(quotes), 0u);
}

TEST(QuoteTest, OfEqualOnesTheFirst) {
  const std::vector<Quote> quotes{quote(true), quote(true)};
  EXPECT_EQ(best(quotes), 0u);
}

}  // namespace
}  // namespace gpu_leases
