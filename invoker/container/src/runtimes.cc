// Which interpreters this host has.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "invoker_container/sandbox_factory.h"

namespace invoker_container {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr const char* kPythonStem = R"(
import ctypes
library = ctypes.PyDLL("/proc/self/fd/5")
library.larder_stem.restype = ctypes.c_char_p
exec(compile(library.larder_stem(), "larder-stem", "exec"), {"library": library})
)";
constexpr const char* kNodes[] = {"/usr/bin/node", "/usr/local/bin/node"};

// "v20.11.1" becomes "20"; nothing when it does not run.
std::string major_version(const std::string& node) {
  FILE* output = popen((node + " --version 2>/dev/null").c_str(), "re");
  if (output == nullptr) return "";
  char text[64] = "";
  const bool read = std::fgets(text, sizeof text, output) != nullptr;
  const bool succeeded = pclose(output) == 0;
  if (!read || !succeeded || text[0] != 'v') return "";
  const int major = std::atoi(text + 1);
  return major > 0 ? std::to_string(major) : "";
}

}  // namespace

std::vector<Runtime> find_runtimes() {
  std::vector<Runtime> runtimes = {{"blackbox", {}, "exec", ""}};
  if (access(kPython, X_OK) == 0) {
    runtimes.push_back({"python:3",
                        {kPython, "-I", "/larder/python.py"},
                        "__main__.py",
                        "",
                        {kPython, "-I", "-c", kPythonStem}});
  }
  for (const char* node : kNodes) {
    if (access(node, X_OK) != 0) continue;
    const std::string major = major_version(node);
    if (major.empty()) continue;
    runtimes.push_back(
        {"nodejs:" + major, {node, "/larder/nodejs.js"}, "index.js", "--max-old-space-size="});
    break;
  }
  return runtimes;
}

}  // namespace invoker_container
