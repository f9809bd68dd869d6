#include "cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <set>
#include <thread>

#include "cgroup_removal.h"
#include "small_files.h"

namespace invoker_container {
namespace {
constexpr std::chrono::seconds kRemovalPatience{2};
constexpr std::chrono::seconds kFreezePatience{1};
constexpr int kQuickTries = 20;
constexpr std::chrono::microseconds kPatientTry{50};
}  // namespace

base::Status Cgroup::remove() { return remove_cgroups(directories_, kRemovalPatience); }

base::Status make_cgroup_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return base::error_from_errno(errno, "making the cgroup " + path);
}

std::int64_t value_of(const std::string& text, std::string_view key) {
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = std::string_view(text).substr(start, end - start);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      std::int64_t value = 0;
      std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
      return value;
    }
    start = end + 1;
  }
  return 0;
}

bool wait_a_second(const std::function<bool()>& read) {
  for (int i = 0; i < kQuickTries; ++i) {
    if (read()) return true;
    std::this_thread::yield();
  }
  const auto deadline = std::chrono::steady_clock::now() + kFreezePatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (read()) return true;
    std::this_thread::sleep_for(kPatientTry);
  }
  return read();
}

CgroupMaker::CgroupMaker(CgroupLayout layout, std::string name)
    : layout_(std::move(layout)), name_(std::move(name)) {}

std::vector<std::string> CgroupMaker::directories() const {
  std::set<std::string> paths;  // controllers may share a hierarchy
  for (const std::string& parent :
       {layout_.root, layout_.memory, layout_.cpu, layout_.pids, layout_.freezer}) {
    if (!parent.empty()) paths.insert(parent + "/" + name_);
  }
  return {paths.begin(), paths.end()};
}

base::Status CgroupMaker::prepare() const {
  if (layout_.unified) TRY_STATUS(delegate_controllers());
  for (const std::string& path : directories()) TRY_STATUS(make_cgroup_directory(path));
  if (!layout_.unified) return {};
  return write_file(layout_.root + "/" + name_ + "/cgroup.subtree_control", "+memory +pids +cpu");
}

// A group of version 2 gives controllers to its children only when it has no processes itself (the
// host's root group aside). So the processes beside us move one level down.
base::Status CgroupMaker::delegate_controllers() const {
  const std::string control = layout_.root + "/cgroup.subtree_control";
  if (write_file(control, "+memory +pids +cpu").ok()) return {};
  const std::string own = layout_.root + "/" + name_ + "-invoker";
  TRY_STATUS(make_cgroup_directory(own));
  TRY(const std::string procs, read_file(layout_.root + "/cgroup.procs"));
  std::size_t start = 0;
  while (start < procs.size()) {
    const std::size_t end = std::min(procs.find('\n', start), procs.size());
    // A process that ended meanwhile needs no new place.
    static_cast<void>(write_file(own + "/cgroup.procs", procs.substr(start, end - start)).ok());
    start = end + 1;
  }
  return write_file(control, "+memory +pids +cpu");
}

base::Result<std::unique_ptr<Cgroup>> CgroupMaker::make(const std::string& name,
                                                        const CgroupLimits& limits) const {
  if (layout_.unified) return make_cgroup_v2(layout_.root + "/" + name_, name, limits);
  CgroupLayout parents = layout_;
  for (std::string* path : {&parents.memory, &parents.cpu, &parents.pids, &parents.freezer}) {
    if (!path->empty()) *path += "/" + name_;
  }
  return make_cgroup_v1(parents, name, limits);
}

}  // namespace invoker_container
