// larder-stem.so: larder-sandbox inside an interpreter, so that sandboxes' interpreters can be
// forks of this one. What python's ctypes calls.
#include <sched.h>
#include <unistd.h>

#include <string_view>

#include "launchers.h"
#include "serve.h"
#include "stem_program.h"

namespace {

const char* text_of(std::string_view name) {
  for (const sandbox::Launcher& launcher : sandbox::kLaunchers) {
    if (launcher.name == name) return launcher.text.data();  // of a literal: it ends with a zero
  }
  return "";
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int larder_serve(sandbox::Interpreter interpreter) {
  // The root of the interpreter is as narrow as a sandbox's; sandboxes are made of the host's.
  if (setns(sandbox::kHostMounts, CLONE_NEWNS) < 0 || chdir("/") < 0) return 1;
  return sandbox::serve_orders(interpreter);
}

__attribute__((visibility("default"))) const char* larder_launcher() {
  return text_of("python.py");
}

__attribute__((visibility("default"))) const char* larder_stem() {
  return text_of("python_stem.py");
}
}
