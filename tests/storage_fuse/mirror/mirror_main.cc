// fuse_mirror keep DIRECTORY --at PLACE ...: shows DIRECTORY at PLACE, through a keeper and a
// daemon. fuse_mirror serve DIRECTORY ...: the daemon, which the keeper starts.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/clock.h"
#include "base/fd_log_sink.h"
#include "base/program.h"
#include "mirror.h"
#include "storage_fuse/keeper.h"
#include "storage_fuse/session.h"

namespace {

struct Arguments {
  mirror::MirrorOptions mirror;
  storage_fuse::MountOptions mount{"mirror", {}};
  storage_fuse::SessionOptions session;
  unsigned spin_us = 0;
  unsigned pause_max_ms = 1000;
  bool no_passthrough = false;
  bool no_backing = false;
};

int failed(const base::Error& error) {
  std::cerr << "fuse_mirror: " << error.message << '\n';
  return 1;
}

int serve(const Arguments& arguments, const base::Logger& log, sigset_t signals) {
  auto inherited = storage_fuse::inherit_mount();
  if (!inherited.ok()) return failed(inherited.error());
  auto files = mirror::Mirror::open(arguments.mirror);
  if (!files.ok()) return failed(files.error());
  const storage_fuse::Mount& mount = inherited->mount;
  auto session = storage_fuse::Session::start(mount.device.get(), mount.state.get(), **files,
                                              arguments.session, log);
  if (!session.ok()) return failed(session.error());
  auto watch = storage_fuse::watch_keeper(*inherited, log);
  if (!watch.ok()) return failed(watch.error());
  storage_fuse::wait_for_end(**session, mount, signals);
  (*session)->stop();
  return 0;
}

int keep(const Arguments& arguments, int argc, char** argv, const base::Logger& log) {
  storage_fuse::KeeperOptions options;
  options.mount = arguments.mount;
  options.pause_max = std::chrono::milliseconds(arguments.pause_max_ms);
  options.daemon = {std::filesystem::read_symlink("/proc/self/exe")};
  for (int i = 1; i < argc; ++i) options.daemon.emplace_back(argv[i]);
  options.daemon.at(1) = "serve";
  const auto kept = storage_fuse::run_keeper(options, log);
  return kept.ok() ? 0 : failed(kept.error());
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Shows a directory through FUSE, as it is.");
  auto* keeper = app.add_subcommand("keep", "mount, and keep a daemon running");
  auto* daemon = app.add_subcommand("serve", "the daemon; the keeper starts it");
  app.require_subcommand(1);
  for (CLI::App* one : {keeper, daemon}) {
    one->add_option("directory", arguments.mirror.directory)->required();
    one->add_option("--journal", arguments.mirror.journal)->required();
    one->add_option("--at", arguments.mount.attach_at, "where to mount");
    one->add_option("--threads", arguments.session.threads);
    one->add_option("--pause-max", arguments.pause_max_ms, "before a restart, milliseconds");
    one->add_option("--spin", arguments.spin_us, "microseconds");
    one->add_option("--cpus", arguments.session.cpus, "where the threads stay");
    one->add_flag("--no-passthrough", arguments.no_passthrough, "as on an old kernel");
    one->add_flag("--no-backing", arguments.no_backing, "serve all reads and writes");
  }
  CLI11_PARSE(app, argc, argv);
  arguments.session.spin = std::chrono::microseconds(arguments.spin_us);
  arguments.session.passthrough = !arguments.no_passthrough;
  arguments.mirror.passthrough = !arguments.no_backing;
  // Before the log has its thread: it must not get them.
  const sigset_t signals = base::hold_signals({SIGTERM, SIGINT, SIGQUIT});
  const base::SystemClock clock;
  base::FdLogSink sink(2);
  const base::Logger log(sink, clock, {.format = base::LogFormat::kLogfmt});
  return keeper->parsed() ? keep(arguments, argc, argv, log) : serve(arguments, log, signals);
}
