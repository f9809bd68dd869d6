#include "cgroup_removal.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "small_files.h"

namespace invoker_container {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRetry{1};

std::vector<std::string> subdirectories(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->is_directory(error)) paths.push_back(entry->path());
  }
  return paths;
}

void kill_listed(const std::string& procs) {
  const char* next = procs.c_str();
  while (*next != '\0') {
    char* end = nullptr;
    const long pid = std::strtol(next, &end, 10);
    if (end == next) return;
    if (pid > 1) kill(static_cast<pid_t>(pid), SIGKILL);
    next = *end == '\n' ? end + 1 : end;
  }
}

// A file that is not there belongs to the other version: no matter.
void kill_tree(const std::string& directory) {
  for (const std::string& child : subdirectories(directory)) kill_tree(child);
  static_cast<void>(write_file(directory + "/cgroup.kill", "1").ok());
  if (const auto procs = read_file(directory + "/cgroup.procs"); procs.ok()) kill_listed(*procs);
  static_cast<void>(write_file(directory + "/freezer.state", "THAWED").ok());
}

bool remove_tree(const std::string& directory) {
  for (const std::string& child : subdirectories(directory)) remove_tree(child);
  return rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

base::Status remove_cgroups(const std::vector<std::string>& directories,
                            std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  std::vector<std::string> left = directories;
  for (;;) {
    std::erase_if(left, remove_tree);
    if (left.empty()) return {};
    if (Clock::now() >= deadline) break;
    for (const std::string& directory : left) kill_tree(directory);
    std::this_thread::sleep_for(kRetry);
  }
  return base::Error{base::ErrorCode::kUnavailable, "cgroup " + left.front() + " is still in use"};
}

}  // namespace invoker_container
