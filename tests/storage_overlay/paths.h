// An overlay used by paths, as a program uses a mount: what the kernel does between a system call
// and a file system's operations.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "memory_volume.h"
#include "storage_overlay/overlay.h"

namespace storage_overlay {

// One file as both sides of a comparison see it.
struct Seen {
  FileType type = FileType::kRegular;
  mode_t permissions = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint32_t links = 0;
  std::string target;
  std::map<std::string, std::string> xattrs;

  bool operator==(const Seen&) const = default;
};
using Tree = std::map<std::string, Seen>;

// What differs, a line for each path; "" when nothing does.
std::string difference(const Tree& ours, const Tree& theirs);

// Methods answer an errno, 0 for success. Paths are relative to the volume; "" is its root.
class Paths {
 public:
  Paths(MemoryVolume& volume, Overlay& overlay) : volume_(volume), overlay_(overlay) {}

  int make(std::string_view path, const NewFile& file);
  int link(std::string_view from, std::string_view to);
  int unlink(std::string_view path);
  int rmdir(std::string_view path);
  int rename(std::string_view from, std::string_view to, unsigned flags = 0);
  int chmod(std::string_view path, mode_t permissions);
  int chown(std::string_view path, uid_t uid, gid_t gid);
  int set_xattr(std::string_view path, std::string_view name, std::string_view value,
                XattrMode mode = XattrMode::kAny);
  int remove_xattr(std::string_view path, std::string_view name);

  Answer<View> stat(std::string_view path);
  Answer<std::string> xattr(std::string_view path, std::string_view name);
  std::vector<std::string> list(std::string_view path, std::size_t page = 7);
  Tree tree();

  template <typename T, typename F>
  Answer<T> run(F&& operation) {
    return volume_.run<T>(overlay_, std::forward<F>(operation));
  }

  Act act{0, 0, FileTime(std::chrono::seconds(1000))};

 private:
  Answer<NameKey> place_of(std::string_view path);
  template <typename T>
  static int code(const Answer<T>& answer) {
    return answer.ok() ? 0 : answer.error().error;
  }
  void walk(const std::string& path, InodeNumber inode, Tree& tree);

  MemoryVolume& volume_;
  Overlay& overlay_;
};

}  // namespace storage_overlay
