#include "wardens.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "plumbing.h"

namespace invoker_container {

base::Result<std::unique_ptr<Wardens>> Wardens::start(const SandboxConfig& config,
                                                      WardenSetup setup, int ids_fd) {
  std::unique_ptr<Wardens> wardens(new Wardens(config, std::move(setup), ids_fd));
  TRY(wardens->plain_, wardens->start_plain());
  return wardens;
}

base::Result<std::unique_ptr<WardenClient>> Wardens::start_plain() const {
  return WardenClient::start({{config_.sandbox_program}, {}}, setup_, {ids_fd_});
}

base::Result<StartedSandbox> Wardens::order(const Runtime& runtime, const StartOrder& order,
                                            const std::vector<int>& fds) {
  if (const auto stem = stem_for(runtime)) return stem->order(order, fds);
  TRY(const auto warden, plain());
  return warden->order(order, fds);
}

base::Result<std::shared_ptr<WardenClient>> Wardens::plain() {
  const std::lock_guard lock(mutex_);
  if (plain_->has_ended()) {
    auto started = start_plain();
    replaced_ = started.ok() ? base::Status() : base::Status(started.error());
    TRY(plain_, std::move(started));
  }
  return plain_;
}

base::Status Wardens::check() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || !plain_->has_ended()) return {};
  TRY_STATUS(replaced_);
  for (const std::string& program : {config_.sandbox_program, config_.proxy_program}) {
    if (access(program.c_str(), X_OK) < 0) {
      return base::error_from_errno(errno, "larder-sandbox has ended; looking for " + program);
    }
  }
  return {};
}

std::shared_ptr<WardenClient> Wardens::stem_for(const Runtime& runtime) {
  if (runtime.stem_command.empty() || access(config_.stem_library.c_str(), R_OK) < 0) return {};
  const std::lock_guard lock(mutex_);
  Stem& stem = stems_[runtime.kind];
  if (++stem.orders <= config_.stem_after || stem.failed) return {};
  if (stem.warden == nullptr || stem.warden->has_ended()) {
    WardenProgram program{{config_.sandbox_program, "stem", config_.stem_library},
                          sandbox_environment()};
    program.command.insert(program.command.end(), runtime.stem_command.begin(),
                           runtime.stem_command.end());
    auto started = WardenClient::start(program, setup_, {ids_fd_});
    stem.failed = !started.ok();
    stem.warden = started.ok() ? std::move(*started) : nullptr;
  }
  return stem.warden;
}

}  // namespace invoker_container
