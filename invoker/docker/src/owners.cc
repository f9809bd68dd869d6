#include "owners.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sstream>
#include <utility>

#include "owner_map.h"
#include "small_files.h"

namespace invoker_docker {
namespace {

using base::Error;
using base::ErrorCode;
using invoker_container::read_file;
using invoker_container::write_file;

// More kinds of users than that are somebody's play.
constexpr std::size_t kKeptMax = 64;
// Should this process be killed meanwhile.
constexpr unsigned kHolderSecondsMax = 10;

struct Maps {
  std::string users, groups;
};

// "Uid:" and "Gid:" of a process are followed by the real id.
base::Result<std::uint32_t> id_of(const std::string& status, const std::string& word) {
  const auto at = status.find("\n" + word + ":");
  std::uint32_t id = 0;
  if (at != std::string::npos && std::istringstream(status.substr(at + word.size() + 2)) >> id) {
    return id;
  }
  return Error{ErrorCode::kUnsupported, "A container's process does not tell its " + word + "."};
}

base::Result<Maps> maps_of(int pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  TRY(const std::string status, read_file(folder + "/status"));
  TRY(const std::uint32_t user, id_of(status, "Uid"));
  TRY(const std::uint32_t group, id_of(status, "Gid"));
  TRY(const std::string users, read_file(folder + "/uid_map"));
  TRY(const std::string groups, read_file(folder + "/gid_map"));
  Maps maps;
  TRY(maps.users, owner_map(users, user));
  TRY(maps.groups, owner_map(groups, group));
  // One of them is wanted: then the other must say that it changes nothing.
  if (maps.users.empty() != maps.groups.empty()) {
    (maps.users.empty() ? maps.users : maps.groups) = maps.users.empty() ? users : groups;
  }
  return maps;
}

base::Result<base::UniqueFd> fill(pid_t holder, const Maps& maps) {
  const std::string folder = "/proc/" + std::to_string(holder);
  TRY_STATUS(write_file(folder + "/uid_map", maps.users));
  TRY_STATUS(write_file(folder + "/gid_map", maps.groups));
  base::UniqueFd made(open((folder + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!made.valid()) return base::error_from_errno(errno, "opening a user namespace");
  return made;
}

// A user namespace begins with a process: one that does nothing, and ends when we have a
// descriptor of it. It is a copy of a program with threads, so it may only make system calls.
base::Result<base::UniqueFd> make_namespace(const Maps& maps) {
  const auto child = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) {
    alarm(kHolderSecondsMax);
    pause();
    _exit(0);
  }
  if (child < 0) {
    const base::Error failure = base::error_from_errno(errno, "making a user namespace");
    return Error{ErrorCode::kUnsupported,
                 "Volumes cannot be shown as the action's own: " + failure.message};
  }
  auto made = fill(child, maps);
  ::kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

}  // namespace

base::Result<Owners::Namespace> Owners::of_process(int pid) {
  TRY(const Maps maps, maps_of(pid));
  if (maps.users.empty()) return Namespace();
  const std::string key = maps.users + "\n" + maps.groups;
  const std::lock_guard lock(mutex_);
  if (const auto known = made_.find(key); known != made_.end()) return known->second;
  TRY(base::UniqueFd made, make_namespace(maps));
  if (made_.size() >= kKeptMax) made_.clear();
  return made_[key] = std::make_shared<const base::UniqueFd>(std::move(made));
}

}  // namespace invoker_docker
