#include "testing/memory_object_store.h"

#include <algorithm>

#include "storage/object_rules.h"
#include "storage/request_bound.h"

namespace testing_support {

using base::Result;
using storage::ObjectId;
using storage::ObjectStat;
using storage::ObjectVersion;
using storage::ObjectWrite;
using storage::OmapPage;

// Its lock is held while a handler runs, so that none runs once the watch is gone.
struct MemoryObjectStore::Watcher {
  ObjectId object;
  std::function<void(std::string_view)> heard;
  std::function<void()> lost;
  std::mutex calling;  // guards ended
  bool ended = false;
};

class MemoryObjectStore::MemoryWatch final : public storage::Watch {
 public:
  explicit MemoryWatch(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~MemoryWatch() override {
    const std::lock_guard lock(watcher_->calling);
    watcher_->ended = true;
  }

 private:
  std::shared_ptr<Watcher> watcher_;
};

MemoryObjectStore::MemoryObjectStore(Answers answers) : answers_(answers) {
  if (answers == Answers::kOnThread) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run_thread(stop); });
  }
}

MemoryObjectStore::~MemoryObjectStore() = default;

void MemoryObjectStore::fail_next(base::Error error) {
  const std::lock_guard lock(mutex_);
  next_fault_ = Fault{std::move(error), false};
}

void MemoryObjectStore::lose_next_answer(base::Error error) {
  const std::lock_guard lock(mutex_);
  next_fault_ = Fault{std::move(error), true};
}

void MemoryObjectStore::set_faults(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}

std::optional<MemoryObjectStore::Fault> MemoryObjectStore::take_fault(const Request& request) {
  if (next_fault_) return std::exchange(next_fault_, std::nullopt);
  return plan_ ? plan_(request) : std::nullopt;
}

std::size_t MemoryObjectStore::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::vector<MemoryObjectStore::Request> MemoryObjectStore::waiting_requests() const {
  const std::lock_guard lock(mutex_);
  std::vector<Request> requests;
  for (const Waiting& waiting : waiting_) {
    requests.push_back({waiting.request.kind, waiting.request.object, nullptr});
  }
  return requests;
}

std::size_t MemoryObjectStore::count(Kind kind) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

std::function<void()> MemoryObjectStore::carry_out(const Waiting& waiting) {
  ++counts_[waiting.request.kind];
  return waiting.run(take_fault(waiting.request));
}

std::size_t MemoryObjectStore::pump(std::size_t most) {
  std::size_t answered = 0;
  while (answered < most && answer(0)) ++answered;
  return answered;
}

bool MemoryObjectStore::answer(std::size_t index) {
  std::function<void()> tell_caller;
  {
    const std::lock_guard lock(mutex_);
    if (index >= waiting_.size()) return false;
    const auto position = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
    Waiting waiting = std::move(*position);
    waiting_.erase(position);
    tell_caller = carry_out(waiting);
  }
  const storage::AnswerScope answering;
  tell_caller();
  return true;
}

void MemoryObjectStore::abandon(std::size_t index, bool done) {
  const std::lock_guard lock(mutex_);
  CHECK(index < waiting_.size());
  const auto position = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
  if (done) (void)position->run(std::nullopt);
  waiting_.erase(position);
}

void MemoryObjectStore::run_thread(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
    lock.unlock();
    answer(0);
  }
}

void MemoryObjectStore::enqueue(Waiting waiting) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiting));
    arrived_.notify_one();
  }
  // Inside an answer the pump that called it goes on with this one: no answer nests in another.
  if (answers_ == Answers::kAtOnce && !storage::AnswerScope::active()) pump();
}

template <typename T>
void MemoryObjectStore::ask(Request request, Done<T> done, std::function<Result<T>()> carry_out) {
  auto run = [done = std::move(done), carry_out = std::move(carry_out)](
                 const std::optional<Fault>& fault) -> std::function<void()> {
    if (fault && !fault->done_though) return [done, error = fault->error] { done(error); };
    Result<T> result = carry_out();
    if (fault) return [done, error = fault->error] { done(error); };
    return [done, result = std::move(result)]() mutable { done(std::move(result)); };
  };
  enqueue({std::move(request), std::move(run)});
}

void MemoryObjectStore::write(const ObjectId& object, ObjectWrite change,
                              Done<ObjectVersion> done) {
  auto kept = std::make_shared<ObjectWrite>(std::move(change));
  ask<ObjectVersion>({Kind::kWrite, object, kept.get()}, std::move(done),
                     [this, object, kept] { return apply(object, *kept); });
}

Result<const MemoryObjectStore::Object*> MemoryObjectStore::find(const ObjectId& object) const {
  const auto found = objects_.find(object);
  if (found == objects_.end()) return object_missing(object);
  return &found->second;
}

void MemoryObjectStore::read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
                             Done<std::string> done) {
  ask<std::string>({Kind::kRead, object}, std::move(done), [=, this]() -> Result<std::string> {
    TRY_STATUS(check_object(object));
    TRY(const Object* found, find(object));
    if (offset >= found->data.size()) return std::string();
    return found->data.substr(offset, length);
  });
}

void MemoryObjectStore::omap_get(const ObjectId& object, std::vector<std::string> keys,
                                 Done<OmapPage> done) {
  ask<OmapPage>({Kind::kOmapGet, object}, std::move(done),
                [this, object, keys = std::move(keys)]() -> Result<OmapPage> {
                  TRY_STATUS(check_omap_keys(object, keys));
                  TRY(const Object* found, find(object));
                  OmapPage page{.entries = {}, .more = false, .version = found->version};
                  for (const auto& key : keys) {
                    const auto entry = found->omap.find(key);
                    if (entry != found->omap.end()) page.entries.insert(*entry);
                  }
                  return page;
                });
}

