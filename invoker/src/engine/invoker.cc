#include "invoker/invoker.h"

#include <utility>

#include "engine/engine.h"

namespace invoker {

Invoker::Invoker(InvokerConfig config, const Outside& outside)
    : engine_(std::make_unique<Engine>(std::move(config), outside)) {}
Invoker::~Invoker() = default;
base::Status Invoker::submit(ActivationMessage message) {
  return engine_->submit(std::move(message));
}
void Invoker::forget(const std::string& action_id) { engine_->forget(action_id); }
InvokerStats Invoker::stats() const { return engine_->stats(); }
void Invoker::stop(base::Instant deadline) { engine_->stop(deadline); }

}  // namespace invoker
