// attempts_daemon keep DIRECTORY --at PLACE: a mount with one attempt, over a volume in memory,
// with its staging files and its cache in DIRECTORY. A keeper starts the daemon again when it is
// killed. attempts_daemon serve DIRECTORY: the daemon.
#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "base/clock.h"
#include "base/fd_log_sink.h"
#include "base/program.h"
#include "memory_source.h"
#include "some_volume.h"
#include "storage_attempts/attempt_file_system.h"
#include "storage_fuse/keeper.h"
#include "storage_fuse/session.h"

namespace {

struct Arguments {
  std::filesystem::path directory;
  storage_fuse::MountOptions mount{"attempts", {}};
  bool no_passthrough = false;
  unsigned attempts = 1;
};

int failed(const base::Error& error) {
  std::cerr << "attempts_daemon: " << error.message << '\n';
  return 1;
}

base::Status attach(storage_attempts::AttemptFileSystem& files, const Arguments& arguments,
                    std::uint64_t number,
                    const std::shared_ptr<storage_attempts::SnapshotSource>& source) {
  storage_attempts::AttemptOptions options;
  options.number = number;
  options.volume = "test/volume";
  options.staging = arguments.directory / ("staging" + std::to_string(number));
  options.source = source;
  std::filesystem::create_directories(options.staging);
  return files.attach(std::move(options));
}

int serve(const Arguments& arguments, const base::Logger& log, sigset_t signals) {
  auto inherited = storage_fuse::inherit_mount();
  if (!inherited.ok()) return failed(inherited.error());
  storage_overlay::MemoryVolume volume;
  storage_overlay::fill(volume);
  volume.reserve(1'000'000 * (1 + static_cast<unsigned>(::getpid()) % 1000));  // never twice
  std::filesystem::create_directories(arguments.directory / "cache");
  auto cache = storage_attempts::ContentCache::open({.directory = arguments.directory / "cache"});
  if (!cache.ok()) return failed(cache.error());
  const auto source = std::make_shared<storage_attempts::MemorySource>(volume);
  storage_attempts::AttemptFileSystem files({}, **cache, log);
  for (unsigned number = 1; number <= arguments.attempts; ++number)
    if (auto attached = attach(files, arguments, number, source); !attached.ok())
      return failed(attached.error());
  storage_fuse::SessionOptions options;
  options.passthrough = !arguments.no_passthrough;
  const storage_fuse::Mount& mount = inherited->mount;
  auto session =
      storage_fuse::Session::start(mount.device.get(), mount.state.get(), files, options, log);
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
  options.daemon = {std::filesystem::read_symlink("/proc/self/exe")};
  for (int i = 1; i < argc; ++i) options.daemon.emplace_back(argv[i]);
  options.daemon.at(1) = "serve";
  const auto kept = storage_fuse::run_keeper(options, log);
  return kept.ok() ? 0 : failed(kept.error());
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("A volume in memory, through FUSE, as one attempt sees it.");
  auto* keeper = app.add_subcommand("keep", "mount, and keep a daemon running");
  auto* daemon = app.add_subcommand("serve", "the daemon; the keeper starts it");
  app.require_subcommand(1);
  for (CLI::App* one : {keeper, daemon}) {
    one->add_option("directory", arguments.directory)->required();
    one->add_option("--at", arguments.mount.attach_at, "where to mount");
    one->add_option("--attempts", arguments.attempts, "a1, a2, ...");
    one->add_flag("--no-passthrough", arguments.no_passthrough, "as on an old kernel");
  }
  CLI11_PARSE(app, argc, argv);
  // Before the log has its thread: it must not get them.
  const sigset_t signals = base::hold_signals({SIGTERM, SIGINT, SIGQUIT});
  const base::SystemClock clock;
  base::FdLogSink sink(2);
  const base::Logger log(sink, clock, {.format = base::LogFormat::kLogfmt});
  return keeper->parsed() ? keep(arguments, argc, argv, log) : serve(arguments, log, signals);
}
