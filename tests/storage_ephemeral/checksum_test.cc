#include "checksum.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>

#include "base/unique_fd.h"

namespace storage_ephemeral {
namespace {

std::uint64_t of(std::string_view bytes) {
  ContentChecksum sum;
  sum.bytes(bytes);
  return sum.value();
}

TEST(ContentChecksum, DoesNotDependOnHowTheBytesCame) {
  std::mt19937 random(7);
  std::string bytes(3 * kBlockBytes + 12345, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 3);
  ContentChecksum pieces;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - at, random() % 300'000 + 1);
    pieces.bytes(std::string_view(bytes).substr(at, count));
    at += count;
  }
  EXPECT_EQ(pieces.value(), of(bytes));
  EXPECT_EQ(pieces.size(), bytes.size());
}

TEST(ContentChecksum, AHoleIsTheSameAsZeros) {
  for (const std::uint64_t length :
       {std::uint64_t{1}, kBlockBytes - 3, kBlockBytes, 5 * kBlockBytes + 7}) {
    ContentChecksum hole;
    hole.bytes("abc");
    hole.zeros(length);
    hole.bytes("x");
    EXPECT_EQ(hole.value(), of("abc" + std::string(length, '\0') + "x")) << length;
  }
}

TEST(ContentChecksum, SizeAndPlaceCount) {
  EXPECT_NE(of(""), of(std::string(1, '\0')));
  EXPECT_NE(of(std::string(10, '\0')), of(std::string(11, '\0')));
  EXPECT_NE(of("a" + std::string(kBlockBytes, '\0')), of(std::string(kBlockBytes, '\0') + "a"));
}

TEST(ContentChecksum, ATerabyteOfNothingCostsNothing) {
  ContentChecksum sum;
  sum.zeros(std::uint64_t{1} << 40);
  sum.bytes("end");
  EXPECT_EQ(sum.size(), (std::uint64_t{1} << 40) + 3);
}

TEST(ContentChecksum, OfAFileIsThatOfItsBytes) {
  const base::UniqueFd fd(::memfd_create("sum", MFD_CLOEXEC));
  const std::string end = "the end";
  const std::uint64_t at = 3 * kBlockBytes + 100;
  ASSERT_EQ(::pwrite(fd.get(), end.data(), end.size(), static_cast<off_t>(at)), 7);
  const auto sum = content_checksum(fd.get(), at + 7);
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(*sum, of(std::string(at, '\0') + end));
  EXPECT_EQ(content_checksum(fd.get(), at + 8).error().code, base::ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace storage_ephemeral
