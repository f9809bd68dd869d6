#include "base/program.h"

#include <unistd.h>

namespace base {

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

sigset_t hold_signals(std::initializer_list<int> signals) {
  sigset_t held;
  ::sigemptyset(&held);
  for (const int signal : signals) ::sigaddset(&held, signal);
  ::pthread_sigmask(SIG_BLOCK, &held, nullptr);
  return held;
}

}  // namespace base
