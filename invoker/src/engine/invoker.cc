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
void Invoker::run_here(JobId job, base::Json locality) {
  engine_->run_here(job, std::move(locality));
}
void Invoker::place_again(JobId job) { engine_->place_again(job); }
void Invoker::handed_over(JobId job) { engine_->handed_over(job); }
void Invoker::ended_elsewhere(JobId job) { engine_->ended_elsewhere(job); }
void Invoker::lost_elsewhere(JobId job, const std::string& why) {
  engine_->lost_elsewhere(job, why);
}
void Invoker::reserve_guest(GuestId guest, JobDemand demand, std::function<void(bool)> reserved) {
  engine_->reserve_guest(guest, std::move(demand), std::move(reserved));
}
void Invoker::begin_guest(GuestId guest, ActivationMessage message, base::Json locality) {
  engine_->begin_guest(guest, std::move(message), std::move(locality));
}
void Invoker::take_out_guest(GuestId guest, std::function<void(bool)> taken_out) {
  engine_->take_out_guest(guest, std::move(taken_out));
}
void Invoker::release_guest(GuestId guest) { engine_->release_guest(guest); }
void Invoker::fail_guest(GuestId guest, const std::string& why) { engine_->fail_guest(guest, why); }
InvokerStats Invoker::stats() const { return engine_->stats(); }
void Invoker::stop(base::Instant deadline) { engine_->stop(deadline); }

}  // namespace invoker
