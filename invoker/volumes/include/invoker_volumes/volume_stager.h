// The invoker's wish for files, met by this node's volumes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "invoker/file_stager.h"
#include "storage/volume_provider.h"

namespace invoker_volumes {

// Threads: any. The provider outlives it. `uid`: whose the files are, as every container counts
// (invoker::kActionOwner, unless sandboxes were told otherwise).
class VolumeStager final : public invoker::FileStager {
 public:
  VolumeStager(storage::VolumeProvider& provider, uid_t uid) : provider_(provider), uid_(uid) {}

  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(
      const invoker::StageRequest& request) override;

 private:
  storage::VolumeProvider& provider_;
  const uid_t uid_;
};

// Where this machine can have no volumes: every wish is refused with the reason.
class NoVolumes final : public invoker::FileStager {
 public:
  explicit NoVolumes(std::string reason) : reason_(std::move(reason)) {}

  base::Status ready() const override;
  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(const invoker::StageRequest&) override;

 private:
  const std::string reason_;
};

}  // namespace invoker_volumes
