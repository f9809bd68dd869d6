#include "serve.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/boot_id.h"
#include "storage_control/packet.h"
#include "storage_control/server.h"
#include "storage_embedded/embedded_store.h"
#include "storage_fuse/keeper.h"
#include "storage_fuse/session.h"

namespace storaged {
namespace {

using base::Result;
using base::Status;

Result<std::unique_ptr<storage::ObjectStore>> open_store(const Settings& settings) {
  if (settings.store == Settings::Store::kCeph) return storage_ceph::connect(settings.ceph);
  storage_embedded::EmbeddedOptions options;
  options.directory = settings.embedded_directory;
  return storage_embedded::open_store(options);
}

// A mount's memory is a file of its own for as long as the mount lives, until the next boot.
Result<std::string> identity_of(const storage_fuse::Mount& mount) {
  struct stat stat{};
  if (::fstat(mount.state.get(), &stat) != 0) {
    return base::error_from_errno(errno, "looking at the mount's memory");
  }
  TRY(const std::string boot, base::boot_id());
  return boot + "/" + std::to_string(stat.st_dev) + "/" + std::to_string(stat.st_ino);
}

Result<base::UniqueFd> listen(const std::filesystem::path& socket) {
  std::error_code failure;
  if (socket.has_parent_path()) {
    std::filesystem::create_directories(socket.parent_path(), failure);
  }
  if (failure) return base::error_from_errno(failure.value(), "making the socket's folder");
  return storage_control::listen_on(socket);
}

}  // namespace

Status serve(const Settings& settings, const base::Clock& clock, const base::Logger& log,
             const sigset_t& signals) {
  TRY(auto inherited, storage_fuse::inherit_mount());
  const storage_fuse::Mount& mount = inherited.mount;
  TRY(const auto store, open_store(settings));
  auto options = settings.daemon;
  TRY(options.mount_identity, identity_of(mount));
  TRY(const auto daemon,
      storage_daemon::Daemon::start(std::move(options), mount.tree.get(), *store, clock, log));
  TRY(const auto session, storage_fuse::Session::start(mount.device.get(), mount.state.get(),
                                                       daemon->files(), settings.session, log));
  TRY(const auto watch, storage_fuse::watch_keeper(inherited, log));
  TRY(auto socket, listen(settings.socket));
  storage_control::ControlServerOptions control;
  control.node = settings.daemon.node;
  TRY(auto server, storage_control::ControlServer::start(std::move(socket), control, *daemon, log));
  log.info("Storage", "ready",
           {{"node", settings.daemon.node},
            {"socket", settings.socket.native()},
            {"attempts", std::uint64_t{daemon->open_attempts()}}});
  storage_fuse::wait_for_end(*session, mount, signals);
  server.reset();
  session->stop();
  return {};
}

}  // namespace storaged
