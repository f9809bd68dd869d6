// larder-gpud: lends the GPUs of one node to activations of others.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/fd_log_sink.h"
#include "base/program.h"
#include "config.h"

namespace {

constexpr const char* kEnvironmentPrefix = "GPUD_";

struct Arguments {
  std::string config_file;
  std::vector<std::string> settings;
  bool print_config = false;
};

int fail(const base::Error& error) {
  std::fprintf(stderr, "larder-gpud: %s\n", error.message.c_str());
  return 2;
}

base::Status fill(base::Config& config, const Arguments& arguments) {
  if (!arguments.config_file.empty()) TRY_STATUS(config.read_file(arguments.config_file));
  TRY_STATUS(config.add_environment(base::environment(), kEnvironmentPrefix));
  return config.add_command_line(arguments.settings);
}

void describe(CLI::App& app, Arguments& arguments) {
  app.add_option("-c,--config", arguments.config_file, "JSON file with settings");
  app.add_option("-s,--set", arguments.settings, "One setting: KEY=VALUE; may be repeated");
  app.add_flag("--print-config", arguments.print_config,
               "Print every setting with its meaning and where it comes from, and stop");
  app.footer(
      "One runs on each node with GPUs. It gives leases to invokers that are of its pool, and has "
      "a\n"
      "session process for each: confined, with a memory limit, gone when the lease ends.\n\n"
      "Settings also come from the environment: GPUD_IDLE_SESSIONS=4 is idle-sessions. The "
      "command\n"
      "line wins over the environment, that over the file. SIGTERM ends all leases and stops it.");
}

int serve(const gpud::Settings& settings, const sigset_t& signals) {
  const base::SystemClock clock;
  base::FdLogSink sink(STDERR_FILENO);
  const base::Logger log(sink, clock, settings.log);
  auto daemon = gpu_pool::Daemon::start(settings.daemon, clock, log);
  if (!daemon.ok()) return fail(daemon.error());
  log.info("Leases", "ready",
           {{"node", settings.daemon.node}, {"port", std::uint64_t{(*daemon)->port()}}});
  int signal = 0;
  ::sigwait(&signals, &signal);
  log.info("Leases", "stopping");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"larder-gpud: the GPUs of one node, for activations that run elsewhere."};
  Arguments arguments;
  describe(app, arguments);
  CLI11_PARSE(app, argc, argv);
  base::Config config = gpud::settings();
  if (const auto filled = fill(config, arguments); !filled) return fail(filled.error());
  if (arguments.print_config) {
    std::fputs(config.describe().c_str(), stdout);
    return 0;
  }
  const auto settings = gpud::read(config, std::filesystem::read_symlink("/proc/self/exe"));
  if (!settings.ok()) return fail(settings.error());
  // Before the log has its thread: it must not get them.
  return serve(*settings, base::hold_signals({SIGTERM, SIGINT, SIGQUIT}));
}
