// Volumes of the larder-storaged of this node, which may come late, go, and come back.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "invoker/container.h"
#include "invoker/file_stager.h"
#include "invoker/health.h"

namespace storage_control {
class ControlClient;
}

namespace invoker_volumes {

struct StoragedOptions {
  std::filesystem::path socket;
  // 1 to 64 of [A-Za-z0-9-], new with each process: what one that has gone left open is undone.
  std::string client;
  // For so long it is waited for: at the start, and when it has gone.
  std::chrono::milliseconds patience{10'000};
  uid_t owner = invoker::kActionOwner;
};

// Threads: any method from any thread; one thread of its own looks for the daemon.
class StoragedVolumes final : public invoker::FileStager {
 public:
  // Returns at once, whether there is a daemon or not. `clock` outlives it.
  StoragedVolumes(StoragedOptions options, const base::Clock& clock);
  ~StoragedVolumes() override;

  // kUnsupported where no daemon has been met, as on a node that has none; kUnavailable where it
  // has gone. Neither before the patience is over.
  base::Status ready() const override;

  // Waits for the daemon as long as ready() has hope. A daemon that is killed while files are
  // staged or in use is not noticed, if the next one comes within the patience.
  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(
      const invoker::StageRequest& request) override;

  invoker::Health health() const;

 private:
  const StoragedOptions options_;
  const base::Clock& clock_;
  const std::unique_ptr<storage_control::ControlClient> client_;
  const std::unique_ptr<invoker::FileStager> stager_;
};

}  // namespace invoker_volumes
