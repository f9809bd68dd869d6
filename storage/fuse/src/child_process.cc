#include "child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>

namespace storage_fuse {

using base::error_from_errno;
using base::Result;

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::string& setting) {
  const std::string name = setting.substr(0, setting.find('=') + 1);
  std::vector<std::string> environment{setting};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(name)) environment.emplace_back(*entry);
  }
  return environment;
}

// The attributes of a posix_spawn(3): none of our signal mask, all of our descriptors.
class SpawnPlan {
 public:
  explicit SpawnPlan(std::span<const int> descriptors) {
    ::posix_spawn_file_actions_init(&actions_);
    // Onto itself: that it is closed on exec is forgotten.
    for (const int fd : descriptors) {
      if (fd >= 0) ::posix_spawn_file_actions_adddup2(&actions_, fd, fd);
    }
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int start(pid_t& pid, const std::string& program, char** arguments, char** environment) const {
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments, environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Process> spawn(const std::string& program, const std::vector<std::string>& arguments,
                      const std::string& setting, std::span<const int> descriptors) {
  std::vector<std::string> texts = arguments, environment = environment_with(setting);
  Process process;
  const int error =
      SpawnPlan(descriptors)
          .start(process.pid, program, pointers_to(texts).data(), pointers_to(environment).data());
  if (error != 0) return error_from_errno(error, "starting " + program);
  process.handle.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!process.handle.valid()) return error_from_errno(errno, "watching " + program);
  return process;
}

std::string numbers_text(std::span<const int> numbers) {
  std::ostringstream text;
  for (const int number : numbers) text << number << ' ';
  return text.str();
}

std::vector<int> parse_numbers(const char* text) {
  if (text == nullptr) return {};
  std::istringstream stream(text);
  std::vector<int> numbers;
  for (int number = 0; stream >> number;) numbers.push_back(number);
  return numbers;
}

}  // namespace storage_fuse
