// What this invoker gives to others, and what it does for them.
#include <utility>

#include "engine/engine.h"

namespace invoker {

namespace {

// OpenWhisk's own transactions: the activation that tests whether *this* invoker works is one.
bool is_internal(const ActivationMessage& message) {
  return message.transid.id.starts_with("sid_");
}

bool same_place(const JobDemand& one, const JobDemand& other) {
  return one.warm_key == other.warm_key && one.kind == other.kind &&
         one.may_use_stem_cell == other.may_use_stem_cell &&
         one.memory_bytes == other.memory_bytes && one.concurrency_max == other.concurrency_max;
}

}  // namespace

// --- What is given away.

// The delegate may call back before it returns.
bool Invoker::Engine::goes_elsewhere(const SharedJob& job) {
  if (outside_.delegate == nullptr || is_internal(job->message)) return false;
  const JobDemand demand = demand_of(*job);
  {
    const std::lock_guard lock(delegated_mutex_);
    delegated_.emplace(job->id, job);
  }
  Delegate::Verdict verdict = outside_.delegate->place(
      {job->id, job->message, *job->action, job->hints, demand, job->accepted});
  if (verdict.taken) return true;
  take_delegated(job->id);
  job->locality = std::move(verdict.locality);
  return false;
}

Invoker::Engine::SharedJob Invoker::Engine::take_delegated(JobId id) {
  const std::lock_guard lock(delegated_mutex_);
  auto node = delegated_.extract(id);
  return node.empty() ? nullptr : std::move(node.mapped());
}

void Invoker::Engine::run_here(JobId id, base::Json locality) {
  const SharedJob job = take_delegated(id);
  if (!job) return;
  job->locality = std::move(locality);
  enqueue(job);
}

void Invoker::Engine::place_again(JobId id) {
  const SharedJob job = take_delegated(id);
  if (job && !goes_elsewhere(job)) enqueue(job);
}

void Invoker::Engine::handed_over(JobId id) {
  const std::lock_guard lock(delegated_mutex_);
  const auto job = delegated_.find(id);
  if (job != delegated_.end()) job->second->message.place_given_back = true;
}

void Invoker::Engine::ended_elsewhere(JobId id) {
  if (take_delegated(id)) ++completed_;
}

void Invoker::Engine::lost_elsewhere(JobId id, const std::string& why) {
  const SharedJob job = take_delegated(id);
  if (job) complete_without_container(*job, Response::error(StatusCode::kWhiskError, why));
}

// --- What is done for others.

void Invoker::Engine::reserve_guest(GuestId id, JobDemand demand,
                                    std::function<void(bool)> reserved) {
  auto job = std::make_shared<Job>();
  job->id = JobId{next_job_++};
  job->accepted = outside_.clock.now();
  job->guest = std::make_shared<Guest>();
  job->guest->id = id;
  demand.id = job->id;
  demand.guest = true;
  job->guest->demand = std::move(demand);
  {
    const std::lock_guard lock(guests_mutex_);
    guests_.emplace(id, job);
  }
  pool_.post([this, job, reserved = std::move(reserved)](ContainerPool& pool, base::Instant now) {
    return admit_guest(job, reserved, pool, now);
  });
}

// The pool's refusal is the answer, and no end of an activation.
Commands Invoker::Engine::admit_guest(const SharedJob& job,
                                      const std::function<void(bool)>& reserved,
                                      ContainerPool& pool, base::Instant now) {
  if (job->guest->gone) return {};
  jobs_.emplace(job->id, job);
  Commands commands = pool.submit(job->guest->demand, now);
  const bool refused = std::erase_if(commands, [&](const Command& command) {
                         const auto* refuse = std::get_if<command::Refuse>(&command);
                         return refuse != nullptr && refuse->job == job->id;
                       }) > 0;
  if (refused) {
    jobs_.erase(job->id);
    find_guest(job->guest->id, true);
  }
  reserved(!refused);
  return commands;
}

Invoker::Engine::SharedJob Invoker::Engine::find_guest(GuestId id, bool take) {
  const std::lock_guard lock(guests_mutex_);
  const auto found = guests_.find(id);
  if (found == guests_.end()) return nullptr;
  SharedJob job = found->second;
  if (take) guests_.erase(found);
  return job;
}

void Invoker::Engine::begin_guest(GuestId id, ActivationMessage message, base::Json locality) {
  const SharedJob job = find_guest(id, false);
  if (!job) return;
  ++accepted_;
  job->message = std::move(message);
  job->locality = std::move(locality);
  if (auto action = outside_.actions.known(job->message.action_id(), job->message.revision)) {
    job->action = std::move(action);
    return prepare_guest(job);
  }
  fetchers_.run([this, job] {
    auto action = outside_.actions.fetch(job->message.action_id(), job->message.revision);
    if (!action) return trouble(*job, GuestTrouble::kCannotBegin);
    job->action = std::move(action).value();
    prepare_guest(job);
  });
}

// What is wrong with it its owner says, who meets the same.
void Invoker::Engine::prepare_guest(const SharedJob& job) {
  if (!same_place(demand_of(*job), job->guest->demand)) {
    return trouble(*job, GuestTrouble::kNotWhatWasSaid);
  }
  if (broken_limit_of(*job) || prepare(*job)) return trouble(*job, GuestTrouble::kCannotBegin);
  pool_.post([this, job](ContainerPool&, base::Instant) { return start_guest(job); });
}

void Invoker::Engine::trouble(const Job& job, GuestTrouble trouble) const {
  if (outside_.delegate != nullptr) outside_.delegate->guest_in_trouble(job.guest->id, trouble);
}

Commands Invoker::Engine::start_guest(const SharedJob& job) {
  Guest& guest = *job->guest;
  guest.may_begin = !guest.gone;
  Commands commands;
  if (guest.may_begin && guest.parked) commands.push_back(*std::exchange(guest.parked, {}));
  return commands;
}

bool Invoker::Engine::holds_back(const SharedJob& job, const Command& command) {
  if (!job->guest) return false;
  Guest& guest = *job->guest;
  if (guest.gone) {
    executor_.run([this, job, command] {
      pool_.post([this, job, command](ContainerPool& pool, base::Instant now) {
        return undo(job, command, pool, now);
      });
    });
    return true;
  }
  if (!guest.may_begin) {
    guest.parked = command;
    return true;
  }
  if (std::holds_alternative<command::Run>(command)) guest.begun = true;
  return false;
}

// As if a container could not be made, or the job had ended where it was to run.
Commands Invoker::Engine::undo(const SharedJob& job, const Command& command, ContainerPool& pool,
                               base::Instant now) {
  jobs_.erase(job->id);
  if (const auto* start = std::get_if<command::Start>(&command)) {
    return pool.start_failed(start->container, now);
  }
  const auto& run = std::get<command::Run>(command);
  return pool.job_ended(run.container, job->id, run.initialize ? JobEnd::kDestroy : JobEnd::kKeep,
                        now);
}

bool Invoker::Engine::take_out(const SharedJob& job, ContainerPool& pool, base::Instant now,
                               Commands& commands) {
  Guest& guest = *job->guest;
  if (guest.begun) return false;
  guest.gone = true;
  if (guest.parked) commands = undo(job, *std::exchange(guest.parked, {}), pool, now);
  return true;
}

void Invoker::Engine::take_out_guest(GuestId id, std::function<void(bool)> taken_out) {
  const SharedJob job = find_guest(id, false);
  if (!job) return taken_out(false);
  pool_.post([this, job, taken_out = std::move(taken_out)](ContainerPool& pool, base::Instant now) {
    Commands commands;
    taken_out(take_out(job, pool, now, commands));
    return commands;
  });
}

void Invoker::Engine::release_guest(GuestId id) {
  const SharedJob job = find_guest(id, true);
  if (!job) return;
  pool_.post([this, job](ContainerPool& pool, base::Instant now) {
    Commands commands;
    take_out(job, pool, now, commands);
    return commands;
  });
}

void Invoker::Engine::fail_guest(GuestId id, const std::string& why) {
  const SharedJob job = find_guest(id, false);
  if (!job) return;
  release_guest(id);
  const Response response = Response::error(StatusCode::kWhiskError, why);
  if (job->action) return complete_without_container(*job, response);
  complete_without_action(job->message, response);
}

}  // namespace invoker
