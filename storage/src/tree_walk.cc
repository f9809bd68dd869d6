#include "tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

namespace storage {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory open_directory(int parent_fd, const char* name) {
  const int fd = ::openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Directory directory(::fdopendir(fd));
  if (!directory) ::close(fd);
  return directory;
}

bool is_self_or_parent(std::string_view name) { return name == "." || name == ".."; }

// Whether a directory was removed or replaced between being seen and being opened.
bool is_gone(int failure) { return failure == ENOENT || failure == ENOTDIR || failure == ELOOP; }

}  // namespace

bool walk_tree(int directory_fd, const Visit& visit) {
  bool everywhere = true;
  std::vector<Directory> path;
  path.push_back(open_directory(directory_fd, "."));
  if (!path.back()) return false;
  while (!path.empty()) {
    DIR* const directory = path.back().get();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): safe for a stream that one thread has
    const dirent* const entry = ::readdir(directory);
    if (entry == nullptr) {
      path.pop_back();
      continue;
    }
    if (is_self_or_parent(entry->d_name)) continue;
    struct stat info{};
    const int fd = ::dirfd(directory);
    if (fd < 0 || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!visit(fd, entry->d_name, info)) return false;
    if (!S_ISDIR(info.st_mode)) continue;
    Directory inner;
    if (path.size() < kWalkDepthMax) inner = open_directory(fd, entry->d_name);
    if (inner) {
      path.push_back(std::move(inner));
    } else if (path.size() >= kWalkDepthMax || !is_gone(errno)) {
      everywhere = false;
    }
  }
  return everywhere;
}

TreeSize measure_tree(int directory_fd, std::size_t entries_max) {
  TreeSize size;
  std::size_t entries = 0;
  size.complete = walk_tree(directory_fd, [&](int, const char*, const struct stat& info) {
    if (++entries > entries_max) return false;
    if (S_ISREG(info.st_mode)) {
      size.bytes += info.st_size;
      ++size.files;
    }
    return true;
  });
  return size;
}

base::Status change_owner(int directory_fd, uid_t uid) {
  int failure = 0;
  const bool everywhere =
      walk_tree(directory_fd, [&](int parent_fd, const char* name, const struct stat& info) {
        if (info.st_uid == uid && info.st_gid == uid) return true;
        if (::fchownat(parent_fd, name, uid, uid, AT_SYMLINK_NOFOLLOW) == 0) return true;
        if (errno != ENOENT) failure = errno;
        return failure == 0;
      });
  if (failure != 0) return base::error_from_errno(failure, "giving the volume to a new owner");
  if (!everywhere) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "the volume's directories are too deep to be given to a new owner"};
  }
  // The root last: a change that was cut short is seen and made again.
  if (::fchown(directory_fd, uid, uid) == 0) return {};
  return base::error_from_errno(errno, "giving the volume to a new owner");
}

}  // namespace storage
