// The files of an invoker that has no volumes.
#pragma once

#include <memory>

#include "invoker/file_stager.h"

namespace program {

// Asked only by a bug: hints that want volumes are refused before, by the node's capabilities.
class NoFiles final : public invoker::FileStager {
 public:
  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(const invoker::StageRequest&) override {
    return base::Error{base::ErrorCode::kUnsupported, "this invoker has no volumes"};
  }
};

}  // namespace program
