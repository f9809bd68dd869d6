#include "host_sandboxes.h"

#include <filesystem>

namespace program {

invoker_container::SandboxConfig host_sandboxes(const std::string& instance, bool python_stem) {
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  invoker_container::SandboxConfig config;
  config.instance = instance;
  config.state_directory = "/run/larder-" + instance;
  config.sandbox_program = programs / "larder-sandbox";
  config.proxy_program = programs / "larder-proxy";
  if (python_stem) config.stem_library = programs / "larder-stem.so";
  config.runtimes = invoker_container::find_runtimes();
  return config;
}

}  // namespace program
