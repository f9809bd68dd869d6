#include "id_bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace invoker_zookeeper {
namespace {

using namespace std::string_literals;

struct Row {
  std::int32_t id;
  std::string bytes;
};

TEST(IdBytes, AreThoseOfJavasBigInteger) {
  for (const auto& [id, bytes] :
       {Row{0, "\0"s}, Row{1, "\x01"s}, Row{10, "\x0a"s}, Row{127, "\x7f"s}, Row{128, "\0\x80"s},
        Row{255, "\0\xff"s}, Row{256, "\x01\0"s}, Row{300, "\x01\x2c"s},
        Row{std::numeric_limits<std::int32_t>::max(), "\x7f\xff\xff\xff"s}}) {
    EXPECT_EQ(id_to_bytes(id), bytes) << id;
    EXPECT_EQ(id_from_bytes(bytes), id);
  }
}

TEST(IdBytes, MayHaveMoreZerosThanTheyNeed) { EXPECT_EQ(id_from_bytes("\0\0\0\0\0\x05"s), 5); }

TEST(IdBytes, OfNoIdAreRefused) {
  for (const auto& bytes : {""s, "\x80"s, "\xff\xff"s, "\0\x80\0\0\0"s, std::string(64, '\x7f')})
    EXPECT_EQ(id_from_bytes(bytes), std::nullopt);
}

TEST(IdBytes, OfTheCounterAreFour) { EXPECT_EQ(counter_to_bytes(258), "\0\0\x01\x02"s); }

}  // namespace
}  // namespace invoker_zookeeper
