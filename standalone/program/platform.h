// The whole platform in one process: REST front, stores, invoker, sandboxes, volumes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "invoker/container_pool.h"
#include "standalone/limits.h"
#include "standalone/users.h"
#include "storage/volume_store.h"
#include "volume_service.h"

namespace program {

struct PlatformConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3233;  // 0: any free one
  std::filesystem::path data_dir;
  invoker::PoolConfig pool;  // without stem cells
  bool python_stem = true;   // sandboxes with python are forks of one interpreter that is kept
  int stem_cells_each = 1;   // of each language that is found
  std::int64_t stem_cell_bytes = 256LL << 20;
  standalone::ServiceLimits limits;
  standalone::Users users = standalone::Users::well_known();
  VolumeService volume_service = VolumeService::kAuto;
  storage::VolumeStoreOptions volumes;  // kImages; their directory is in data_dir
  // The control socket of a larder-storaged that runs. Empty: the platform starts one of its own.
  std::filesystem::path storaged_socket;
};

// Threads: one at a time. Life: stop() or the destructor ends every container and thread.
class Platform {
 public:
  // Errors: kAlreadyExists for a port or data directory in use, kPermissionDenied and kUnsupported
  // with what this machine lacks.
  static base::Result<std::unique_ptr<Platform>> start(const PlatformConfig& config,
                                                       const base::Clock& clock, base::Logger& log);
  ~Platform();

  std::uint16_t port() const;
  std::vector<std::string> kinds() const;
  // Why volumes cannot be had here; nothing when they can.
  const std::optional<std::string>& no_volumes() const;
  // What the operator should know about how volumes are served; mostly "".
  const std::string& volume_note() const;

  // Accepts nothing new, lets what runs finish until `patience` is over, removes all containers.
  void stop(std::chrono::milliseconds patience);

 private:
  struct Parts;
  explicit Platform(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace program
