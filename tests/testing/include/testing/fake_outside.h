// The rest of an invoker's world in memory: actions, files and the place where outcomes go.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "invoker/invoker.h"

namespace testing_support {

// Threads: any.
class FakeActions final : public invoker::ActionSource {
 public:
  void put(invoker::Action action) {
    const std::lock_guard lock(mutex_);
    const std::string id = action.full_name();
    actions_[id] = std::make_shared<const invoker::Action>(std::move(action));
  }
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  base::Result<std::shared_ptr<const invoker::Action>> fetch(
      const std::string& id, const std::optional<std::string>&) override {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return !holding_ || cancelled_; });
    if (cancelled_) return base::Error{base::ErrorCode::kUnavailable, "cancelled"};
    if (error_) return *std::exchange(error_, std::nullopt);
    const auto at = actions_.find(id);
    if (at == actions_.end()) return base::Error{base::ErrorCode::kNotFound, "no action " + id};
    return at->second;
  }
  // Everything is, unless a failure is to come.
  std::shared_ptr<const invoker::Action> known(const std::string& id,
                                               const std::optional<std::string>&) override {
    const std::lock_guard lock(mutex_);
    const auto at = actions_.find(id);
    return holding_ || error_ || at == actions_.end() ? nullptr : at->second;
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    released_.notify_all();
  }

  // From now on nothing is known, and fetch() waits for release().
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    holding_ = false;
    released_.notify_all();
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable released_;
  bool holding_ = false;
  bool cancelled_ = false;
  std::map<std::string, std::shared_ptr<const invoker::Action>> actions_;
  std::optional<base::Error> error_;
};

// Keeps every outcome. Threads: any.
class FakeSink final : public invoker::ActivationSink {
 public:
  void result_ready(const invoker::ActivationMessage& message,
                    const invoker::Activation&) override {
    const std::lock_guard lock(mutex_);
    results_.push_back(message.activation_id);
  }
  void completed(const invoker::ActivationMessage&, invoker::Activation activation,
                 invoker::Progress progress) override {
    const std::lock_guard lock(mutex_);
    progress_.push_back(progress);
    completed_.push_back(std::move(activation));
    changed_.notify_all();
  }
  // Waits until `count` activations have completed and gives them back in order of completion.
  std::vector<invoker::Activation> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return completed_.size() >= count; });
    return completed_;
  }
  // How far each of them had come.
  std::vector<invoker::Progress> progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
  }
  std::vector<std::string> results() const {
    const std::lock_guard lock(mutex_);
    return results_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::string> results_;
  std::vector<invoker::Activation> completed_;
  std::vector<invoker::Progress> progress_;
};

// Volumes that are only a name: one mount each, without a tree. Threads: any.
class FakeStager final : public invoker::FileStager {
 public:
  base::Result<std::unique_ptr<invoker::StagedFiles>> stage(
      const invoker::StageRequest& request) override {
    const std::lock_guard lock(mutex_);
    if (stage_error_) return *std::exchange(stage_error_, std::nullopt);
    std::vector<std::string> targets;
    for (const auto& volume : request.volumes) targets.push_back(volume.path);
    return std::unique_ptr<invoker::StagedFiles>(std::make_unique<Staged>(*this, targets));
  }
  base::Status ready() const override {
    const std::lock_guard lock(mutex_);
    if (not_ready_) return *not_ready_;
    return {};
  }
  void be_ready_no_more(base::Error error) {
    const std::lock_guard lock(mutex_);
    not_ready_ = std::move(error);
  }
  void fail_next_stage(base::Error error) {
    const std::lock_guard lock(mutex_);
    stage_error_ = std::move(error);
  }
  void fail_next_finish(base::Error error) {
    const std::lock_guard lock(mutex_);
    finish_error_ = std::move(error);
  }
  // "finish true", "finish false" or "dropped", in order.
  std::vector<std::string> diary() const {
    const std::lock_guard lock(mutex_);
    return diary_;
  }

 private:
  class Staged final : public invoker::StagedFiles {
   public:
    Staged(FakeStager& owner, std::vector<std::string> targets)
        : owner_(owner), targets_(std::move(targets)) {}
    ~Staged() override {
      if (!finished_) owner_.note("dropped");
    }
    std::vector<invoker::Mount> take_mounts() override {
      std::vector<invoker::Mount> mounts;
      for (const auto& target : targets_) mounts.push_back({target, base::UniqueFd(), false});
      return mounts;
    }
    base::Result<base::Json> finish(bool succeeded) override {
      finished_ = true;
      owner_.note(succeeded ? "finish true" : "finish false");
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.finish_error_) return *std::exchange(owner_.finish_error_, std::nullopt);
      base::Json report = base::Json::array();
      for (const auto& target : targets_) {
        report.append(base::Json::object({{"path", base::Json(target)}}));
      }
      return report;
    }

   private:
    FakeStager& owner_;
    std::vector<std::string> targets_;
    bool finished_ = false;
  };

  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    diary_.push_back(std::move(what));
  }

  mutable std::mutex mutex_;  // guards what follows
  std::optional<base::Error> stage_error_, finish_error_, not_ready_;
  std::vector<std::string> diary_;
};

}  // namespace testing_support
