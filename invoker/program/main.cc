// The program `larder-invoker`: OpenWhisk's invoker, with its command line and environment.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "base/fd_log_sink.h"
#include "base/program.h"
#include "classic_invoker.h"
#include "invoker_settings/settings.h"

namespace {

using std::chrono::milliseconds;

bool stop_comes_within(const sigset_t& signals, milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec wait{seconds.count(), (time - seconds).count() * 1'000'000L};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

int fail(const std::string& message) {
  std::fprintf(stderr, "larder-invoker: %s\n", message.c_str());
  return 1;
}

int run(const invoker_settings::Start& start) {
  const sigset_t signals = base::hold_signals({SIGINT, SIGTERM, SIGHUP});
  signal(SIGPIPE, SIG_IGN);
  const base::SystemClock clock;
  // OpenWhisk's invoker logs to its standard output, and deployments send that to a file.
  base::FdLogSink sink(STDOUT_FILENO);
  base::Logger log(sink, clock, start.settings.log);
  log.info("Invoker", "larder-invoker " LARDER_VERSION " starts");
  for (const std::string& notice : start.notices) log.warn("Settings", notice);
  auto invoker = program::ClassicInvoker::start(start.settings, clock, log, [&](milliseconds time) {
    return stop_comes_within(signals, time);
  });
  if (!invoker) {
    log.error("Invoker", "cannot start: " + invoker.error().message);
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  log.info("Invoker", "asked to stop: finishing what was taken");
  (*invoker)->stop(start.settings.stop_patience);
  log.info("Invoker", "stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto start = invoker_settings::settings_from(base::environment(), arguments);
  if (!start) return fail(start.error().message);
  switch (start->task) {
    case invoker_settings::Task::kHelp:
      std::fputs(invoker_settings::help_text().c_str(), stdout);
      return 0;
    case invoker_settings::Task::kVersion:
      std::puts("larder-invoker " LARDER_VERSION);
      return 0;
    case invoker_settings::Task::kPrintSettings:
      std::fputs(start->description.c_str(), stdout);
      return start->fault.empty() ? 0 : fail(start->fault);
    case invoker_settings::Task::kRun:
      break;
  }
  return run(*start);
}