void MemoryObjectStore::omap_list(const ObjectId& object, const std::string& after,
                                  const std::string& prefix, std::size_t most,
                                  Done<OmapPage> done) {
  ask<OmapPage>({Kind::kOmapList, object}, std::move(done), [=, this]() -> Result<OmapPage> {
    TRY_STATUS(check_omap_list(object, most));
    TRY(const Object* found, find(object));
    OmapPage page{.entries = {}, .more = false, .version = found->version};
    auto entry = prefix > after ? found->omap.lower_bound(prefix) : found->omap.upper_bound(after);
    for (; entry != found->omap.end() && entry->first.starts_with(prefix); ++entry) {
      page.more = page.entries.size() == most;
      if (page.more) break;
      page.entries.insert(*entry);
    }
    return page;
  });
}

void MemoryObjectStore::stat(const ObjectId& object, Done<ObjectStat> done) {
  ask<ObjectStat>({Kind::kStat, object}, std::move(done), [this, object]() -> Result<ObjectStat> {
    TRY_STATUS(check_object(object));
    TRY(const Object* found, find(object));
    return ObjectStat{.bytes = found->data.size(), .version = found->version};
  });
}

Result<std::vector<std::string>> MemoryObjectStore::list(storage::Pool pool,
                                                         const std::string& space,
                                                         std::string& cursor, std::size_t most) {
  const std::lock_guard lock(mutex_);
  ++counts_[Kind::kList];
  if (auto fault = take_fault({Kind::kList, {pool, space, ""}, nullptr})) return fault->error;
  std::vector<std::string> names;
  auto next = objects_.upper_bound({pool, space, cursor});
  const auto in_space = [&] {
    return next != objects_.end() && next->first.pool == pool && next->first.space == space;
  };
  for (; names.size() < most && in_space(); ++next) names.push_back(next->first.name);
  cursor = in_space() && !names.empty() ? names.back() : "";
  return names;
}

Result<ObjectVersion> MemoryObjectStore::apply(const ObjectId& object, ObjectWrite& change) {
  TRY_STATUS(check_write(object, change));
  const auto found = objects_.find(object);
  const Object* present = found == objects_.end() ? nullptr : &found->second;
  if (present != nullptr && change.absent) return object_exists(object);
  if (present == nullptr && (change.present || change.version)) return object_missing(object);
  if (change.version && *change.version != present->version) return object_changed(object);
  for (const auto& [key, value] : change.omap_equals) {
    const bool there = present != nullptr && present->omap.contains(key);
    if ((there ? present->omap.at(key) : "") != value) return object_changed(object);
  }
  if (change.remove) {
    if (present == nullptr) return object_missing(object);
    objects_.erase(found);
    return ObjectVersion{0};
  }
  if (present != nullptr && !storage::has_steps(change)) return present->version;
  if (change.source) {
    change.data.emplace(change.source->count, '\0');
    TRY_STATUS(change.source->read(std::span(change.data->data(), change.data->size())));
  }
  Object& changed = objects_[object];
  if (change.data) changed.data = std::move(*change.data);
  for (const auto& key : change.omap_remove) changed.omap.erase(key);
  for (auto& [key, value] : change.omap_set) changed.omap.insert_or_assign(key, std::move(value));
  changed.version = ++last_version_;
  return changed.version;
}

Result<std::unique_ptr<storage::Watch>> MemoryObjectStore::watch(
    const ObjectId& object, std::function<void(std::string_view)> heard,
    std::function<void()> lost) {
  TRY_STATUS(check_object(object));
  const std::lock_guard lock(mutex_);
  if (!objects_.contains(object)) return object_missing(object);
  auto watcher = std::make_shared<Watcher>();
  watcher->object = object;
  watcher->heard = std::move(heard);
  watcher->lost = std::move(lost);
  std::erase_if(watchers_, [](const auto& watched) { return watched.expired(); });
  watchers_.push_back(watcher);
  return std::unique_ptr<storage::Watch>(std::make_unique<MemoryWatch>(std::move(watcher)));
}

std::function<void()> MemoryObjectStore::tell(const ObjectId& object, const std::string& bytes) {
  return [watchers = watchers_, object, bytes] {
    for (const auto& weak : watchers) {
      const auto watcher = weak.lock();
      if (watcher == nullptr || watcher->object != object) continue;
      const std::lock_guard lock(watcher->calling);
      if (!watcher->ended) watcher->heard(bytes);
    }
  };
}

void MemoryObjectStore::notify(const ObjectId& object, std::string bytes) {
  auto run = [this, object, bytes = std::move(bytes)](
                 const std::optional<Fault>& fault) -> std::function<void()> {
    if (fault && !fault->done_though) return [] {};
    return tell(object, bytes);
  };
  enqueue({{Kind::kNotify, object}, std::move(run)});
}

void MemoryObjectStore::lose_notifications() {
  std::vector<std::weak_ptr<Watcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [](const Waiting& w) { return w.request.kind == Kind::kNotify; });
    watchers = watchers_;
  }
  const storage::AnswerScope answering;
  for (const auto& weak : watchers) {
    const auto watcher = weak.lock();
    if (watcher == nullptr) continue;
    const std::lock_guard lock(watcher->calling);
    if (!watcher->ended) watcher->lost();
  }
}

}  // namespace testing_support
