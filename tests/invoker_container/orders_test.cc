#include "orders.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "fd_message.h"

namespace invoker_container {
namespace {

TEST(Orders, ComeOutAsTheyWentIn) {
  const StartOrder order{7, "host", {"native", "\x01\"x"}, {"A=b", "C=\u00e4"}, 1, 2, 3, 4, true};
  const auto decoded = decode_order(encode(order));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(encode(*decoded), encode(order));
  const WardenSetup setup{"/p", {"/opt"}, {"/a", "/b"}, "/run/x", 1'000};
  const auto setup_decoded = decode_setup(encode(setup));
  ASSERT_TRUE(setup_decoded.ok());
  EXPECT_EQ(encode(*setup_decoded), encode(setup));
  const auto reply = decode_reply(encode(StartReply{7, 42, "why"}));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->pid, 42);
  EXPECT_EQ(reply->error, "why");
}

TEST(Orders, OfAnotherShapeAreRefused) {
  for (const char* text : {"", "[]", "{}", R"({"id":"x"})", R"({"id":1,"hostname":3})"}) {
    EXPECT_FALSE(decode_order(text).ok()) << text;
    EXPECT_FALSE(decode_setup(text).ok()) << text;
    EXPECT_FALSE(decode_reply(text).ok()) << text;
  }
}

TEST(FdMessage, DescriptorsTravelWithTheText) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  base::UniqueFd left(ends[0]);
  const base::UniqueFd right(ends[1]);
  const base::UniqueFd file(open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(send_message(left.get(), "hello", {file.get(), file.get()}).ok());
  left.reset();
  const auto message = receive_message(right.get());
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->text, "hello");
  EXPECT_EQ(message->fds.size(), 2U);
  const auto end = receive_message(right.get());
  ASSERT_TRUE(end.ok());
  EXPECT_TRUE(end->text.empty());
  EXPECT_EQ(send_message(right.get(), "x", {}).error().code, base::ErrorCode::kUnavailable);
  EXPECT_FALSE(send_message(right.get(), std::string(kMessageBytesMax + 1, 'x'), {}).ok());
}

}  // namespace
}  // namespace invoker_container
