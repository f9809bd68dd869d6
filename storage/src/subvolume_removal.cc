#include "subvolume_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include "base/unique_fd.h"
#include "btrfs.h"
#include "tree_walk.h"

namespace storage {
namespace {

bool is_subvolume(const struct stat& info) {
  return S_ISDIR(info.st_mode) && info.st_ino == kSubvolumeRootInode;
}

// Removes the subvolumes below `directory_fd` that hold no others; tells how many.
int remove_innermost(int directory_fd) {
  int removed = 0;
  walk_tree(directory_fd, [&](int parent_fd, const char* name, const struct stat& info) {
    if (is_subvolume(info) && destroy_subvolume(parent_fd, name).ok()) ++removed;
    return true;
  });
  return removed;
}

}  // namespace

void for_each_entry(int directory_fd, const std::function<void(const char* name)>& visit) {
  const int fd = ::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  DIR* const directory = ::fdopendir(fd);
  if (directory == nullptr) {
    ::close(fd);
    return;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): safe for a stream that one thread has
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(entry->d_name);
  }
  ::closedir(directory);
}

base::Status remove_subvolume(int parent_fd, const std::string& name) {
  base::Status removed = destroy_subvolume(parent_fd, name);
  while (!removed.ok()) {
    if (removed.error().code == base::ErrorCode::kNotFound) return {};
    const base::UniqueFd fd(
        ::openat(parent_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    // Each round takes the innermost ones, so a round that finds none is the last.
    if (!fd.valid() || remove_innermost(fd.get()) == 0) return removed;
    removed = destroy_subvolume(parent_fd, name);
  }
  return removed;
}

}  // namespace storage
