// Pulling an image once, however many containers wait for it.
#pragma once

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
  explicit ImagePuller(const EngineApi& api) : api_(api) {}

  // Waits for the pull of that image that is under way, or makes one. `full_name`: with registry
  // and tag.
  base::Status pull(const std::string& full_name);

 private:
  const EngineApi& api_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::shared_future<base::Status>> under_way_;
};

}  // namespace invoker_docker
