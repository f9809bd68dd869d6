#include "base/boot_id.h"

#include <cerrno>
#include <fstream>

namespace base {

Result<std::string> boot_id() {
  constexpr const char* kFile = "/proc/sys/kernel/random/boot_id";
  std::string id;
  if (!std::getline(std::ifstream(kFile), id)) return error_from_errno(errno, kFile);
  return id;
}

}  // namespace base
