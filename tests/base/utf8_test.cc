// UTF-8, by the table of well-formed sequences of the Unicode standard.
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Utf8, WellFormedTextIsTakenAsItIs) {
  for (const std::string text : {"", "plain", "\x7F", "\u0080", "\u07FF", "\u0800", "\uD7FF",
                                 "\uE000", "\uFFFF", "\U00010000", "\U0010FFFF", "mixed é € 😀"}) {
    EXPECT_TRUE(base::is_utf8(text)) << text;
    EXPECT_EQ(base::to_utf8(text), text);
  }
}

TEST(Utf8, IllFormedBytesAreReplaced) {
  const struct {
    std::string bytes;
    std::string mended;
  } cases[] = {
      {"\x80", "\uFFFD"},                                // continues nothing
      {"\xC0\x80", "\uFFFD\uFFFD"},                      // overlong NUL
      {"\xC1\xBF", "\uFFFD\uFFFD"},                      // overlong
      {"\xE0\x9F\xBF", "\uFFFD\uFFFD\uFFFD"},            // overlong
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // surrogate
      {"\xF0\x8F\xBF\xBF", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // overlong
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // beyond U+10FFFF
      {"\xF5", "\uFFFD"},
      {"\xFF", "\uFFFD"},
      {"a\xC3", "a\uFFFD"},  // cut
      {"a\xC3(", "a\uFFFD("},
      {"\xFF ok \xFE", "\uFFFD ok \uFFFD"},
  };
  for (const auto& [bytes, mended] : cases) {
    EXPECT_FALSE(base::is_utf8(bytes));
    EXPECT_EQ(base::to_utf8(bytes), mended);
    EXPECT_TRUE(base::is_utf8(base::to_utf8(bytes)));
  }
}

TEST(Utf8, LengthIsCountedAsTheJvmCounts) {
  EXPECT_EQ(base::utf16_length(""), 0U);
  EXPECT_EQ(base::utf16_length("abc"), 3U);
  EXPECT_EQ(base::utf16_length("é€"), 2U);
  EXPECT_EQ(base::utf16_length("😀"), 2U);
  EXPECT_EQ(base::utf16_length("a😀é"), 4U);
}

}  // namespace
