#include "trash_worker.h"

namespace storage {
namespace {

constexpr std::size_t kQueueMax = 256;
constexpr std::size_t kUnforgottenMax = 4096;

// Each time costs a commit, and until then removed files count against their namespace.
constexpr base::milliseconds kFreeInterval{100};

}  // namespace

TrashWorker::TrashWorker(TierStore& store)
    : store_(store), thread_([this](const std::stop_token& stop) { work(stop); }) {}

TrashWorker::~TrashWorker() { drain(); }

void TrashWorker::discard(std::string scratch_name, std::uint64_t subvolume) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < kQueueMax) {
      queue_.push_back({std::move(scratch_name), subvolume});
      changed_.notify_all();
      return;
    }
  }
  // Whoever fills the queue faster than it empties does the work. The quota group is left to the
  // kernel, or to nobody before Linux 6.12: some bytes.
  static_cast<void>(store_.remove_scratch(scratch_name).ok());
}

void TrashWorker::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

// False when there will be none. Has the kernel free what was removed, when that is due.
bool TrashWorker::wait_for_item(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto queued = [this] { return !queue_.empty(); };
  const bool soon = unfreed_ && changed_.wait_until(lock, stop, free_next_at_, queued);
  const auto now = std::chrono::steady_clock::now();
  if (unfreed_ && (!soon || now >= free_next_at_) && !stop.stop_requested()) {
    unfreed_ = false;
    free_next_at_ = now + kFreeInterval;
    lock.unlock();
    store_.begin_to_free();
    lock.lock();
  }
  return changed_.wait(lock, stop, queued);
}

void TrashWorker::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wait_for_item(lock, stop)) {
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    remove(item);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void TrashWorker::remove(const Item& item) {
  // What fails here is tried again when the store opens next.
  if (!store_.remove_scratch(item.scratch_name).ok()) return;
  unfreed_ = true;
  unforgotten_.push_back(item.subvolume);
  if (unforgotten_.size() > kUnforgottenMax) unforgotten_.pop_front();
  forget_quota_groups();
}

void TrashWorker::forget_quota_groups() {
  while (!unforgotten_.empty()) {
    const auto forgotten = store_.forget_quota_group(unforgotten_.front());
    const bool gone = forgotten.ok() || forgotten.error().code == base::ErrorCode::kNotFound;
    if (!gone) return;  // the kernel still frees this one, and so all that came after it
    unforgotten_.pop_front();
  }
}

}  // namespace storage
