// The descriptors that a sandbox is connected with.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

struct Pipe {
  base::UniqueFd read_end, write_end;
};

// `flags` (O_NONBLOCK or 0) are for the reading end.
base::Result<Pipe> make_pipe(int flags);

// A unix socket that listens at `path`; an old one there is replaced.
base::Result<base::UniqueFd> listen_at(const std::string& path);

// The root's own file system, detached, of which this process keeps the writable end.
base::Result<base::UniqueFd> make_root();

// Waits for the sandbox's word at the other end of `status`: none when its proxy runs.
// Errors: kUnavailable with that word, or when there was none for ten seconds.
base::Status wait_until_started(int status);

}  // namespace invoker_container
