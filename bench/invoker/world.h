// A real invoker over real sandboxes and volumes, with actions that exist only in memory.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/log.h"
#include "invoker/invoker.h"
#include "invoker_container/sandbox_factory.h"
#include "storage/volume_store.h"

namespace bench {

inline constexpr std::int64_t kMiB = 1 << 20;

// Answers completions by calling whoever sent the message.
class Sink final : public invoker::ActivationSink {
 public:
  struct Ends {
    std::function<void(const invoker::Activation&, base::Instant)> result;  // may be empty
    std::function<void(const invoker::Activation&)> completed;
  };
  void expect(const std::string& activation_id, Ends ends);

  void result_ready(const invoker::ActivationMessage& message,
                    const invoker::Activation& activation) override;
  void completed(const invoker::ActivationMessage& message, invoker::Activation activation,
                 invoker::Progress progress) override;

 private:
  std::mutex mutex_;  // guards ends_
  std::map<std::string, Ends> ends_;
};

class Actions final : public invoker::ActionSource {
 public:
  void put(invoker::Action action);
  base::Result<std::shared_ptr<const invoker::Action>> fetch(
      const std::string& id, const std::optional<std::string>& revision) override;
  std::shared_ptr<const invoker::Action> known(const std::string& id,
                                               const std::optional<std::string>&) override {
    const auto at = actions_.find(id);
    return at == actions_.end() ? nullptr : at->second;
  }

 private:
  std::map<std::string, std::shared_ptr<const invoker::Action>> actions_;  // before the first fetch
};

// Everything an invoker needs. `CHECK`s where this machine cannot run it.
class World {
 public:
  World();
  ~World();

  std::unique_ptr<invoker::Invoker> invoker(invoker::PoolConfig pool);
  std::unique_ptr<invoker::Container> container(const std::string& kind);

  const base::SystemClock clock;
  Actions actions;
  Sink sink;
  storage::VolumeStore& volumes() { return *volumes_; }
  uid_t files_uid() const { return static_cast<uid_t>(containers_->uid()); }

 private:
  base::DiscardSink discard_;
  base::Logger log_{discard_, clock};
  std::string scratch_;
  std::unique_ptr<invoker_container::SandboxFactory> containers_;
  std::unique_ptr<storage::VolumeStore> volumes_;
  std::unique_ptr<invoker::FileStager> stager_;
};

// The no-op action of `kind` under this name: native, python or node.
invoker::Action noop(const std::string& kind, const std::string& name);
// The body of its /init.
std::string init_body(const invoker::Action& action);

invoker::ActivationMessage message_for(const std::string& action_name);

// Runs one activation to its end and gives its record.
invoker::Activation run_once(World& world, invoker::Invoker& invoker, const std::string& name);
// The number of ms in the record's annotation `timing`; 0 where it is missing.
double timing_ms(const invoker::Activation& activation, const char* phase);

}  // namespace bench
