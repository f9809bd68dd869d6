#include "core.h"

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

namespace storage_fuse {

Core::Core(std::unique_ptr<Transport> transport_in, MountState state_in, FileSystem& files_in,
           SessionOptions options_in, const base::Logger& log_in)
    : transport(std::move(transport_in)),
      state(std::move(state_in)),
      files(files_in),
      options(std::move(options_in)),
      log(log_in) {}

Core::~Core() {
  if (session != nullptr) ::fuse_session_destroy(session);
}

}  // namespace storage_fuse
