#include "standalone_command.h"

#include <csignal>
#include <cstdio>

#include "base/fd_log_sink.h"
#include "base/program.h"
#include "data_folder.h"

namespace program {
namespace {

constexpr const char* kGuestKey =
    "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:"
    "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

// Who presses Ctrl-C does not want to wait for a function that runs a minute.
constexpr std::chrono::milliseconds kInterruptPatience{500};

void announce(const Platform& platform, const StandaloneOptions& options) {
  const std::string url =
      "http://" + options.platform.address + ":" + std::to_string(platform.port());
  std::printf("larder: ready at %s, data in %s\n", url.c_str(), options.platform.data_dir.c_str());
  std::string kinds;
  for (const std::string& kind : platform.kinds()) kinds += (kinds.empty() ? "" : ", ") + kind;
  std::printf("larder: kinds: %s\n", kinds.c_str());
  if (platform.no_volumes()) {
    std::printf("larder: no volumes: %s\n", platform.no_volumes()->c_str());
  } else if (!platform.volume_note().empty()) {
    std::printf("larder: volumes: %s\n", platform.volume_note().c_str());
  }
  std::printf("larder: wsk property set --apihost %s --auth %s\n", url.c_str(), kGuestKey);
  std::fflush(stdout);
}

int fail(const base::Error& error) {
  std::fprintf(stderr, "larder: cannot start: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int run_standalone(const StandaloneOptions& options) {
  const sigset_t stop_signals = base::hold_signals({SIGINT, SIGTERM, SIGHUP});
  signal(SIGPIPE, SIG_IGN);
  const base::SystemClock clock;
  base::FdLogSink sink(STDERR_FILENO);
  base::Logger log(sink, clock, options.log);
  const auto folder = DataFolder::take(options.platform.data_dir);
  if (!folder) return fail(folder.error());
  if (options.clean) folder->clear();
  auto platform = Platform::start(options.platform, clock, log);
  if (!platform) {
    sink.flush(std::chrono::seconds(1));
    return fail(platform.error());
  }
  announce(**platform, options);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  std::printf("larder: stopping\n");
  std::fflush(stdout);
  (*platform)->stop(signal == SIGINT ? kInterruptPatience : options.patience);
  return 0;
}

}  // namespace program
