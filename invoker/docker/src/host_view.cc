#include "host_view.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "small_files.h"

namespace invoker_docker {

// In a process namespace of its own this process would take another one for it: the groups of a
// container's process have its id in their names.
HostView look_at(int pid, const std::string& container_id) {
  HostView view;
  if (pid <= 0) return view;
  base::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto groups = invoker_container::read_file(folder + "/cgroup");
  if (!pidfd.valid() || !groups.ok() || groups->find(container_id) == std::string::npos)
    return view;
  view.pid = pid;
  view.pidfd = std::move(pidfd);
  view.mount_namespace.reset(open((folder + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  if (auto freezer = Freezer::find(pid, container_id); freezer.ok())
    view.freezer = std::move(*freezer);
  return view;
}

}  // namespace invoker_docker
