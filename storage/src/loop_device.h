// A file as a block device.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

struct LoopDevice {
  std::string path;
  base::UniqueFd fd;  // keeps the device until a mount does
};

// Attaches `image`, open for reading and writing, to a free loop device that the kernel frees by
// itself when nothing uses it any more.
// Errors: kUnsupported with what to do when this machine has no loop devices for us.
base::Result<LoopDevice> attach_loop_device(int image_fd);

// Waits until no loop device has `image` behind it: a predecessor's mount goes a moment after its
// process, or with the last of its sandboxes. kUnavailable when `deadline` passes first.
base::Status wait_until_detached(int image_fd, base::Instant deadline);

}  // namespace storage
