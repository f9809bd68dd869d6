#include "forked_interpreter.h"

#include <linux/close_range.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sandbox {

namespace {

constexpr int kAnswers = 3;
constexpr const char* kFolder = "/action";

struct Pipes {
  int input[2];
  int answers[2];
};

// What an exec by the proxy would have made of it. Without an exec the process would count as one
// that must not be looked at, not even by itself.
bool become_child(const Pipes& pipes) {
  return setsid() >= 0 && chdir(kFolder) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
         signal(SIGPIPE, SIG_IGN) != SIG_ERR && dup2(pipes.input[0], STDIN_FILENO) >= 0 &&
         dup2(pipes.answers[1], kAnswers) >= 0 && close_range(kAnswers + 1, ~0U, 0) == 0;
}

[[noreturn]] void run_child(Interpreter interpreter, const Pipes& pipes,
                            const std::vector<std::string>& environment) {
  std::string block;
  for (const std::string& variable : environment) block.append(variable).append(1, '\0');
  if (become_child(pipes)) interpreter(block.data(), block.size());
  _exit(1);
}

}  // namespace

base::Result<ForkedInterpreter> fork_interpreter(Interpreter interpreter,
                                                 const std::vector<std::string>& environment) {
  Pipes pipes{};
  if (pipe(pipes.input) < 0 || pipe(pipes.answers) < 0) {
    return base::error_from_errno(errno, "making pipes for an interpreter");
  }
  const pid_t pid = fork();
  if (pid < 0) return base::error_from_errno(errno, "forking an interpreter");
  if (pid == 0) run_child(interpreter, pipes, environment);
  close(pipes.input[0]);
  close(pipes.answers[1]);
  return ForkedInterpreter{pid, pipes.input[1], pipes.answers[0]};
}

}  // namespace sandbox
