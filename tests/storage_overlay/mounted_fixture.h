// A volume in memory, attempts above it, and a mount that a session of this process serves.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "memory_source.h"
#include "some_volume.h"
#include "storage_attempts/attempt_file_system.h"
#include "storage_fuse/mount.h"
#include "storage_fuse/session.h"

namespace storage_attempts {

using Path = std::filesystem::path;

std::string content_of(const Path& path);
int put(const Path& path, const std::string& content);  // 0 or an errno
std::string made_up(InodeNumber inode, std::uint64_t bytes);

// The parameter: with passthrough.
class MountedTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override;
  void TearDown() override;

  void attach(std::uint64_t number, std::shared_ptr<storage_ephemeral::Volume> ephemeral = nullptr,
              hints::Volume hints = {});
  // What a daemon and a tree do at the end of an attempt that succeeded. False: a conflict.
  bool commit(std::uint64_t number);
  Path at(std::uint64_t number) const {
    return directory_ / "at" / AttemptFileSystem::name_of(number);
  }
  Path staging(std::uint64_t number) const {
    return directory_ / ("staging" + std::to_string(number));
  }
  InodeNumber inode_of(const std::string& name) const {
    return volume_.find({storage::kRootInode, name})->inode;
  }

  Path directory_;
  base::SystemClock clock_;
  base::DiscardSink sink_;
  base::Logger log_{sink_, clock_};
  storage_overlay::MemoryVolume volume_;
  std::shared_ptr<MemorySource> source_;
  std::unique_ptr<ContentCache> cache_;
  std::unique_ptr<AttemptFileSystem> files_;
  storage_fuse::Mount mount_;
  std::unique_ptr<storage_fuse::Session> session_;
};

}  // namespace storage_attempts
