#include "image_name.h"

#include <gtest/gtest.h>

namespace invoker_docker {
namespace {

struct Case {
  const char* text;
  const char* registry;
  const char* prefix;
  const char* name;
  const char* tag;
};

TEST(ImageName, IsTakenApartByDockersGrammar) {
  const Case kCases[] = {
      {"python", "", "", "python", ""},
      {"openwhisk/dockerskeleton:nightly", "", "openwhisk", "dockerskeleton", "nightly"},
      {"registry.example.org/a/b/c:1.0", "registry.example.org", "a/b", "c", "1.0"},
      {"localhost:5000/image", "localhost:5000", "", "image", ""},
      {"a__b/c--d:Tag_1.x", "", "a__b", "c--d", "Tag_1.x"},
      {"image@sha256:0123456789abcdef", "", "", "image", ""},
      {"host.x:1/p/image:t@sha256:0123", "host.x:1", "p", "image", "t"},
  };
  for (const Case& expected : kCases) {
    const auto image = parse_image_name(expected.text);
    ASSERT_TRUE(image.ok()) << expected.text;
    EXPECT_EQ(image->registry, expected.registry) << expected.text;
    EXPECT_EQ(image->prefix, expected.prefix) << expected.text;
    EXPECT_EQ(image->name, expected.name) << expected.text;
    EXPECT_EQ(image->tag, expected.tag) << expected.text;
  }
}

TEST(ImageName, WhatIsNoNameIsRefused) {
  for (const char* text :
       {"", "UPPER", "a//b", "/a", "a/", "a b", "a:", "a:b:c", "-a", "a.", "a..b", "a___b",
        "a:.tag", "host:port/a", "host.:1/a", "a$(reboot)", "../a"}) {
    const auto image = parse_image_name(text);
    ASSERT_FALSE(image.ok()) << text;
    EXPECT_EQ(image.error().code, base::ErrorCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(parse_image_name("a:" + std::string(129, 't')).ok());
  EXPECT_FALSE(parse_image_name(std::string(256, 'a')).ok());
}

TEST(ImageName, NoTagAndLatestAreTheLatest) {
  EXPECT_TRUE(is_latest(*parse_image_name("a")));
  EXPECT_TRUE(is_latest(*parse_image_name("a:latest")));
  EXPECT_TRUE(is_latest(*parse_image_name("a@sha256:12")));
  EXPECT_FALSE(is_latest(*parse_image_name("a:1")));
}

}  // namespace
}  // namespace invoker_docker
