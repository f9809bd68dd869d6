// The program `larder-storaged`.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/fd_log_sink.h"
#include "base/program.h"
#include "config.h"
#include "serve.h"
#include "storage_fuse/keeper.h"

namespace {

constexpr const char* kEnvironmentPrefix = "STORAGED_";
constexpr const char* kServe = "--serve";

struct Arguments {
  std::string config_file;
  std::vector<std::string> settings;
  bool print_config = false;
  bool serve = false;
};

int fail(const base::Error& error) {
  std::fprintf(stderr, "larder-storaged: %s\n", error.message.c_str());
  return 2;
}

base::Status fill(base::Config& config, const Arguments& arguments) {
  if (!arguments.config_file.empty()) TRY_STATUS(config.read_file(arguments.config_file));
  TRY_STATUS(config.add_environment(base::environment(), kEnvironmentPrefix));
  return config.add_command_line(arguments.settings);
}

// The daemon is this program again, with the same arguments.
base::Status keep(int argc, char** argv, const base::Logger& log) {
  storage_fuse::KeeperOptions options;
  options.daemon = {std::filesystem::read_symlink("/proc/self/exe"), kServe};
  for (int i = 1; i < argc; ++i) options.daemon.emplace_back(argv[i]);
  return storage_fuse::run_keeper(options, log);
}

// Buffers of megabytes go back to the system when they are done with; left alone, the allocator
// keeps them all after the first.
constexpr int kMappedFromBytes = 512 << 10;

void describe(CLI::App& app, Arguments& arguments) {
  app.add_option("-c,--config", arguments.config_file, "JSON file with settings");
  app.add_option("-s,--set", arguments.settings, "One setting: KEY=VALUE; may be repeated");
  app.add_flag("--print-config", arguments.print_config,
               "Print every setting with its meaning and where it comes from, and stop");
  app.add_flag(kServe, arguments.serve, "Serve the mount of the keeper that started this process")
      ->group("");
  app.footer(
      "One runs on each node, as root. It keeps the node's FUSE mount, which is attached nowhere:\n"
      "invokers put single directories of it into containers. It stays when the daemon dies; the\n"
      "keeper, the process that is started first, starts another one.\n\n"
      "Settings also come from the environment: STORAGED_CACHE_SIZE=20g is cache.size. The\n"
      "command line wins over the environment, that over the file. SIGTERM to the keeper stops "
      "both\n"
      "processes; what activations have not committed by then is thrown away.");
}

// Every file that an attempt has open has a descriptor here, and limits are made for lesser
// programs.
void allow_many_files() {
  constexpr rlim_t kMany = 1 << 20;  // Linux's own bound, unless fs.nr_open says otherwise
  rlimit limit{kMany, kMany};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"larder-storaged: the files of Larder's volumes on one node."};
  Arguments arguments;
  describe(app, arguments);
  CLI11_PARSE(app, argc, argv);
  base::Config config = storaged::settings();
  if (const auto filled = fill(config, arguments); !filled) return fail(filled.error());
  const auto settings = storaged::read(config);
  if (!settings) return fail(settings.error());
  if (arguments.print_config) {
    std::fputs(config.describe().c_str(), stdout);
    return 0;
  }
  allow_many_files();
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
  ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
  // Before the log has its thread: it must not get them.
  const sigset_t signals = base::hold_signals({SIGTERM, SIGINT, SIGQUIT});
  const base::SystemClock clock;
  base::FdLogSink sink(STDERR_FILENO);
  const base::Logger log(sink, clock, settings->log);
  const auto done =
      arguments.serve ? storaged::serve(*settings, clock, log, signals) : keep(argc, argv, log);
  return done ? 0 : fail(done.error());
}
