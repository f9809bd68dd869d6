#include "base/base64.h"

#include <gtest/gtest.h>

namespace {

using base::decode_base64;
using base::encode_base64;

TEST(Base64, KnownTextsOfTheStandard) {
  for (const auto& [bytes, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xff\xfe\xfb", "//77"}}) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (std::size_t size = 0; size < all.size(); ++size) {
    EXPECT_EQ(decode_base64(encode_base64(all.substr(0, size))), all.substr(0, size));
  }
}

TEST(Base64, AnythingElseIsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9v\n", "Zm-v", "====", "Z===", "=Zm9", "Zm=v"}) {
    EXPECT_FALSE(decode_base64(text).has_value()) << text;
    EXPECT_FALSE(base::is_base64(text)) << text;
  }
}

TEST(Base64, TheEmptyTextIsReadAndIsNone) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_FALSE(base::is_base64(""));
  EXPECT_TRUE(base::is_base64("Zg=="));
}

TEST(Base64, TheAlphabetOfUrlsIsAnother) {
  EXPECT_EQ(base::decode_base64_url("__77"), "\xff\xfe\xfb");
  EXPECT_FALSE(base::decode_base64_url("//77").has_value());
}

}  // namespace
