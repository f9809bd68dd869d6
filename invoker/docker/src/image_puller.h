// Pulling an image once, however many containers wait for it.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "engine_api.h"

namespace invoker_docker {

// Threads: any.
class ImagePuller {
 public:
  // `cancelled` ends pulls, as the api's calls.
  ImagePuller(const EngineApi& api, const std::atomic<bool>& cancelled)
      : api_(api), cancelled_(cancelled) {}

  // Waits for the pull of that image that is under way, or makes one. `full_name`: with registry
  // and tag.
  base::Status pull(const std::string& full_name);

 private:
  const EngineApi& api_;
  const std::atomic<bool>& cancelled_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::shared_future<base::Status>> under_way_;
};

}  // namespace invoker_docker
