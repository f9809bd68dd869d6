// Control groups, version 2: one directory for everything.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "cgroup.h"
#include "small_files.h"

namespace invoker_container {
namespace {

// The kernel's own rule from shares (2..262144) to weight (1..10000).
std::int64_t weight_of(int shares) {
  const std::int64_t bounded = std::clamp(shares, 2, 262'144);
  return 1 + (bounded - 2) * 9'999 / 262'142;
}

class CgroupV2 final : public Cgroup {
 public:
  explicit CgroupV2(const std::string& path) : Cgroup({path}), path_(path) {}

  base::Status set(const CgroupLimits& limits) const {
    TRY_STATUS(write_file(path_ + "/memory.max", std::to_string(limits.memory_bytes)));
    // Absent where the kernel has no swap.
    static_cast<void>(write_file(path_ + "/memory.swap.max", "0").ok());
    TRY_STATUS(write_file(path_ + "/cpu.weight", std::to_string(weight_of(limits.cpu_shares))));
    return write_file(path_ + "/pids.max", std::to_string(limits.pids_max));
  }

  base::Result<std::vector<base::UniqueFd>> entrances() const override {
    std::vector<base::UniqueFd> files;
    files.emplace_back(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!files.back().valid()) return base::error_from_errno(errno, "opening " + path_);
    return files;
  }
  bool unified() const override { return true; }

  base::Status freeze() override { return change(1); }
  base::Status thaw() override { return change(0); }

  bool memory_exhausted() const override {
    const auto text = read_file(path_ + "/memory.events");
    return text.ok() && value_of(*text, "oom_kill") > 0;
  }

 private:
  base::Status change(int frozen) const {
    TRY_STATUS(write_file(path_ + "/cgroup.freeze", std::to_string(frozen)));
    const bool changed = wait_a_second([&] {
      const auto text = read_file(path_ + "/cgroup.events");
      return text.ok() && value_of(*text, "frozen") == frozen;
    });
    if (changed) return {};
    return base::Error{base::ErrorCode::kUnavailable,
                       path_ + (frozen == 1 ? " did not freeze" : " did not thaw")};
  }

  const std::string path_;
};

}  // namespace

base::Result<std::unique_ptr<Cgroup>> make_cgroup_v2(const std::string& parent,
                                                     const std::string& name,
                                                     const CgroupLimits& limits) {
  auto group = std::make_unique<CgroupV2>(parent + "/" + name);
  base::Status status = make_cgroup_directory(parent + "/" + name);
  if (status.ok()) status = group->set(limits);
  if (status.ok()) return std::unique_ptr<Cgroup>(std::move(group));
  static_cast<void>(group->remove().ok());  // the first failure is the one to tell
  return status.error();
}

}  // namespace invoker_container
