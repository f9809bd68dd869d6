#include "process_tree.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace bench {
namespace {

// The parent of every process there is.
std::map<pid_t, pid_t> parents() {
  std::map<pid_t, pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name.front())) == 0) continue;
    std::ifstream file(entry.path() / "status");
    for (std::string word; file >> word;) {
      if (word != "PPid:") continue;
      file >> result[std::stoi(name)];
      break;
    }
  }
  return result;
}

double memory_mb(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  double kilobytes = 0;
  for (std::string word; file >> word;) {
    if (word == "Pss:") {
      file >> kilobytes;
      break;
    }
  }
  return kilobytes / 1024;
}

// At most 15 bytes of its name.
std::string program_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

std::map<std::string, double> tree_memory_mb(pid_t root) {
  const auto parent_of = parents();
  std::map<std::string, double> sums = {{program_of(root), memory_mb(root)}};
  for (const auto& [pid, parent] : parent_of) {
    for (auto at = parent_of.find(parent); at != parent_of.end(); at = parent_of.find(at->second)) {
      if (at->first != root) continue;
      sums[program_of(pid)] += memory_mb(pid);
      break;
    }
  }
  return sums;
}

}  // namespace bench
