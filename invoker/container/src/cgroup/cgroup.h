// The control group of one sandbox: limits, freezing, and the kernel's word on memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

struct CgroupLimits {
  std::int64_t memory_bytes = 0;
  std::int64_t pids_max = 0;
  int cpu_shares = 0;  // as in version 1, 1024 being one ordinary share
};

// Threads: one at a time.
class Cgroup {
 public:
  virtual ~Cgroup() = default;

  // What a new process needs to be put inside: `tasks` files of version 1, to be written to by the
  // process itself, or the directory of version 2, to be born into.
  virtual base::Result<std::vector<base::UniqueFd>> entrances() const = 0;
  virtual bool unified() const = 0;

  // Time: up to a second. Errors: kUnavailable when some process did not stop.
  virtual base::Status freeze() = 0;
  virtual base::Status thaw() = 0;

  // Whether the kernel ever killed a process of it for want of memory.
  virtual bool memory_exhausted() const = 0;

  // For when every process in it has been killed. Time: up to `kRemovalPatience`.
  base::Status remove();

 protected:
  explicit Cgroup(std::vector<std::string> directories) : directories_(std::move(directories)) {}
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  const std::vector<std::string> directories_;
};

// Where this process's own groups are, below which ours are made.
struct CgroupLayout {
  bool unified = false;                    // version 2
  std::string root;                        // unified only
  std::string memory, cpu, pids, freezer;  // version 1; empty where the host has none

  bool operator==(const CgroupLayout&) const = default;
};

// From the texts of /proc/self/cgroup and /proc/self/mountinfo. Version 1 wins where it has the
// memory controller. Errors: kUnsupported when neither version limits memory.
base::Result<CgroupLayout> find_layout(const std::string& cgroups, const std::string& mounts);

// Makes the groups of one factory, all below one directory `name` in each hierarchy.
class CgroupMaker {
 public:
  CgroupMaker(CgroupLayout layout, std::string name);

  // The directories that hold everything made here.
  std::vector<std::string> directories() const;
  // Makes them. Errors: kUnsupported where the controllers cannot be had.
  base::Status prepare() const;
  base::Result<std::unique_ptr<Cgroup>> make(const std::string& name,
                                             const CgroupLimits& limits) const;

 private:
  base::Status delegate_controllers() const;

  const CgroupLayout layout_;
  const std::string name_;
};

base::Result<std::unique_ptr<Cgroup>> make_cgroup_v1(const CgroupLayout& parents,
                                                     const std::string& name,
                                                     const CgroupLimits& limits);
base::Result<std::unique_ptr<Cgroup>> make_cgroup_v2(const std::string& parent,
                                                     const std::string& name,
                                                     const CgroupLimits& limits);

// Helpers of both versions.
base::Status make_cgroup_directory(const std::string& path);
// The number behind `key` in lines of "key number"; 0 where it is not.
std::int64_t value_of(const std::string& text, std::string_view key);
// Asks `read` every few microseconds, then every millisecond, until it is true or a second has
// gone.
bool wait_a_second(const std::function<bool()>& read);

}  // namespace invoker_container
