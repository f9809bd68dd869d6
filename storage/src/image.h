// The file that holds a file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

struct Image {
  base::UniqueFd fd;   // for reading and writing
  bool grown = false;  // the file is larger than at its last use
};

// Opens the image at `path`, made with mkfs.btrfs where there is none and enlarged to `bytes` where
// it is smaller. A crash leaves no half-made image behind.
// Errors: kUnsupported where mkfs.btrfs is missing, kNoSpace, kInternal with what mkfs.btrfs said.
base::Result<Image> open_image(const std::filesystem::path& path, std::int64_t bytes,
                               const std::string& label);

}  // namespace storage
