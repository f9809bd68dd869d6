#include "digest.h"

namespace storage_tree {

std::string digest(Tree& tree, const Snapshot& snapshot, InodeNumber directory,
                   const std::string& path) {
  std::string result, after;
  for (bool more = true; more;) {
    auto page = tree.list(snapshot, directory, after, 50);
    if (!page.ok()) return "error: " + page.error().message;
    for (const auto& [name, entry] : page->names) {
      after = name;
      result += path + name + " links " + std::to_string(entry.links);
      if (entry.attributes.type == FileType::kDirectory) {
        result += "/\n" + digest(tree, snapshot, entry.inode, path + name + "/");
        continue;
      }
      auto bytes = tree.read(entry.inode, entry.content, 0, entry.content.size);
      if (!bytes.ok()) return "error: " + bytes.error().message;
      result += " " + std::to_string(bytes->size()) + " " + bytes->substr(0, 16) + "\n";
    }
    more = page->more;
  }
  return result;
}

}  // namespace storage_tree
