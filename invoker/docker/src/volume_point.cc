#include "volume_point.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <utility>

#include "base/unique_fd.h"
#include "small_files.h"

namespace invoker_docker {
namespace {

base::UniqueFd open_folder(int parent, const std::string& name) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  return base::UniqueFd(
      static_cast<int>(syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how)));
}

}  // namespace

base::Status make_volume_point(const std::string& target) {
  base::UniqueFd folder(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return base::error_from_errno(errno, "opening the root of a container");
  std::istringstream parts(target.substr(1));
  for (std::string part; std::getline(parts, part, '/');) {
    if (mkdirat(folder.get(), part.c_str(), 0755) < 0 && errno != EEXIST) {
      return base::error_from_errno(errno, "making the mount point " + target);
    }
    base::UniqueFd next = open_folder(folder.get(), part);
    if (!next.valid()) return base::error_from_errno(errno, "opening the mount point " + target);
    folder = std::move(next);
  }
  return {};
}

base::Result<std::uint64_t> mount_number(int tree) {
  struct statx facts{};
  if (statx(tree, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) < 0) {
    return base::error_from_errno(errno, "looking at a volume");
  }
  return std::uint64_t{facts.stx_mnt_id};
}

bool sees_mount(int pid, std::uint64_t number) {
  const auto text = invoker_container::read_file("/proc/" + std::to_string(pid) + "/mountinfo");
  if (!text.ok()) return false;  // it has ended, and its mounts with it
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t listed = 0;
    if (words >> listed && listed == number) return true;
  }
  return false;
}

}  // namespace invoker_docker
