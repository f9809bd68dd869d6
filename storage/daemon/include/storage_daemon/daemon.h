// One node's tiered file system, without its process: attempts at volumes, what the kernel asks of
// them, and how they end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage/object_store.h"
#include "storage_control/server.h"
#include "storage_ephemeral/node.h"
#include "storage_fuse/file_system.h"

namespace storage_daemon {

// This node's part in the files that live on nodes.
struct EphemeralOptions {
  storage_ephemeral::NodeAddress listen{"127.0.0.1", 0};
  std::optional<std::string> address;  // where others find it; absent: the one it listens at
  // Absent: nodes know each other by a key in the store, and what they send is not hidden.
  std::optional<storage_ephemeral::TlsFiles> tls;
};

struct DaemonOptions {
  std::string node;                 // the same after a restart, and no other node's: 1 to 64 bytes
                                    // of [A-Za-z0-9._-]
  std::filesystem::path directory;  // for attempts and copies of durable files; kept over restarts
  // Names the mount: attempts that an earlier daemon served under another one have lost their
  // users' descriptors, and are aborted.
  std::string mount_identity;
  std::uint64_t cache_bytes = 10'000'000'000;
  // A durable file up to this size is fetched whole before it is read; a larger one in pieces.
  std::uint64_t whole_file_bytes_max = 256 << 20;
  std::uint64_t files_max = 1'000'000;  // that an attempt may make or change
  std::size_t fetch_threads = 8;
  EphemeralOptions ephemeral;
  std::chrono::milliseconds lease{60'000};  // of this node's snapshots
  std::chrono::milliseconds collect_every{60'000};
  // How long attempts wait for their client: after its connection ended, and after a restart.
  std::chrono::milliseconds client_grace{2'000};
  std::chrono::milliseconds restart_grace{60'000};
};

// Threads: any method from any thread; the handler's block, the file system's do not wait for the
// store. Destruction leaves attempts as a crash would: a successor goes on with them.
class Daemon : public storage_control::ControlHandler {
 public:
  // Takes over what an earlier daemon left in the directory: attempts whose volumes are reached go
  // on. `mount` is a descriptor of the mount (O_PATH) to hand to clients; store, clock and what
  // the log needs outlive the daemon.
  // Errors: kInvalidArgument; kUnavailable when another daemon has the directory; the store's.
  static base::Result<std::unique_ptr<Daemon>> start(DaemonOptions options, int mount,
                                                     storage::ObjectStore& store,
                                                     const base::Clock& clock, base::Logger log);
  ~Daemon() override = default;

  virtual storage_fuse::FileSystem& files() = 0;

  virtual std::size_t open_attempts() const = 0;
};

}  // namespace storage_daemon
