// Places inside a sandbox where a directory of the host may appear.
#pragma once

#include <string>

#include "base/result.h"
#include "invoker/container.h"

namespace invoker_container {

// Whether `target` is an absolute, normal path that does not touch the system's own folders.
// Errors: kInvalidArgument with a sentence.
base::Status check_target(const std::string& target);

// Makes the folder for `target` below `root`: the writable descriptor of a sandbox's root, whose
// content nobody but this process can change.
base::Status make_mount_point(int root, const std::string& target);

// Where a tree goes: straight into the root, or into a folder that a volume mounted at `outer` has.
struct MountPlace {
  std::string outer;  // "" or the target of another mount
  std::string rest;   // without a slash at either end
};

struct MountLook {
  bool read_only = false;
  int user_namespace = -1;  // whose ids the tree's files are stored with; -1: the host's
};

// Inside the sandbox's mount namespace. `tree` gets no set-user-id and no devices. Errors:
// kAlreadyExists where something else is mounted there; kNotFound where `outer` has no such folder;
// kUnsupported where the tree cannot be seen through a user namespace.
base::Status mount_tree(int tree, const MountPlace& place, const MountLook& look);
base::Result<invoker::DetachOutcome> unmount_tree(const std::string& target);

}  // namespace invoker_container
