// What a session process gives up before it meets a tenant.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace gpu_session_program {

struct Confinement {
  uid_t uid = 0;              // 0: stays who it is
  bool device_files = false;  // a driver opens and asks them
};

// It dies with the daemon's thread that started it. First of all.
base::Status die_with_parent();

// As root: a network of its own (with nothing in it; sockets that are open stay), then the user.
// Then no new privileges, no core files, few descriptors, and a filter of system calls in which
// nothing can make a socket, start a program or look at another process.
// Errors: kUnsupported with what the kernel would not do; then it must not go on.
base::Status confine(const Confinement& confinement);

}  // namespace gpu_session_program
