// Containers that exist only in memory: they answer what the test says, and keep a diary.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "invoker/container.h"

namespace testing_support {

// What all containers of one FakeContainerFactory share. Threads: any.
class FakeWorld {
 public:
  using Answer =
      std::function<invoker::CallOutcome(const std::string& path, const std::string& body)>;

  // The next call of `path` is answered by `answer`; without one, /init answers {"ok":true} and
  // /run answers {}.
  void answer_next(const std::string& path, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[path].push_back(std::move(answer));
  }
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    create_errors_.push_back(std::move(error));
  }
  void answer_logs_next(invoker::CollectedLogs logs) {
    const std::lock_guard lock(mutex_);
    logs_.push_back(std::move(logs));
  }
  void answer_detach_next(invoker::DetachOutcome outcome) {
    const std::lock_guard lock(mutex_);
    detaches_.push_back(outcome);
  }
  void set_memory_exhausted(bool exhausted) { memory_exhausted_ = exhausted; }
  // Called by every kill() that ends something. To be set before there are containers.
  void on_kill(std::function<void()> what) { on_kill_ = std::move(what); }
  // From now on create() waits until creations are cancelled.
  void hold_creations() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }

  static invoker::CallOutcome ok(std::string body) {
    invoker::CallOutcome outcome;
    outcome.status = 200;
    outcome.content_length = static_cast<std::int64_t>(body.size());
    outcome.body = std::move(body);
    return outcome;
  }
  static invoker::CallOutcome broken(invoker::CallError error) {
    invoker::CallOutcome outcome;
    outcome.error = error;
    return outcome;
  }

  // "create wsk0_1_guest_hello", "post /init", "attach /mnt/x", "destroy", in order.
  std::vector<std::string> diary() const {
    const std::lock_guard lock(mutex_);
    return diary_;
  }
  // The body of the last call of `path`.
  std::string last_body(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto at = bodies_.find(path);
    return at == bodies_.end() ? "" : at->second;
  }
  int alive() const { return alive_; }
  // Every container that is there ends by itself.
  inline void end_all();

 private:
  friend class FakeContainer;
  friend class FakeContainerFactory;

  template <typename T>
  static std::optional<T> take(std::deque<T>& from) {
    if (from.empty()) return std::nullopt;
    T first = std::move(from.front());
    from.pop_front();
    return first;
  }
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    diary_.push_back(std::move(what));
  }

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::deque<Answer>> answers_;
  std::map<std::string, std::string> bodies_;
  std::deque<base::Error> create_errors_;
  std::deque<invoker::CollectedLogs> logs_;
  std::deque<invoker::DetachOutcome> detaches_;
  std::vector<std::string> diary_;
  std::atomic<bool> memory_exhausted_ = false;
  std::atomic<int> alive_ = 0;
  std::set<class FakeContainer*> containers_;
  std::function<void()> on_kill_;
  std::condition_variable changed_;
  bool holding_ = false;
  bool cancelled_ = false;
};

class FakeContainer final : public invoker::Container {
 public:
  FakeContainer(FakeWorld& world, std::string id) : world_(world), id_(std::move(id)) {
    const std::lock_guard lock(world_.mutex_);
    world_.containers_.insert(this);
    ++world_.alive_;
  }
  ~FakeContainer() override {
    destroy();
    const std::lock_guard lock(world_.mutex_);
    world_.containers_.erase(this);
  }

  const std::string& id() const override { return id_; }

  invoker::CallOutcome post(const std::string& path, const std::string& body, base::Instant,
                            const invoker::ResponseBounds&, bool) override {
    if (destroyed_ || killed_) return FakeWorld::broken(invoker::CallError::kConnectionRefused);
    std::optional<FakeWorld::Answer> answer;
    {
      const std::lock_guard lock(world_.mutex_);
      world_.diary_.push_back("post " + path);
      world_.bodies_[path] = body;
      answer = FakeWorld::take(world_.answers_[path]);
    }
    if (answer) return (*answer)(path, body);
    return FakeWorld::ok(path == "/init" ? R"({"ok":true})" : "{}");
  }

  base::Status pause() override {
    world_.note("pause");
    return {};
  }
  base::Status resume() override {
    world_.note("resume");
    return {};
  }
  base::Status attach(invoker::Mount mount) override {
    world_.note("attach " + mount.target);
    const std::lock_guard lock(world_.mutex_);
    if (attached_[mount.target]) {
      return base::Error{base::ErrorCode::kAlreadyExists, mount.target + " is taken"};
    }
    attached_[mount.target] = true;
    return {};
  }
  base::Result<invoker::DetachOutcome> detach(const std::string& target) override {
    world_.note("detach " + target);
    const std::lock_guard lock(world_.mutex_);
    if (!std::exchange(attached_[target], false)) {
      return base::Error{base::ErrorCode::kNotFound, "nothing is attached at " + target};
    }
    return FakeWorld::take(world_.detaches_).value_or(invoker::DetachOutcome::kClean);
  }
  invoker::CollectedLogs logs(const invoker::LogRequest&) override {
    const std::lock_guard lock(world_.mutex_);
    return FakeWorld::take(world_.logs_).value_or(invoker::CollectedLogs{});
  }
  bool memory_exhausted() override { return world_.memory_exhausted_; }
  int end_descriptor() const override { return end_.get(); }
  // Ends by itself.
  void end() {
    killed_ = true;
    eventfd_write(end_.get(), 1);
  }
  void kill() override {
    if (!killed_.exchange(true)) {
      world_.note("kill");
      if (world_.on_kill_) world_.on_kill_();
    }
    eventfd_write(end_.get(), 1);
  }
  void destroy() override {
    if (destroyed_.exchange(true)) return;
    --world_.alive_;
    world_.note("destroy");
  }

 private:
  FakeWorld& world_;
  const std::string id_;
  const base::UniqueFd end_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> destroyed_ = false;
  std::atomic<bool> killed_ = false;
  std::map<std::string, bool> attached_;  // guarded by the world's mutex
};

inline void FakeWorld::end_all() {
  const std::lock_guard lock(mutex_);
  for (FakeContainer* container : containers_) container->end();
}

class FakeContainerFactory final : public invoker::ContainerFactory {
 public:
  explicit FakeContainerFactory(FakeWorld& world) : world_(world) {}

  base::Result<std::unique_ptr<invoker::Container>> create(
      const invoker::ContainerSpec& spec) override {
    {
      std::unique_lock lock(world_.mutex_);
      world_.diary_.push_back("create " + spec.name);
      world_.changed_.wait(lock, [this] { return !world_.holding_ || world_.cancelled_; });
      if (world_.cancelled_) return base::Error{base::ErrorCode::kUnavailable, "cancelled"};
      if (auto error = FakeWorld::take(world_.create_errors_)) return *error;
    }
    return std::unique_ptr<invoker::Container>(std::make_unique<FakeContainer>(world_, spec.name));
  }
  void cancel_creations() override {
    {
      const std::lock_guard lock(world_.mutex_);
      world_.cancelled_ = true;
    }
    world_.changed_.notify_all();
  }
  base::Status remove_leftovers() override { return {}; }
  invoker::Health health() const override { return {}; }

 private:
  FakeWorld& world_;
};

}  // namespace testing_support
