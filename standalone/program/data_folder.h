// The folder in which a platform keeps everything, in the hands of one platform at a time.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace program {

// Held as long as it lives; the end of the process gives it back in any case.
class DataFolder {
 public:
  // Makes the folder where it is missing. Errors: kAlreadyExists when another process holds it,
  // whatever path it came by; those of the file system.
  static base::Result<DataFolder> take(const std::filesystem::path& path);

  // Removes actions, records and volumes.
  void clear() const;

 private:
  DataFolder(std::filesystem::path path, base::UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  base::UniqueFd lock_;
};

}  // namespace program
