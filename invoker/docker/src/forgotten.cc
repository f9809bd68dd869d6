#include "forgotten.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "ending.h"
#include "host_view.h"
#include "small_files.h"

namespace invoker_docker {
namespace {

constexpr std::chrono::seconds kPatience{1};
constexpr std::size_t kIdLength = 64;

// Anything shorter could be part of the name of somebody else's group.
bool is_whole(const std::string& id) {
  return id.size() == kIdLength && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<int> pid_of(const std::filesystem::path& folder) {
  const std::string name = folder.filename();
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool number = error == std::errc() && end == name.data() + name.size();
  return number ? std::optional(pid) : std::nullopt;
}

// Nothing where the process is in none of these containers.
std::optional<HostView> find(int pid, const std::vector<std::string>& ids) {
  const auto groups = invoker_container::read_file("/proc/" + std::to_string(pid) + "/cgroup");
  if (!groups.ok()) return std::nullopt;
  const auto id = std::ranges::find_if(ids, [&](const std::string& each) {
    return is_whole(each) && groups->find(each) != std::string::npos;
  });
  if (id == ids.end()) return std::nullopt;
  HostView view = look_at(pid, *id);
  return view.pidfd.valid() ? std::optional(std::move(view)) : std::nullopt;
}

}  // namespace

std::size_t end_processes_of(const std::vector<std::string>& ids) {
  std::vector<std::unique_ptr<Ending>> found;
  if (ids.empty()) return 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto pid = pid_of(entry.path());
    if (!pid) continue;
    if (auto view = find(*pid, ids)) found.push_back(std::make_unique<Ending>(std::move(*view)));
  }
  for (const auto& process : found) process->end();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (const auto& process : found) {
    const auto left = std::chrono::ceil<base::milliseconds>(end - std::chrono::steady_clock::now());
    process->wait(std::max(left, base::milliseconds(0)));
  }
  return found.size();
}

}  // namespace invoker_docker
