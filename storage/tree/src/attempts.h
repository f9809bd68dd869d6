// The end of an attempt without a commit.
#pragma once

#include "uploads.h"
#include "volume.h"

namespace storage_tree {

base::Status abort_attempt(Volume& volume, Uploads& uploads, const std::string& activation,
                           const std::string& writer);

}  // namespace storage_tree
