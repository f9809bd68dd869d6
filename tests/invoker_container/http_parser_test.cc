#include <gtest/gtest.h>

#include <string>

#include "http_connection.h"

namespace proxy {
namespace {

const std::string kRequest =
    "POST /run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    "Content-Length: 12\r\n\r\n{\"value\":{}}";

TEST(HttpParser, ARequestComesWholeHoweverItIsCut) {
  for (std::size_t cut = 0; cut <= kRequest.size(); ++cut) {
    HttpParser parser;
    ASSERT_TRUE(parser.feed(kRequest.substr(0, cut)));
    if (cut < kRequest.size()) {
      EXPECT_FALSE(parser.take());
      ASSERT_TRUE(parser.feed(kRequest.substr(cut)));
    }
    const auto request = parser.take();
    ASSERT_TRUE(request) << cut;
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/run");
    EXPECT_EQ(request->body, "{\"value\":{}}");
    EXPECT_TRUE(request->keep_alive);
    EXPECT_FALSE(parser.take());
  }
}

TEST(HttpParser, RequestsMayFollowEachOtherInOnePiece) {
  HttpParser parser;
  ASSERT_TRUE(parser.feed(kRequest + kRequest + kRequest));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(parser.take()) << i;
  EXPECT_FALSE(parser.take());
}

TEST(HttpParser, ChunkedBodiesAreRead) {
  HttpParser parser;
  ASSERT_TRUE(
      parser.feed("POST /init HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  const auto request = parser.take();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "abcde");
}

TEST(HttpParser, AClosingRequestSaysSo) {
  HttpParser parser;
  ASSERT_TRUE(parser.feed("POST /run HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(parser.take()->keep_alive);
}

TEST(HttpParser, WhatIsNoHttpIsRefused) {
  HttpParser parser;
  EXPECT_FALSE(parser.feed("\x16\x03\x01 hello"));
  EXPECT_EQ(parser.refusal(), 400);
}

TEST(HttpParser, ABodyThatIsTooLongIsRefusedByItsAnnouncement) {
  HttpParser parser;
  EXPECT_FALSE(parser.feed("POST /init HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n"));
  EXPECT_EQ(parser.refusal(), 413);
}

TEST(HttpParser, AnswersAlwaysCarryTheirLength) {
  EXPECT_EQ(format_head(200, 17, true),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n");
  EXPECT_NE(format_head(502, 0, false).find("Connection: close"), std::string::npos);
}

}  // namespace
}  // namespace proxy
