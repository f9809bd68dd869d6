// A process that is spoken to in lines, and killed.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): unistd.h does without

namespace testing_support {

class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::array<int, 2> to{}, from{};
    CHECK(::pipe2(to.data(), O_CLOEXEC) == 0 && ::pipe2(from.data(), O_CLOEXEC) == 0);
    in_.reset(to[1]);
    out_.reset(from[0]);
    const base::UniqueFd child_in(to[0]), child_out(from[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), STDOUT_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    CHECK(::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ) ==
          0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void say(const std::string& line) {
    const std::string bytes = line + "\n";
    [[maybe_unused]] const auto count = ::write(in_.get(), bytes.data(), bytes.size());
  }

  // The next line; nothing when it is dead, or silent for long.
  std::optional<std::string> line() {
    constexpr int kSilenceMs = 30'000;
    while (true) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      pollfd ready{.fd = out_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, kSilenceMs) <= 0) return std::nullopt;
      std::array<char, 4096> bytes{};
      const ssize_t count = ::read(out_.get(), bytes.data(), bytes.size());
      if (count <= 0) return std::nullopt;
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  // Says it and gives the answer.
  std::string ask(const std::string& question) {
    say(question);
    return line().value_or("dead");
  }

 private:
  pid_t pid_ = -1;
  base::UniqueFd in_, out_;
  std::string buffer_;
};

}  // namespace testing_support
