// All that a volume holds as of one snapshot, as text: two that are alike are the same tree.
#pragma once

#include <string>

#include "tree_fixture.h"

namespace storage_tree {

std::string digest(Tree& tree, const Snapshot& snapshot, InodeNumber directory = kRootInode,
                   const std::string& path = "");

}  // namespace storage_tree
