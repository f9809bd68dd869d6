// The file tree of one sandbox.
#pragma once

#include "base/result.h"
#include "orders.h"
#include "template_root.h"

namespace sandbox {

// Into a fresh copy of the template's mount namespace. Errors: of the kernel.
base::Status enter_mount_namespace(const Template& shared);

// In a fresh copy of the template's mount namespace: makes `root` (a detached tmpfs) the root, read
// only, with the template's layers, a /proc of this pid namespace and writable /tmp, /dev/shm and
// /action of limited size that belong to `owner`. `root` itself stays writable through its
// descriptor.
base::Status build_root(const Template& shared, int root,
                        const invoker_container::StartOrder& order, std::int64_t owner);

}  // namespace sandbox
