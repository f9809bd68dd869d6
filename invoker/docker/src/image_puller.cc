#include "image_puller.h"

#include <utility>

#include "image_name.h"

namespace invoker_docker {
namespace {

base::Status pull_one(const EngineApi& api, const std::string& full_name,
                      const std::atomic<bool>& cancelled) {
  TRY(invoker::ImageName image, parse_image_name(full_name));
  const std::string tag = image.tag.empty() ? "latest" : image.tag;
  image.tag.clear();
  return api.pull(image.text(), tag, &cancelled);
}

}  // namespace

base::Status ImagePuller::pull(const std::string& full_name) {
  std::promise<base::Status> promise;
  {
    std::unique_lock lock(mutex_);
    if (const auto at = under_way_.find(full_name); at != under_way_.end()) {
      const std::shared_future<base::Status> result = at->second;
      lock.unlock();
      return result.get();
    }
    under_way_.emplace(full_name, promise.get_future().share());
  }
  base::Status status = pull_one(api_, full_name, cancelled_);
  promise.set_value(status);
  const std::lock_guard lock(mutex_);
  under_way_.erase(full_name);
  return status;
}

}  // namespace invoker_docker
