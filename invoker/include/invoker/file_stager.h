// The files of an activation, as the invoker needs them: mounts before, an outcome after.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "hints/hints.h"
#include "invoker/container.h"

namespace invoker {

struct StageRequest {
  std::string namespace_name;  // owner of the volumes
  std::string activation_id;
  const std::vector<hints::Volume>& volumes;
};

// The volumes of one attempt. Dropping it without finish() throws away what the attempt wrote where
// the volume's isolation promises so.
class StagedFiles {
 public:
  virtual ~StagedFiles() = default;

  // The mounts to attach, in order; each can be taken once.
  virtual std::vector<Mount> take_mounts() = 0;

  // The attempt is over and nothing of it is attached any more. With `succeeded`, durable files are
  // safe when this returns. The value of annotation `volumes`: one object per volume.
  // Errors: kConflict where another activation changed first what this one depends on: nothing of
  // it has happened, and it may be run again. kInvalidArgument where the action has left its files
  // as the volume does not allow. kNoSpace or kUnavailable, with the volume named; the activation
  // then failed.
  virtual base::Result<base::Json> finish(bool succeeded) = 0;
};

// Threads: any. Errors: kUnsupported and kInvalidArgument with a sentence for the developer of the
// action; kUnavailable and kNoSpace when the node cannot serve now.
class FileStager {
 public:
  virtual ~FileStager() = default;

  // Whether there is any hope of files, asked before a container is looked for. Does not wait.
  virtual base::Status ready() const { return {}; }

  virtual base::Result<std::unique_ptr<StagedFiles>> stage(const StageRequest& request) = 0;
};

}  // namespace invoker
