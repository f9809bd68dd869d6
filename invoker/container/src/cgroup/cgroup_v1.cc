// Control groups, version 1: one directory for each controller.
#include <fcntl.h>

#include <cerrno>
#include <set>

#include "cgroup.h"
#include "small_files.h"

namespace invoker_container {
namespace {

std::vector<std::string> distinct(const CgroupLayout& layout) {
  std::set<std::string> paths;
  for (const std::string& path : {layout.memory, layout.cpu, layout.pids, layout.freezer}) {
    if (!path.empty()) paths.insert(path);
  }
  return {paths.begin(), paths.end()};
}

class CgroupV1 final : public Cgroup {
 public:
  explicit CgroupV1(CgroupLayout layout) : Cgroup(distinct(layout)), layout_(std::move(layout)) {}

  base::Status set(const CgroupLimits& limits) const {
    const std::string memory = std::to_string(limits.memory_bytes);
    TRY_STATUS(write_file(layout_.memory + "/memory.limit_in_bytes", memory));
    // Absent where the kernel does not count swap.
    static_cast<void>(write_file(layout_.memory + "/memory.memsw.limit_in_bytes", memory).ok());
    if (!layout_.cpu.empty()) {
      TRY_STATUS(write_file(layout_.cpu + "/cpu.shares", std::to_string(limits.cpu_shares)));
    }
    if (layout_.pids.empty()) return {};
    return write_file(layout_.pids + "/pids.max", std::to_string(limits.pids_max));
  }

  base::Result<std::vector<base::UniqueFd>> entrances() const override {
    std::vector<base::UniqueFd> files;
    for (const std::string& path : directories()) {
      files.emplace_back(open((path + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
      if (!files.back().valid()) return base::error_from_errno(errno, "opening " + path + "/tasks");
    }
    return files;
  }
  bool unified() const override { return false; }

  base::Status freeze() override { return change("FROZEN"); }
  base::Status thaw() override { return change("THAWED"); }

  bool memory_exhausted() const override {
    const auto text = read_file(layout_.memory + "/memory.oom_control");
    return text.ok() && value_of(*text, "oom_kill") > 0;
  }

 private:
  base::Status change(const std::string& state) const {
    if (layout_.freezer.empty()) {
      return base::Error{base::ErrorCode::kUnsupported, "this host has no cgroup freezer"};
    }
    const std::string file = layout_.freezer + "/freezer.state";
    TRY_STATUS(write_file(file, state));
    const bool changed = wait_a_second([&] {
      const auto text = read_file(file);
      return text.ok() && text->starts_with(state);
    });
    if (changed) return {};
    return base::Error{base::ErrorCode::kUnavailable, file + " did not become " + state};
  }

  const CgroupLayout layout_;
};

}  // namespace

base::Result<std::unique_ptr<Cgroup>> make_cgroup_v1(const CgroupLayout& parents,
                                                     const std::string& name,
                                                     const CgroupLimits& limits) {
  CgroupLayout own = parents;
  for (std::string* path : {&own.memory, &own.cpu, &own.pids, &own.freezer}) {
    if (!path->empty()) *path += "/" + name;
  }
  auto group = std::make_unique<CgroupV1>(own);
  base::Status status;
  for (const std::string& path : distinct(own)) {
    if (status.ok()) status = make_cgroup_directory(path);
  }
  if (status.ok()) status = group->set(limits);
  if (status.ok()) return std::unique_ptr<Cgroup>(std::move(group));
  static_cast<void>(group->remove().ok());  // the first failure is the one to tell
  return status.error();
}

}  // namespace invoker_container
