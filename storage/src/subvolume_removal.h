// Removing a subvolume whatever its user put into it.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace storage {

// Calls `visit` with every name in a directory but "." and "..".
void for_each_entry(int directory_fd, const std::function<void(const char* name)>& visit);

// Removes the subvolume `name`, and first the subvolumes in it: the kernel lets any user make
// those, and then refuses to remove the one around them.
base::Status remove_subvolume(int parent_fd, const std::string& name);

}  // namespace storage
