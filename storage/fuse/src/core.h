// What the requests of one session share. Lives as long as the last of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/log.h"
#include "base/unique_fd.h"
#include "in_flight.h"
#include "mount_state.h"
#include "open_table.h"
#include "storage_fuse/file_system.h"
#include "storage_fuse/session.h"
#include "transport.h"

struct fuse_session;

namespace storage_fuse {

struct Core : std::enable_shared_from_this<Core> {
  Core(std::unique_ptr<Transport> transport_in, MountState state_in, FileSystem& files_in,
       SessionOptions options_in, const base::Logger& log_in);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  std::unique_ptr<Transport> transport;
  MountState state;
  FileSystem& files;
  const SessionOptions options;
  const base::Logger log;

  fuse_session* session = nullptr;
  InFlight in_flight;
  // Where the kernel has passthrough: set once, with INIT.
  std::unique_ptr<OpenTable> open_table;
  std::atomic<OpenTable*> opens{nullptr};
  std::atomic<bool> ready{false};  // INIT is answered
  std::atomic<bool> stopping{false};
  std::atomic<bool> gone{false};  // the mount
  std::atomic<std::uint64_t> requests{0};

  // Its answer is not sent as it is: INIT, while it is under way.
  std::atomic<std::uint64_t> init_unique{0};
  bool init_is_synthetic = false;
};

}  // namespace storage_fuse
