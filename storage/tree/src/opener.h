// Making a volume where it is new, and refusing one that this program does not know.
#pragma once

#include "volume.h"

namespace storage_tree {

base::Status make_or_check(Volume& volume);

}  // namespace storage_tree
