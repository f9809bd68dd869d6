// A volume store in a temporary directory, which must leave nothing behind.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "storage/volume_store.h"
#include "testing/eventually.h"

namespace storage {

using testing_support::eventually;

inline constexpr uid_t kUser = 4711;

// Whether some loop device of this machine has a file below `directory` behind it.
bool has_loop_device(const std::filesystem::path& directory);

// Bytes of the file `path` below `directory_fd`, or "ERRNO: ..." when it cannot be read.
std::string read_at(int directory_fd, const std::string& path);
// 0, or the errno that stopped it; the file is made and written from its beginning.
int write_at(int directory_fd, const std::string& path, const std::string& bytes);
// Writes 64 KiB at a time until it fails or `bytes_max` are written; gives how many and the errno.
struct Filled {
  std::int64_t bytes = 0;
  int failure = 0;
};
Filled fill(int directory_fd, const std::string& path, std::int64_t bytes_max);

hints::Volume volume_named(const std::string& name, hints::Tier tier);
hints::Volume scratch_named(const std::string& name);

// Skips every test where this machine cannot mount.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Opens the store; fails the test where it does not open.
  void open_store();
  void close_store();

  // Opens a volume and takes its parts; fails the test where that is refused.
  struct Opened {
    std::unique_ptr<OpenVolume> volume;
    std::vector<VolumePart> parts;
    int fd(std::size_t part = 0) const { return parts.at(part).tree.get(); }
    // Closes the parts and finishes.
    base::Result<VolumeReport> finish(bool succeeded = true);
  };
  Opened open_volume(const hints::Volume& volume, const std::string& namespace_name = "guest",
                     uid_t uid = kUser);

  std::filesystem::path directory_;
  VolumeStoreOptions options_;
  std::unique_ptr<VolumeStore> store_;
};

}  // namespace storage
