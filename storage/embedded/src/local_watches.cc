#include "local_watches.h"

#include <utility>

#include "storage/request_bound.h"

namespace storage_embedded {

struct LocalWatches::Watcher {
  storage::ObjectId object;
  std::function<void(std::string_view)> heard;
  std::mutex calling;  // held while a handler runs; guards ended
  bool ended = false;
};

class LocalWatches::Handle final : public storage::Watch {
 public:
  explicit Handle(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~Handle() override {
    const std::lock_guard lock(watcher_->calling);
    watcher_->ended = true;
  }

 private:
  std::shared_ptr<Watcher> watcher_;
};

std::unique_ptr<storage::Watch> LocalWatches::add(const storage::ObjectId& object,
                                                  std::function<void(std::string_view)> heard) {
  auto watcher = std::make_shared<Watcher>();
  watcher->object = object;
  watcher->heard = std::move(heard);
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [](const auto& watched) { return watched.expired(); });
  watchers_.push_back(watcher);
  return std::make_unique<Handle>(std::move(watcher));
}

void LocalWatches::notify(const storage::ObjectId& object, std::string bytes) {
  std::vector<std::shared_ptr<Watcher>> told;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : watchers_) {
      auto watcher = weak.lock();
      if (watcher != nullptr && watcher->object == object) told.push_back(std::move(watcher));
    }
  }
  if (told.empty()) return;
  teller_.put([told = std::move(told), bytes = std::move(bytes)](std::size_t) {
    const storage::AnswerScope answering;
    for (const auto& watcher : told) {
      const std::lock_guard lock(watcher->calling);
      if (!watcher->ended) watcher->heard(bytes);
    }
  });
}

}  // namespace storage_embedded
