#include "mount_point.h"

#include <gtest/gtest.h>

namespace invoker_container {
namespace {

TEST(MountPoint, OrdinaryPlacesAreAllowed) {
  for (const char* target : {"/mnt/data", "/data", "/home/me/x", "/usrlocal", "/a.b/..c", "/srv"}) {
    EXPECT_TRUE(check_target(target).ok()) << target;
  }
}

TEST(MountPoint, TheSystemsPlacesAreNot) {
  for (const char* target :
       {"/",    "",        "x",           "/proc",   "/proc/self", "/usr", "/lib64/x", "/dev/shm",
        "/tmp", "/action", "/larder",     "/a/../b", "/a/",        "//a",  "/a//b",    "/.",
        "/a/.", "/run/x",  "/etc/passwd", "/var",    "/root",      "/sys"}) {
    const auto status = check_target(target);
    ASSERT_FALSE(status.ok()) << target;
    EXPECT_EQ(status.error().code, base::ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(check_target(std::string("/a\0b", 4)).ok());
  EXPECT_FALSE(check_target("/" + std::string(2'000, 'a')).ok());
}

}  // namespace
}  // namespace invoker_container
