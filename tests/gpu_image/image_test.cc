#include "gpu_image/image.h"

#include <gtest/gtest.h>

#include "made_image.h"

namespace gpu_image {
namespace {

using base::ErrorCode;
using made::Bytes;
using made::bytes_of;

constexpr std::uint64_t kMost = 1 << 20;

std::string long_text() {
  std::string text = ".version 6.0\n.target sm_70\n";
  for (int i = 0; i < 500; ++i) text += "// one line much like the one before\n";
  return text;
}

TEST(Image, KnowsTheFormByTheFirstBytes) {
  EXPECT_EQ(form_of(bytes_of("\xB1\x43\x62\x46 and on")).value(), Form::kWrapper);
  EXPECT_EQ(form_of(made::container({})).value(), Form::kContainer);
  EXPECT_EQ(form_of(bytes_of("\x7f"
                             "ELF"))
                .value(),
            Form::kElf);
  EXPECT_EQ(form_of(bytes_of("\n  // PTX")).value(), Form::kPtx);
  EXPECT_FALSE(form_of(bytes_of("\x01\x02\x03\x04")).ok());
  EXPECT_FALSE(form_of({}).ok());
}

TEST(Image, FindsPtxWhateverItsCompression) {
  const std::string text = long_text();
  for (const auto compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
    const Bytes image = made::container({made::entry(1, 70, bytes_of(text), compression)});
    const auto found = ptx_text(image, 70, kMost);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(*found, text);
  }
}

TEST(Image, TakesThePtxOfTheHighestChipThatIsNotTooNew) {
  const Bytes image = made::container({made::entry(1, 52, bytes_of("fifty"), Compression::kNone),
                                       made::entry(2, 70, bytes_of("cubin"), Compression::kNone),
                                       made::entry(1, 70, bytes_of("seventy"), Compression::kNone),
                                       made::entry(1, 90, bytes_of("ninety"), Compression::kNone)});
  EXPECT_EQ(ptx_text(image, 75, kMost).value(), "seventy");
  EXPECT_EQ(ptx_text(image, 60, kMost).value(), "fifty");
  EXPECT_EQ(ptx_text(image, 50, kMost).error().code, ErrorCode::kNotFound);
}

TEST(Image, ReadsContainersInARow) {
  Bytes image = made::container({made::entry(2, 90, bytes_of("x"), Compression::kNone)});
  const Bytes second = made::container({made::entry(1, 70, bytes_of("text"), Compression::kNone)});
  image.insert(image.end(), second.begin(), second.end());
  EXPECT_EQ(entries_of(image).value().size(), 2U);
  EXPECT_EQ(ptx_text(image, 70, kMost).value(), "text");
}

TEST(Image, ABombIsRefusedBeforeAnythingIsAllocated) {
  const Bytes zeros(100 << 20);
  const Bytes image = made::container({made::entry(1, 70, zeros, Compression::kZstd)});
  ASSERT_LT(image.size(), std::size_t{1} << 16);
  EXPECT_EQ(ptx_text(image, 70, kMost).error().code, ErrorCode::kNoSpace);
}

TEST(Image, ASizeThatLiesIsFound) {
  for (const auto compression : {Compression::kLz4, Compression::kZstd}) {
    for (const std::uint64_t lie : {std::uint64_t{1}, std::uint64_t{1} << 19, ~std::uint64_t{0}}) {
      Bytes entry = made::entry(1, 70, bytes_of(long_text()), compression);
      made::put<std::uint64_t>(entry, 56, lie);
      EXPECT_FALSE(ptx_text(made::container({entry}), 70, kMost).ok()) << lie;
    }
  }
}

TEST(Image, EachCutOfAnImageIsAnError) {
  const Bytes image =
      made::container({made::entry(1, 70, bytes_of(long_text()), Compression::kZstd)});
  for (std::size_t size = 4; size < image.size(); ++size) {
    EXPECT_FALSE(ptx_text(std::span(image).first(size), 70, kMost).ok()) << size;
  }
}

TEST(Image, LengthsNearTheLargestNumberDoNotGoRound) {
  for (const std::uint64_t huge :
       {~std::uint64_t{0}, ~std::uint64_t{0} - 15, std::uint64_t{1} << 63}) {
    Bytes image = made::container({made::entry(1, 70, bytes_of("text"), Compression::kNone)});
    made::put(image, 8, huge);
    EXPECT_FALSE(entries_of(image).ok());
    image = made::container({made::entry(1, 70, bytes_of("text"), Compression::kNone)});
    made::put(image, 16 + 8, huge);
    EXPECT_FALSE(entries_of(image).ok());
  }
}

}  // namespace
}  // namespace gpu_image
