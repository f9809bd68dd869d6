#include "bridge.h"

#include "small_files.h"

namespace invoker_docker {

// NET_ADDR_SET of the kernel: somebody gave it its address.
constexpr char kGiven = '3';

bool has_no_address(const std::string& bridge) {
  if (bridge.empty() || bridge.find('/') != std::string::npos) return false;
  const auto how = invoker_container::read_file("/sys/class/net/" + bridge + "/addr_assign_type");
  return how.ok() && !how->starts_with(kGiven);
}

}  // namespace invoker_docker
