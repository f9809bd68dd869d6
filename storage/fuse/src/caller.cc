#include <fstream>
#include <sstream>
#include <string>

#include "storage_fuse/values.h"

namespace storage_fuse {

std::vector<gid_t> supplementary_groups(const Caller& caller) {
  std::ifstream status("/proc/" + std::to_string(caller.pid) + "/status");
  constexpr std::string_view kKey = "Groups:";
  std::vector<gid_t> groups;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kKey)) continue;
    std::istringstream list(line.substr(kKey.size()));
    for (gid_t group = 0; list >> group;) groups.push_back(group);
    break;
  }
  return groups;
}

}  // namespace storage_fuse
