// What the mirror's operations share.
#pragma once

#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "storage_fuse/reply.h"

namespace mirror {

inline constexpr char kGrowing[] = "user.writing";

inline std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// While it lives, what this thread makes belongs to the caller; its rights stay those of root.
class AsCaller {
 public:
  explicit AsCaller(const storage_fuse::Caller& caller)
      : needed_(caller.uid != 0 || caller.gid != 0) {
    if (!needed_) return;
    thread_local const int keep_rights = ::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
    static_cast<void>(keep_rights);
    ::setfsgid(caller.gid);
    ::setfsuid(caller.uid);
  }
  AsCaller(const AsCaller&) = delete;
  AsCaller& operator=(const AsCaller&) = delete;
  ~AsCaller() {
    if (!needed_) return;
    ::setfsuid(0);
    ::setfsgid(0);
  }

 private:
  const bool needed_;
};

// S_ISUID, and S_ISGID where the group may execute.
inline void clear_set_ids(int fd) {
  struct stat stat{};
  if (::fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) return;
  mode_t mode = stat.st_mode & 07777 & ~static_cast<mode_t>(S_ISUID);
  if ((mode & S_IXGRP) != 0) mode &= ~static_cast<mode_t>(S_ISGID);
  if (mode != (stat.st_mode & 07777)) ::chmod(path_of(fd).c_str(), mode);
}

inline void answer(int rc, storage_fuse::Reply<storage_fuse::Done>& reply) {
  if (rc == 0) return reply.ok();
  reply.fail(errno);
}

inline void answer(ssize_t count, storage_fuse::Reply<storage_fuse::Count>& reply) {
  if (count >= 0) return reply.ok(static_cast<storage_fuse::Count>(count));
  reply.fail(errno);
}

}  // namespace mirror
