// The invoker's wish for files, met by this node's volumes.
#pragma once

#include <sys/types.h>

#include <memory>

#include "base/result.h"
#include "invoker/file_stager.h"
#include "storage/volume_provider.h"

namespace program {

// Threads: any. The provider outlives it. `uid`: whose the files are, as every
// container counts.
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

  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(const invoker::StageRequest&) override {
    return base::Error{base::ErrorCode::kUnsupported, "this node has no volumes: " + reason_};
  }

 private:
  const std::string reason_;
};

}  // namespace program
