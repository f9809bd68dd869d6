#include "storage_control/packet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

namespace storage_control {
namespace {

using base::ErrorCode;
using base::UniqueFd;

class PacketTest : public testing::Test {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    near_.reset(pair[0]);
    far_.reset(pair[1]);
    ASSERT_TRUE(peer_user(near_.get()));
    ASSERT_TRUE(peer_user(far_.get()));
  }

  UniqueFd near_, far_;
};

TEST_F(PacketTest, PacketsKeepTheirBordersUpToTheLargest) {
  const std::string large(kPacketBytesMax, 'x');
  std::jthread sender([&] {
    EXPECT_TRUE(send_packet(near_.get(), "a"));
    EXPECT_TRUE(send_packet(near_.get(), large));
  });
  EXPECT_EQ(receive_packet(far_.get())->bytes, "a");
  EXPECT_EQ(receive_packet(far_.get())->bytes, large);
}

TEST_F(PacketTest, WhatIsTooLongIsNeitherSentNorTaken) {
  const std::string large(kPacketBytesMax + 1, 'x');
  EXPECT_EQ(send_packet(near_.get(), large).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(send_packet(near_.get(), "").error().code, ErrorCode::kInvalidArgument);
  std::jthread sender(
      [&] { EXPECT_GT(::send(near_.get(), large.data(), large.size(), MSG_NOSIGNAL), 0); });
  EXPECT_EQ(receive_packet(far_.get()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(PacketTest, ADescriptorArrivesAsTheSameFile) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(send_packet(near_.get(), "a file", file.get()));
  const auto packet = receive_packet(far_.get());
  ASSERT_TRUE(packet);
  struct stat sent{}, received{};
  ASSERT_EQ(::fstat(file.get(), &sent), 0);
  ASSERT_EQ(::fstat(packet->descriptor.get(), &received), 0);
  EXPECT_EQ(sent.st_ino, received.st_ino);
  EXPECT_EQ(::fcntl(packet->descriptor.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(PacketTest, TheOthersEndIsUnavailable) {
  far_.reset();
  EXPECT_EQ(receive_packet(near_.get()).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(send_packet(near_.get(), "a").error().code, ErrorCode::kUnavailable);
}

TEST(Packet, ASocketThatNobodyListensOnIsUnavailable) {
  const auto folder = std::filesystem::temp_directory_path() / "larder-packet-test";
  std::filesystem::create_directories(folder);
  const auto path = folder / std::to_string(::getpid());
  EXPECT_EQ(connect_to(path).error().code, ErrorCode::kNotFound);
  {
    const auto listening = listen_on(path);
    ASSERT_TRUE(listening) << listening.error().message;
    EXPECT_TRUE(connect_to(path));
    struct stat file{};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600U);
  }
  EXPECT_EQ(connect_to(path).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(connect_to(std::string(200, 'x')).error().code, ErrorCode::kInvalidArgument);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace storage_control
