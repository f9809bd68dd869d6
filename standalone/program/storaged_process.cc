#include "storaged_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace program {
namespace {

// Between fork and exec only what is safe there.
[[noreturn]] void become(const char* program, char* const* arguments, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);  // Ctrl-C is for the platform, which ends us when it is done
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() == parent) ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

base::Result<std::unique_ptr<StoragedProcess>> StoragedProcess::start(
    const std::filesystem::path& directory) {
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "larder-storaged";
  if (::access(program.c_str(), X_OK) != 0) {
    return base::error_from_errno(errno, "running " + program.native());
  }
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) return base::error_from_errno(failure.value(), "making " + directory.native());
  const auto socket = directory / "control";
  std::vector<std::string> words{program,
                                 "-s",
                                 "directory=" + directory.native(),
                                 "-s",
                                 "socket=" + socket.native(),
                                 "-s",
                                 "node=standalone"};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(program.c_str(), arguments.data(), parent);
  if (pid < 0) return base::error_from_errno(errno, "starting larder-storaged");
  return std::unique_ptr<StoragedProcess>(new StoragedProcess(pid, socket));
}

StoragedProcess::~StoragedProcess() {
  ::kill(pid_, SIGTERM);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace program
