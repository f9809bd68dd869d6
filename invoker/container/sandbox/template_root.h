// The read-only layers that every sandbox of this warden shares, ready to be cloned.
//
// They live in a mount namespace of their own in which nothing else of the host is mounted: a
// sandbox begins as a copy of that namespace, so that the host's tree is never in its reach.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "orders.h"

namespace sandbox {

struct Layer {
  std::string source;  // in the template namespace
  std::string target;  // in a sandbox, without the leading slash
};

struct Template {
  base::UniqueFd mount_namespace;
  std::vector<Layer> layers;
  std::vector<std::pair<std::string, std::string>> links;  // name in the root, what it points to
};

inline constexpr const char* kNewRoot = "/new";                // where a sandbox puts its root
inline constexpr const char* kEmptyFile = "/layer/empty";      // covers files
inline constexpr const char* kEmptyFolder = "/layer/nothing";  // covers folders

// Errors: whatever the kernel refuses; without root nearly everything.
base::Result<Template> make_template(const invoker_container::WardenSetup& setup);

}  // namespace sandbox
