#include "loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <thread>

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::UniqueFd;

constexpr int kAttachTriesMax = 64;  // others may take the free device that we were told of
constexpr base::milliseconds kPollInterval{5};

Error no_loop_devices(const std::string& what, int errno_value) {
  return {ErrorCode::kUnsupported,
          "volumes need loop devices, and " + error_from_errno(errno_value, what).message +
              "; run as root, load the module (modprobe loop), and in a container allow "
              "/dev/loop-control and /dev/loop*"};
}

bool configure(int device_fd, int image_fd) {
  loop_config config{};
  config.fd = static_cast<unsigned>(image_fd);
  config.block_size = 4096;
  // Direct: btrfs caches already, and a second copy in the page cache of the image helps nobody.
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
  if (::ioctl(device_fd, LOOP_CONFIGURE, &config) == 0) return true;
  if (errno != EINVAL) return false;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  return ::ioctl(device_fd, LOOP_CONFIGURE, &config) == 0;
}

bool has_image(const std::string& device, const struct stat& image) {
  const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  loop_info64 info{};
  if (!fd.valid() || ::ioctl(fd.get(), LOOP_GET_STATUS64, &info) != 0) return false;
  return info.lo_device == image.st_dev && info.lo_inode == image.st_ino;
}

// The loop device that has `image` behind it, or "".
std::string device_of(const struct stat& image) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block", ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("loop") || !std::filesystem::exists(entry.path() / "loop", ignored)) {
      continue;
    }
    const std::string device = "/dev/" + name;
    if (has_image(device, image)) return device;
  }
  return "";
}

}  // namespace

Result<LoopDevice> attach_loop_device(int image_fd) {
  const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control.valid()) return no_loop_devices("opening /dev/loop-control", errno);
  for (int tries = 0; tries < kAttachTriesMax; ++tries) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return no_loop_devices("asking for a free loop device", errno);
    LoopDevice device{"/dev/loop" + std::to_string(number), UniqueFd()};
    device.fd.reset(::open(device.path.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.fd.valid()) return no_loop_devices("opening " + device.path, errno);
    if (configure(device.fd.get(), image_fd)) return device;
    if (errno != EBUSY) return no_loop_devices("setting up " + device.path, errno);
  }
  return Error{ErrorCode::kUnavailable, "every loop device was taken by somebody else first"};
}

base::Status wait_until_detached(int image_fd, base::Instant deadline) {
  struct stat image{};
  if (::fstat(image_fd, &image) != 0) return error_from_errno(errno, "reading an image's state");
  for (;;) {
    const std::string device = device_of(image);
    if (device.empty()) return {};
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::kUnavailable,
                   "the volumes' image is still in use behind " + device +
                       ": sandboxes of an earlier process hold it; end them and start again"};
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace storage
