// Text for people: quoting, escaping, guessing what was meant.
#include "base/text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace {

std::string one_line(std::string_view text) {
  std::string out;
  base::append_one_line(out, text);
  return out;
}

TEST(Text, TrimmedHasNoBlanksAtItsEnds) {
  EXPECT_EQ(base::trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(base::trimmed(" \n "), "");
  EXPECT_EQ(base::trimmed(""), "");
}

TEST(Text, LowerCaseChangesAsciiLettersOnly) { EXPECT_EQ(base::lower_case("AbZ9É"), "abz9É"); }

TEST(Text, OneLineHasNoControlCharacters) {
  EXPECT_EQ(one_line("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(one_line("\x1b[31m\x7F"), "\\u001b[31m\\u007f");
  EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(one_line("\u0085\u009b\u2028\u2029"), "\\u0085\\u009b\\u2028\\u2029");
  EXPECT_EQ(one_line("é\u00a0€\u2027😀"), "é\u00a0€\u2027😀");
  EXPECT_EQ(one_line("a\xFF\xC2"), "a\uFFFD\uFFFD");
}

TEST(Text, QuotedIsShortAndStaysUtf8) {
  EXPECT_EQ(base::quoted("a b"), "\"a b\"");
  EXPECT_EQ(base::quoted(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  EXPECT_EQ(base::quoted(std::string(65, 'x')), "\"" + std::string(64, 'x') + "...\"");
  const std::string cut = base::quoted(std::string(63, 'x') + "€uro");
  EXPECT_EQ(cut, "\"" + std::string(63, 'x') + "...\"");
  EXPECT_TRUE(base::is_utf8(base::quoted(std::string(100, '\xBF'))));
}

TEST(Text, AListIsQuotedOneByOne) {
  const std::string_view names[] = {"a", "b"};
  EXPECT_EQ(base::quoted_list(names), "\"a\", \"b\"");
  EXPECT_EQ(base::quoted_list({}), "");
}

TEST(Text, TheNearestNameIsWhatATypingErrorExplains) {
  const std::string_view known[] = {"tier", "isolation", "readOnly", "pool.user-memory"};
  EXPECT_EQ(base::nearest("teir", known), "tier");
  EXPECT_EQ(base::nearest("Tier", known), "tier");
  EXPECT_EQ(base::nearest("readonly", known), "readOnly");
  EXPECT_EQ(base::nearest("isolaton", known), "isolation");
  EXPECT_EQ(base::nearest("pool.usermemory", known), "pool.user-memory");
  EXPECT_EQ(base::nearest("isolationLevel", known), "isolation");
  EXPECT_EQ(base::nearest("rea", known), "readOnly");
  EXPECT_EQ(base::nearest("re", known), "");
  EXPECT_EQ(base::nearest("volume", known), "");
  EXPECT_EQ(base::nearest("", known), "");
  EXPECT_EQ(base::nearest(std::string(100'000, 'x'), known), "");
  EXPECT_EQ(base::nearest("x", {}), "");
}

}  // namespace
