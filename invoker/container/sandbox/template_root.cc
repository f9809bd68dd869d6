#include "template_root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "mounts.h"
#include "template_files.h"

namespace sandbox {
namespace {

constexpr unsigned kPlain = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
constexpr const char* kMerged[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
// Folders of the template's own file system that become layers, and whether they hold devices.
struct Made {
  const char* name;
  bool devices;
  bool in_sandbox;
};
constexpr Made kMade[] = {{"etc", false, true},
                          {"larder", false, true},
                          {"dev", true, true},
                          {"nothing", false, false},
                          {"local", false, false}};
// Of what the host's operator put there, an action gets to see the interpreter alone.
constexpr const char* kLocal = "usr/local";
constexpr const char* kLocalNode = "usr/local/bin/node";

// A host folder as the sandboxes will see it.
struct Taken {
  std::string source;
  std::string name;
  base::UniqueFd mount;
};

base::Status make_parents(int root, const std::string& path) {
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdirat(root, part.c_str(), 0755) < 0 && errno != EEXIST) {
      return base::error_from_errno(errno, "making " + part);
    }
    if (slash == std::string::npos) return {};
  }
}

// Which of the host's folders are seen, and which names in the root are mere links into them.
std::vector<Taken> plan(const invoker_container::WardenSetup& setup, Template& result) {
  std::vector<Taken> taken;
  taken.push_back({"/usr", "usr", {}});
  for (const std::string name : kMerged) {
    struct stat about{};
    const std::string path = "/" + name;
    if (lstat(path.c_str(), &about) < 0) continue;
    char target[PATH_MAX];
    if (S_ISLNK(about.st_mode)) {
      const ssize_t length = readlink(path.c_str(), target, sizeof target);
      if (length > 0)
        result.links.emplace_back(name, std::string(target, static_cast<std::size_t>(length)));
    } else {
      taken.push_back({path, name, {}});
    }
  }
  for (const std::string& path : setup.read_only_paths) taken.push_back({path, path.substr(1), {}});
  for (const Made& made : kMade) {
    if (made.in_sandbox) result.layers.push_back({std::string("/layer/") + made.name, made.name});
  }
  for (const Taken& folder : taken) result.layers.push_back({"/layer/" + folder.name, folder.name});
  if (access("/usr/local", F_OK) == 0) result.layers.push_back({"/layer/local", kLocal});
  char node[PATH_MAX];
  if (realpath("/usr/local/bin/node", node) != nullptr) {
    taken.push_back({node, "local/bin/node", {}});
    result.layers.push_back({"/layer/local/bin/node", kLocalNode});
  }
  return taken;
}

base::Status bind_made(const Made& made) {
  const std::string path = std::string("/layer/") + made.name;
  TRY(const base::UniqueFd mount, clone_mount(AT_FDCWD, path));
  const unsigned attributes = made.devices ? kPlain | MOUNT_ATTR_NOEXEC : kPlain | MOUNT_ATTR_NODEV;
  TRY_STATUS(set_attributes(mount.get(), attributes));
  return attach_mount(mount.get(), AT_FDCWD, path);
}

base::Status build(const invoker_container::WardenSetup& setup, std::vector<Taken> taken) {
  if (unshare(CLONE_NEWNS) < 0) return base::error_from_errno(errno, "making a mount namespace");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) {
    return base::error_from_errno(errno, "making mounts private");
  }
  for (Taken& folder : taken) {
    TRY(folder.mount, clone_mount(AT_FDCWD, folder.source));
    TRY_STATUS(set_attributes(folder.mount.get(), kPlain | MOUNT_ATTR_NODEV));
  }
  TRY(const base::UniqueFd root, make_file_system("tmpfs", {{"mode", "755"}}, MOUNT_ATTR_NOSUID));
  TRY_STATUS(make_parents(root.get(), "new"));
  TRY_STATUS(make_parents(root.get(), "layer"));
  const base::UniqueFd layer(openat(root.get(), "layer", O_DIRECTORY | O_CLOEXEC));
  TRY_STATUS(write_template_files(layer.get(), setup));
  for (const Taken& folder : taken) TRY_STATUS(make_parents(layer.get(), folder.name));
  TRY_STATUS(attach_mount(root.get(), AT_FDCWD, "/proc"));
  if (chdir("/proc") < 0) return base::error_from_errno(errno, "entering the new root");
  TRY_STATUS(make_current_directory_root());
  for (const Made& made : kMade) TRY_STATUS(bind_made(made));
  for (const Taken& folder : taken) {
    TRY_STATUS(attach_mount(folder.mount.get(), AT_FDCWD, "/layer/" + folder.name));
  }
  return {};
}

// Runs build() and keeps the namespace alive until the parent has taken hold of it.
[[noreturn]] void build_and_wait(const invoker_container::WardenSetup& setup,
                                 std::vector<Taken> taken, int report, int go) {
  const base::Status status = build(setup, std::move(taken));
  const std::string text = status.ok() ? "" : status.error().message;
  if (!text.empty() && write(report, text.data(), text.size()) < 0) _exit(2);
  close(report);
  char byte = 0;
  while (read(go, &byte, 1) < 0 && errno == EINTR) continue;
  _exit(status.ok() ? 0 : 1);
}

std::string read_all(int fd) {
  std::string text;
  char buffer[512];
  for (;;) {
    const ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(length));
  }
}

}  // namespace

base::Result<Template> make_template(const invoker_container::WardenSetup& setup) {
  Template result;
  std::vector<Taken> taken = plan(setup, result);
  int report[2];
  int go[2];
  if (pipe2(report, O_CLOEXEC) < 0) return base::error_from_errno(errno, "pipe");
  if (pipe2(go, O_CLOEXEC) < 0) return base::error_from_errno(errno, "pipe");
  const pid_t pid = fork();
  if (pid < 0) return base::error_from_errno(errno, "fork");
  if (pid == 0) {
    close(report[0]);
    close(go[1]);
    build_and_wait(setup, std::move(taken), report[1], go[0]);
  }
  close(report[1]);
  close(go[0]);
  const base::UniqueFd report_end(report[0]);
  base::UniqueFd go_end(go[1]);
  const std::string problem = read_all(report_end.get());
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/mnt";
  result.mount_namespace.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const bool opened = result.mount_namespace.valid();
  go_end.reset();
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!problem.empty()) return base::Error{base::ErrorCode::kInternal, problem};
  if (!opened || status != 0) {
    return base::Error{base::ErrorCode::kInternal, "the template of the sandboxes was not made"};
  }
  return result;
}

}  // namespace sandbox
