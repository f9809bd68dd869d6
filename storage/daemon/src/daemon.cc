#include "storage_daemon/daemon.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "daemon_of_node.h"

namespace storage_daemon {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Instant;
using base::Json;
using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

Status check_options(const DaemonOptions& options) {
  const bool fits = !options.node.empty() && options.node.size() <= 64 &&
                    std::ranges::all_of(options.node, [](char letter) {
                      return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                             (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_' ||
                             letter == '.';
                    });
  if (fits) return {};
  return Error{ErrorCode::kInvalidArgument,
               "the node's name must have 1 to 64 letters, digits, '.', '_' and '-', and is " +
                   base::quoted(options.node)};
}

Result<UniqueFd> lock_directory(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) return error_from_errno(failure.value(), "making " + directory.native());
  const auto path = directory / "lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return error_from_errno(errno, "opening " + path.native());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorCode::kUnavailable, "another daemon has the directory " + directory.native()};
  }
  return lock;
}

}  // namespace

Result<Json> DaemonOfNode::remove(const storage_control::Remove& call) {
  if (call.place.path.empty() && call.whole_volume) {
    const VolumeName name{call.place.namespace_name, call.place.volume};
    const std::lock_guard lock(mutex_);
    const auto in_use = [&](const auto& item) { return item.second->facts().volume == name; };
    if (std::ranges::any_of(attempts_, in_use)) {
      return Error{ErrorCode::kConflict, "the volume " + call.place.volume + " is in use"};
    }
  }
  return people_.remove(call);
}

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options, int mount,
                                              storage::ObjectStore& store, const base::Clock& clock,
                                              base::Logger log) {
  TRY_STATUS(check_options(options));
  TRY(UniqueFd lock, lock_directory(options.directory));
  const auto copies = options.directory / "cache";
  std::error_code failure;
  std::filesystem::create_directories(copies, failure);
  TRY(auto cache, ContentCache::open({copies, options.cache_bytes}));
  TRY(auto ephemeral, EphemeralTier::start(options, store, clock, log));
  auto daemon =
      std::make_unique<DaemonOfNode>(std::move(options), mount, store, clock, std::move(log),
                                     std::move(lock), std::move(cache), std::move(ephemeral));
  TRY_STATUS(daemon->take_over());
  return std::unique_ptr<Daemon>(std::move(daemon));
}

}  // namespace storage_daemon
