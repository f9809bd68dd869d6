// Finding this process's own control groups.
#include <algorithm>
#include <map>
#include <sstream>

#include "cgroup.h"

namespace invoker_container {
namespace {

struct MountedHierarchy {
  std::string root;   // which group is mounted
  std::string place;  // where
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// By controller; the unified hierarchy has the empty name. Fields of a mountinfo line: id, parent,
// device, root, place, options, optional ones, "-", type, source, super options.
std::map<std::string, MountedHierarchy> read_mounts(const std::string& text) {
  std::map<std::string, MountedHierarchy> hierarchies;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 10 || fields.end() - dash < 4) continue;
    const MountedHierarchy mounted{fields[3], fields[4]};
    if (*(dash + 1) == "cgroup2") hierarchies.emplace("", mounted);
    if (*(dash + 1) != "cgroup") continue;
    for (const std::string& option : split(*(dash + 3), ',')) hierarchies.emplace(option, mounted);
  }
  return hierarchies;
}

// By controller: the group that this process is in. Lines are "id:controllers:path".
std::map<std::string, std::string> read_groups(const std::string& text) {
  std::map<std::string, std::string> groups;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) groups.emplace("", path);
    for (const std::string& controller : split(controllers, ',')) groups.emplace(controller, path);
  }
  return groups;
}

// In a container the mount may show a part of the hierarchy only, and the path may be outside of
// it.
std::string join(const MountedHierarchy& mounted, const std::string& path) {
  std::string relative = path;
  if (mounted.root != "/") {
    relative = path.starts_with(mounted.root) ? path.substr(mounted.root.size()) : "";
  }
  if (relative.find("..") != std::string::npos || relative == "/") relative.clear();
  return mounted.place + relative;
}

}  // namespace

base::Result<CgroupLayout> find_layout(const std::string& cgroups, const std::string& mounts) {
  const auto hierarchies = read_mounts(mounts);
  const auto groups = read_groups(cgroups);
  const auto find = [&](const std::string& controller) -> std::string {
    const auto mounted = hierarchies.find(controller);
    const auto group = groups.find(controller);
    if (mounted == hierarchies.end() || group == groups.end()) return "";
    return join(mounted->second, group->second);
  };
  CgroupLayout layout{false, "", find("memory"), find("cpu"), find("pids"), find("freezer")};
  if (!layout.memory.empty()) return layout;
  layout = {true, find(""), "", "", "", ""};
  if (!layout.root.empty()) return layout;
  return base::Error{base::ErrorCode::kUnsupported, "no cgroup hierarchy that limits memory"};
}

}  // namespace invoker_container
