#include "ceph_watch.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "rados_error.h"
#include "storage/object_rules.h"
#include "storage/request_bound.h"

namespace storage_ceph {
namespace {

// A watch that RADOS has not confirmed for so long may have been dropped there
// (osd_client_watch_timeout).
constexpr int kUnconfirmedMsMax = 25'000;
constexpr std::chrono::seconds kTendEvery{2};

}  // namespace

// librados keeps a pointer to it until it was taken down and watch_flush() came back.
class WatchKeeper::Watched final : public librados::WatchCtx2 {
 public:
  Watched(WatchKeeper& keeper, librados::IoCtx io, std::string name,
          std::function<void(std::string_view)> heard, std::function<void()> lost)
      : keeper_(keeper),
        io_(std::move(io)),
        name_(std::move(name)),
        heard_(std::move(heard)),
        lost_(std::move(lost)) {}

  int set_up() {
    broken_ = false;
    const int result = io_.watch2(name_, &cookie_, this);
    if (result < 0) broken_ = true;
    up_ = result == 0;
    return result;
  }
  void take_down() {
    if (up_) io_.unwatch2(cookie_);  // what it answers changes nothing
    up_ = false;
  }
  // Sets up again what has fallen down; says so where that worked.
  void tend() {
    if (!broken_) {
      const int confirmed_ms_ago = io_.watch_check(cookie_);
      if (confirmed_ms_ago >= 0 && confirmed_ms_ago <= kUnconfirmedMsMax) return;
    }
    take_down();
    if (set_up() < 0) return;
    const std::lock_guard lock(calling_);
    const storage::AnswerScope answering;
    if (!ended_) lost_();
  }
  void end() {
    const std::lock_guard lock(calling_);
    ended_ = true;
  }
  bool ended() const { return ended_; }

  void handle_notify(std::uint64_t notify_id, std::uint64_t cookie, std::uint64_t /*notifier*/,
                     librados::bufferlist& bytes) override {
    librados::bufferlist nothing;
    io_.notify_ack(name_, notify_id, cookie, nothing);  // does not wait
    const std::string text = bytes.to_str();
    const std::lock_guard lock(calling_);
    const storage::AnswerScope answering;
    if (!ended_) heard_(text);
  }
  void handle_error(std::uint64_t /*cookie*/, int /*error*/) override {
    broken_ = true;
    keeper_.poke();
  }

 private:
  WatchKeeper& keeper_;
  librados::IoCtx io_;
  const std::string name_;
  const std::function<void(std::string_view)> heard_;
  const std::function<void()> lost_;
  std::uint64_t cookie_ = 0;  // this and up_: the keeper's thread alone, after the first set_up()
  bool up_ = false;
  std::atomic<bool> broken_ = false;
  std::mutex calling_;  // held while a handler runs
  std::atomic<bool> ended_ = false;
};

class WatchKeeper::Handle final : public storage::Watch {
 public:
  Handle(WatchKeeper& keeper, std::shared_ptr<Watched> watched)
      : keeper_(keeper), watched_(std::move(watched)) {}
  ~Handle() override {
    watched_->end();
    keeper_.poke();
  }

 private:
  WatchKeeper& keeper_;
  std::shared_ptr<Watched> watched_;
};

WatchKeeper::WatchKeeper(librados::Rados& cluster)
    : cluster_(cluster), thread_([this](const std::stop_token& stop) { run(stop); }) {}

WatchKeeper::~WatchKeeper() {
  thread_.request_stop();
  thread_.join();
  take_down(watches_);
}

base::Result<std::unique_ptr<storage::Watch>> WatchKeeper::watch(
    librados::IoCtx io, const storage::ObjectId& object,
    std::function<void(std::string_view)> heard, std::function<void()> lost) {
  auto watched = std::make_shared<Watched>(*this, std::move(io), object.name, std::move(heard),
                                           std::move(lost));
  if (const int result = watched->set_up(); result < 0) {
    return error_from_rados(result, "watching " + to_string(object));
  }
  const std::lock_guard lock(mutex_);
  watches_.push_back(watched);
  return std::unique_ptr<storage::Watch>(std::make_unique<Handle>(*this, std::move(watched)));
}

void WatchKeeper::poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  wake_.notify_one();
}

void WatchKeeper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, kTendEvery, [this] { return poked_; });
    poked_ = false;
    auto alive = watches_;
    lock.unlock();
    const auto ended = std::ranges::partition(alive, [](const auto& w) { return !w->ended(); });
    take_down({ended.begin(), ended.end()});
    alive.erase(ended.begin(), ended.end());
    tend(alive);
  }
}

void WatchKeeper::tend(const std::vector<std::shared_ptr<Watched>>& watches) {
  for (const auto& watched : watches) watched->tend();
}

void WatchKeeper::take_down(const std::vector<std::shared_ptr<Watched>>& ended) {
  if (ended.empty()) return;
  for (const auto& watched : ended) watched->take_down();
  cluster_.watch_flush();
  const std::lock_guard lock(mutex_);
  std::erase_if(watches_, [&](const auto& w) { return std::ranges::count(ended, w) > 0; });
}

}  // namespace storage_ceph
