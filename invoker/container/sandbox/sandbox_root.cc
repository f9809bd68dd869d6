#include "sandbox_root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "mounts.h"

namespace sandbox {
namespace {

constexpr unsigned kWritable = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::int64_t kBytesPerInode = 16 << 10;

// Parts of /proc that say something about the host or about other sandboxes.
constexpr const char* kHiddenFiles[] = {"proc/kcore",       "proc/keys",      "proc/key-users",
                                        "proc/timer_list",  "proc/kallsyms",  "proc/config.gz",
                                        "proc/cmdline",     "proc/modules",   "proc/sysrq-trigger",
                                        "proc/sched_debug", "proc/interrupts"};
constexpr const char* kHiddenFolders[] = {"proc/acpi", "proc/bus",  "proc/driver", "proc/fs",
                                          "proc/irq",  "proc/scsi", "proc/asound"};

base::Status make_folder(int root, const std::string& path) {
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdirat(root, part.c_str(), 0755) < 0 && errno != EEXIST) {
      return base::error_from_errno(errno, "making /" + part);
    }
    if (slash == std::string::npos) return {};
  }
}

// The sandbox gets a mount of its own, read-only in the end, of what `root` refers to. Kernels
// before 6.15 copy no mount that is attached nowhere: there `root` is attached for a moment, and
// then lives on through its descriptor alone. (Taking it out again waits for other CPUs, which is
// why it is avoided.)
base::Status place_root(int root) {
  auto shown = clone_mount(root, "");
  if (!shown.ok()) {
    TRY_STATUS(attach_mount(root, AT_FDCWD, kNewRoot));
    shown = clone_mount(AT_FDCWD, kNewRoot);
    if (!shown.ok()) return shown.error();
    if (umount2(kNewRoot, MNT_DETACH) < 0)
      return base::error_from_errno(errno, "detaching the root");
  }
  return attach_mount(shown->get(), AT_FDCWD, kNewRoot);
}

base::Status add_layers(const Template& shared, int root) {
  for (const auto& [name, target] : shared.links) {
    if (symlinkat(target.c_str(), root, name.c_str()) < 0) {
      return base::error_from_errno(errno, "linking /" + name);
    }
  }
  for (const Layer& layer : shared.layers) {
    TRY_STATUS(make_folder(root, layer.target));
    TRY(const base::UniqueFd mount, clone_mount(AT_FDCWD, layer.source));
    TRY_STATUS(attach_mount(mount.get(), AT_FDCWD, std::string(kNewRoot) + "/" + layer.target));
  }
  return {};
}

// What cannot be covered because this kernel does not have it needs no cover.
base::Status cover(const char* cover, const char* path) {
  if (faccessat(AT_FDCWD, path, F_OK, 0) < 0) return {};
  TRY(const base::UniqueFd mount, clone_mount(AT_FDCWD, cover));
  return attach_mount(mount.get(), AT_FDCWD, path);
}

base::Status add_proc() {
  TRY(const base::UniqueFd proc,
      make_file_system("proc", {}, kWritable | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY));
  TRY_STATUS(attach_mount(proc.get(), AT_FDCWD, "proc"));
  for (const char* path : kHiddenFiles) TRY_STATUS(cover(kEmptyFile, path));
  for (const char* path : kHiddenFolders) TRY_STATUS(cover(kEmptyFolder, path));
  return {};
}

base::Status add_memory_folder(const char* path, std::int64_t bytes, const char* mode,
                               std::int64_t owner) {
  const std::string id = std::to_string(owner);
  const std::string inodes = std::to_string(1024 + bytes / kBytesPerInode);
  TRY(const base::UniqueFd mount, make_file_system("tmpfs",
                                                   {{"size", std::to_string(bytes)},
                                                    {"nr_inodes", inodes},
                                                    {"mode", mode},
                                                    {"uid", id},
                                                    {"gid", id}},
                                                   kWritable));
  return attach_mount(mount.get(), AT_FDCWD, path);
}

}  // namespace

base::Status enter_mount_namespace(const Template& shared) {
  if (setns(shared.mount_namespace.get(), CLONE_NEWNS) < 0) {
    return base::error_from_errno(errno, "entering the template");
  }
  if (unshare(CLONE_NEWNS) < 0) return base::error_from_errno(errno, "making a mount namespace");
  return {};
}

base::Status build_root(const Template& shared, int root,
                        const invoker_container::StartOrder& order, std::int64_t owner) {
  umask(0);
  TRY_STATUS(place_root(root));
  TRY_STATUS(add_layers(shared, root));
  for (const char* name : {"proc", "tmp", "action"}) TRY_STATUS(make_folder(root, name));
  if (chdir(kNewRoot) < 0) return base::error_from_errno(errno, "entering the new root");
  TRY_STATUS(add_proc());
  TRY_STATUS(add_memory_folder("tmp", order.tmp_bytes, "1777", owner));
  TRY_STATUS(add_memory_folder("dev/shm", order.shm_bytes, "1777", owner));
  TRY_STATUS(add_memory_folder("action", order.action_bytes, "755", owner));
  TRY(const base::UniqueFd self,
      base::Result<base::UniqueFd>(base::UniqueFd(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC))));
  TRY_STATUS(set_attributes(self.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
  return make_current_directory_root();
}

}  // namespace sandbox
