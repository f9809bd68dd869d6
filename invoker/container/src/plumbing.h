// The descriptors that a sandbox is connected with.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

// What every process of a sandbox finds in its environment, as "KEY=value".
std::vector<std::string> sandbox_environment();

struct Pipe {
  base::UniqueFd read_end, write_end;
};

base::Result<Pipe> make_pipe();

// For what user `owner` of the host will write: the kernel counts the pipe's memory as that user's,
// not as root's. The reading end does not block. `bytes`: how much it should hold; a wish.
base::Result<Pipe> make_output_pipe(uid_t owner, int bytes);

// A unix socket that listens at `path`; an old one there is replaced.
base::Result<base::UniqueFd> listen_at(const std::string& path);

// The root's own file system, detached, of which this process keeps the writable end.
base::Result<base::UniqueFd> make_root();

// Waits for the sandbox's word at the other end of `status`: none when its proxy runs.
// Errors: kUnavailable with that word, or when there was none for ten seconds.
base::Status wait_until_started(int status);

}  // namespace invoker_container
