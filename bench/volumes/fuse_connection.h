// The kernel's end of a FUSE mount.
#pragma once

#include "subject.h"

namespace volumes_bench {

class FuseConnection {
 public:
  // Looks at the mount once; a directory of another kind is none.
  explicit FuseConnection(const Path& mount);
  // Whatever waits for its daemon gets an error.
  void abort() const;

 private:
  unsigned number_ = 0;
};

}  // namespace volumes_bench
