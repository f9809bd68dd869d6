#include "freezer.h"

#include <sstream>
#include <vector>

#include "cgroup/cgroup.h"
#include "small_files.h"

namespace invoker_docker {
namespace {

using invoker_container::CgroupLayout;
using invoker_container::read_file;

bool holds(const std::string& folder, int pid) {
  const auto text = folder.empty() ? base::Result<std::string>(std::string())
                                   : read_file(folder + "/cgroup.procs");
  if (!text.ok()) return false;
  std::istringstream lines(*text);
  for (int number = 0; lines >> number;) {
    if (number == pid) return true;
  }
  return false;
}

// The first folder that really has the process. Inside a control group namespace, what /proc says
// of another group cannot be followed, though the host's groups may well be mounted: then the
// places where Docker puts its containers are looked at.
std::string first_with(int pid, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    if (holds(folder, pid)) return folder;
  }
  return "";
}

std::string find_group(int pid, const std::string& id, const std::string& told,
                       const std::string& mount) {
  return first_with(
      pid, {told, mount + "/docker/" + id, mount + "/system.slice/docker-" + id + ".scope"});
}

}  // namespace

base::Result<Freezer> Freezer::find(int pid, const std::string& id) {
  TRY(const std::string groups, read_file("/proc/" + std::to_string(pid) + "/cgroup"));
  TRY(const std::string mounts, read_file("/proc/self/mountinfo"));
  TRY(const CgroupLayout layout, invoker_container::find_layout(groups, mounts));
  Freezer result;
  result.unified_ = layout.unified;
  const std::string told = layout.unified ? layout.root : layout.freezer;
  const std::string mount = layout.unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/freezer";
  result.freezer_ = find_group(pid, id, told, mount);
  if (result.freezer_.empty()) {
    return base::Error{base::ErrorCode::kUnsupported, "the container's groups are not seen here"};
  }
  if (layout.unified) {
    result.memory_ = result.freezer_ + "/memory.events";
  } else if (const auto memory = find_group(pid, id, layout.memory, "/sys/fs/cgroup/memory");
             !memory.empty()) {
    result.memory_ = memory + "/memory.oom_control";
  }
  return result;
}

base::Status Freezer::change(bool frozen) const {
  const std::string file = freezer_ + (unified_ ? "/cgroup.freeze" : "/freezer.state");
  const std::string state = frozen ? "FROZEN" : "THAWED";
  TRY_STATUS(invoker_container::write_file(file, unified_ ? (frozen ? "1" : "0") : state));
  const bool changed = invoker_container::wait_a_second([&] {
    const auto text = read_file(unified_ ? freezer_ + "/cgroup.events" : file);
    if (!text.ok()) return false;
    return unified_ ? invoker_container::value_of(*text, "frozen") == (frozen ? 1 : 0)
                    : text->starts_with(state);
  });
  if (changed) return {};
  return base::Error{base::ErrorCode::kUnavailable, file + " did not become " + state};
}

std::optional<std::int64_t> Freezer::oom_kills() const {
  if (memory_.empty()) return std::nullopt;
  const auto text = read_file(memory_);
  if (!text.ok()) return std::nullopt;
  return invoker_container::value_of(*text, "oom_kill");
}

}  // namespace invoker_docker
