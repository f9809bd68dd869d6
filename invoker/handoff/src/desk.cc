#include "desk.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/utf8.h"
#include "invoker/message_json.h"

namespace invoker_handoff {
namespace {

std::string name_of_invoker(int number) { return "invoker" + std::to_string(number); }

// Of names that Links has given.
int number_of(const std::string& name) { return std::stoi(name.substr(7)); }

microseconds between(base::Instant from, base::Instant to) {
  return std::chrono::duration_cast<microseconds>(to - from);
}

}  // namespace

Handoff::Desk::Desk(HandoffConfig config, HandoffOutside outside,
                    std::shared_ptr<const base_net::Identity> identity, base::UniqueFd listener,
                    std::uint16_t port)
    : config_(std::move(config)),
      outside_(std::move(outside)),
      log_(outside_.log),
      listener_(std::move(listener)),
      port_(port),
      instance_json_(invoker::to_json(config_.instance).to_string()),
      owner_(config_.owner),
      executor_(config_.executor),
      links_(loop_, config_, std::move(identity), log_, *this) {
  if (!config_.takes_guests) executor_.stop_taking();
  loop_.run();
}

Handoff::Desk::~Desk() { close(); }

// From here on guests may come.
void Handoff::Desk::use(invoker::Invoker& engine) {
  engine_ = &engine;
  loop_.post([this] { links_.listen(std::move(listener_)); });
}

void Handoff::Desk::set_peers(const std::vector<PeerAddress>& peers) {
  loop_.post([this, peers] { links_.set_peers(peers); });
}

void Handoff::Desk::peer_seen(int invoker, std::uint64_t incarnation) {
  loop_.post([this, life = Life{name_of_invoker(invoker), incarnation}] {
    owner_.peer_seen(life, now());
  });
}

// --- An activation of this invoker's ---

invoker::Delegate::Verdict Handoff::Desk::place(const invoker::Placeable& activation) {
  const base::Instant begun = now();
  Choice choice = outside_.placement.choose(activation, begun);
  const microseconds decision = between(begun, now());
  const auto here = [&]() -> invoker::Delegate::Verdict {
    if (!choice.note) return {};
    return {false, choice.note(config_.instance.id, decision, between(activation.accepted, now()))};
  };
  if (choice.where == Choice::Where::kHere || !moving_ || !activation.message.bytes ||
      activation.message.bytes->size() > kMessageBytesMax) {
    return here();
  }
  {
    const std::lock_guard lock(mutex_);
    const bool any =
        std::ranges::any_of(choice.peers, [&](int peer) { return up_.contains(peer); });
    if (choice.where == Choice::Where::kPeer && !any) return here();
    ++unsettled_;
  }
  const auto task = std::make_shared<Task>();
  task->job = activation.job;
  task->demand = activation.demand;
  task->message = activation.message.bytes;
  task->activation_id = activation.message.activation_id;
  task->action = activation.action.full_name();
  task->transaction = activation.message.transid.id;
  task->accepted = activation.accepted;
  task->give_up = activation.accepted - config_.give_up_early + std::chrono::minutes(1) +
                  2 * std::max(activation.action.limits.timeout, config_.time_limit_standard);
  task->decision = decision;
  task->choice = std::move(choice);
  task->place_given_back = activation.message.place_given_back;
  if (loop_.post([this, task] { begin(task); })) return {true, {}};
  settled();
  choice = std::move(task->choice);
  return here();
}

void Handoff::Desk::begin(const SharedTask& task) {
  if (task->choice.where == Choice::Where::kWait && moving_) return wait(task);
  offer_next(task);
}

void Handoff::Desk::wait(const SharedTask& task) {
  const auto number = ++last_waiting_;
  waiting_.emplace(number, task);
  loop_.at(task->choice.again_at, [this, number] {
    const auto node = waiting_.extract(number);
    if (!node.empty()) offer_next(node.mapped());
  });
}

void Handoff::Desk::offer_next(const SharedTask& task) {
  while (moving_ && task->next < task->choice.peers.size() && task->tries < config_.tries_max) {
    const int peer = task->choice.peers[task->next++];
    const std::string name = name_of_invoker(peer);
    if (!owner_.takes_offers(name, now())) continue;
    ++task->tries;
    task->peer = peer;
    task->offered = now();
    const Ticket ticket = ++last_ticket_;
    tasks_.emplace(ticket, task);
    return obey(owner_.offer(ticket, name, task->give_up, task->offered));
  }
  nobody_took(task);
}

// Who waits decides again, until there is nothing more to wait for.
void Handoff::Desk::nobody_took(const SharedTask& task) {
  if (task->choice.where != Choice::Where::kWait || !moving_) return run_here(task);
  engine_->place_again(task->job);
  settled();
}

void Handoff::Desk::run_here(const SharedTask& task) {
  base::Json note;
  if (task->choice.note) {
    note = task->choice.note(config_.instance.id, task->decision, between(task->accepted, now()));
  }
  engine_->run_here(task->job, std::move(note));
  settled();
}

void Handoff::Desk::settled() {
  const std::lock_guard lock(mutex_);
  if (--unsettled_ == 0) settled_.notify_all();
}

Handoff::Desk::SharedTask Handoff::Desk::take_task(Ticket ticket) {
  return std::move(tasks_.extract(ticket).mapped());
}

void Handoff::Desk::act(const to_do::SendOffer& command) {
  links_.send(number_of(command.peer), Offer{command.ticket, tasks_.at(command.ticket)->demand});
}

void Handoff::Desk::act(const to_do::SendCommit& command) {
  commit(tasks_.at(command.ticket), command.ticket, command.start_within);
}

void Handoff::Desk::commit(const SharedTask& task, Ticket ticket, milliseconds start_within) {
  const base::Instant at = now();
  outside_.placement.accepted(task->peer, task->demand, between(task->offered, at));
  Commit commit{.ticket = ticket,
                .start_within = start_within,
                .owner = instance_json_,
                .locality = {},
                .message = *task->message};
  if (task->choice.note) {
    commit.locality =
        task->choice.note(task->peer, task->decision, between(task->accepted, at)).to_string();
  }
  links_.send(task->peer, commit);
  log_.for_transaction(task->transaction)
      .info("Handoff", "activation " + task->activation_id + " of " + task->action + " goes to " +
                           name_of_invoker(task->peer) + " after " +
                           std::to_string(between(task->accepted, at).count()) + " us");
  engine_->handed_over(task->job);
  if (std::exchange(task->place_given_back, true)) return;
  errands_.run([this] { outside_.processed(); });
}

void Handoff::Desk::act(const to_do::SendWithdraw& command) {
  links_.send(number_of(command.peer), Withdraw{command.ticket});
}

void Handoff::Desk::act(const to_do::SendAsk& command) {
  links_.send(number_of(command.peer), Ask{command.ticket, command.take_back});
}

void Handoff::Desk::act(const to_do::Returned& command) {
  const SharedTask task = take_task(command.ticket);
  outside_.placement.refused(task->peer);
  if (command.why == Return::kNotStarted) {
    log_.for_transaction(task->transaction)
        .warn("Handoff", "activation " + task->activation_id + " of " + task->action +
                             " was not begun by " + name_of_invoker(task->peer) +
                             " and comes back");
  }
  offer_next(task);
}

void Handoff::Desk::act(const to_do::Finished& command) {
  engine_->ended_elsewhere(take_task(command.ticket)->job);
  settled();
}

void Handoff::Desk::act(const to_do::Lost& command) {
  const SharedTask task = take_task(command.ticket);
  log_.for_transaction(task->transaction)
      .error("Handoff", "activation " + task->activation_id + " of " + task->action +
                            " is lost at " + command.peer + ": " + command.why);
  engine_->lost_elsewhere(task->job, "The invoker that had taken the activation was lost.");
  settled();
}

// --- A guest ---

void Handoff::Desk::act(const to_do::Reserve& command) {
  Guest& guest = guests_.at(command.guest);
  auto demand = *std::exchange(guest.demand, std::nullopt);
  engine_->reserve_guest(command.guest, std::move(demand), [this, id = command.guest](bool ok) {
    loop_.post([this, id, ok] {
      obey(executor_.reserved(id, ok ? std::nullopt : std::optional(Refusal::kNoRoom), now()));
      if (!ok) guests_.erase(id);
    });
  });
}

void Handoff::Desk::act(const to_do::Release& command) {
  guests_.erase(command.guest);
  engine_->release_guest(command.guest);
}

void Handoff::Desk::act(const to_do::Begin& command) {
  Guest& guest = guests_.at(command.guest);
  if (!guest.message) {
    return obey(executor_.not_begun(command.guest, Refusal::kCannotBegin, now()));
  }
  const invoker::ActivationMessage& message = *guest.message;
  log_.for_transaction(message.transid.id)
      .info("Handoff", "activation " + message.activation_id + " of " + message.action_id() +
                           " is run for " + message.owner->source);
  engine_->begin_guest(command.guest, std::move(*guest.message), std::move(guest.locality));
  guest.message.reset();
}

void Handoff::Desk::act(const to_do::TakeOut& command) {
  engine_->take_out_guest(command.guest, [this, id = command.guest](bool out) {
    loop_.post([this, id, out] { obey(executor_.taken_out(id, out, now())); });
  });
}

void Handoff::Desk::act(const to_do::Fail& command) {
  guests_.erase(command.guest);
  engine_->fail_guest(command.guest,
                      "The activation could not be begun by the invoker that had taken it.");
}

void Handoff::Desk::act(const to_do::SendAnswer& command) {
  links_.send(number_of(command.peer),
              Answer{command.ticket, !command.refusal, command.refusal.value_or(Refusal::kNoRoom)});
}

void Handoff::Desk::act(const to_do::SendNotStarted& command) {
  links_.send(number_of(command.peer), NotStarted{command.ticket, command.reason});
}

void Handoff::Desk::act(const to_do::SendUnderway& command) {
  links_.send(number_of(command.peer), Underway{command.ticket});
}

void Handoff::Desk::act(const to_do::SendDone& command) {
  links_.send(number_of(command.peer), Done{command.ticket});
}

void Handoff::Desk::guest_in_trouble(GuestId guest, invoker::GuestTrouble trouble) {
  const Refusal reason = trouble == invoker::GuestTrouble::kCannotBegin ? Refusal::kCannotBegin
                                                                        : Refusal::kNotWhatWasSaid;
  loop_.post([this, guest, reason] { obey(executor_.not_begun(guest, reason, now())); });
}

void Handoff::Desk::guest_ended(GuestId guest) {
  loop_.post([this, guest] {
    guests_.erase(guest);
    obey(executor_.ended(guest, now()));
  });
}

// --- What comes in ---

void Handoff::Desk::peer_up(int peer, std::uint64_t incarnation) {
  {
    const std::lock_guard lock(mutex_);
    up_.insert(peer);
  }
  const Life life{name_of_invoker(peer), incarnation};
  obey(owner_.peer_up(life, now()));
  obey(executor_.peer_up(life, now()));
}

void Handoff::Desk::peer_down(int peer) {
  {
    const std::lock_guard lock(mutex_);
    up_.erase(peer);
  }
  obey(owner_.peer_down(name_of_invoker(peer), now()));
  obey(executor_.peer_down(name_of_invoker(peer), now()));
}

void Handoff::Desk::heard(int peer, Message message) {
  std::visit([&](auto& known) { hear(peer, known); }, message);
}

void Handoff::Desk::hear(int peer, Offer& offer) {
  const std::string name = name_of_invoker(peer);
  const ExecutorCommands commands = executor_.offered(name, offer.ticket, now());
  if (const auto id = executor_.guest_of(name, offer.ticket); id && !guests_.contains(*id)) {
    Guest& guest = guests_[*id];
    guest.ticket = offer.ticket;
    guest.owner = peer;
    guest.demand = std::move(offer.demand);
  }
  obey(commands);
}

void Handoff::Desk::hear(int peer, const Answer& answer) {
  obey(owner_.answered(name_of_invoker(peer), answer.ticket,
                       answer.accepted ? std::nullopt : std::optional(answer.reason), now()));
}

void Handoff::Desk::hear(int peer, const Withdraw& withdraw) {
  obey(executor_.withdrawn(name_of_invoker(peer), withdraw.ticket, now()));
}

void Handoff::Desk::hear(int peer, Commit& commit) {
  const std::string name = name_of_invoker(peer);
  std::string activation_id;
  const auto id = executor_.guest_of(name, commit.ticket);
  const auto guest = id ? guests_.find(*id) : guests_.end();
  if (guest != guests_.end() && !guest->second.message && read(commit, peer, *id, guest->second)) {
    activation_id = guest->second.message->activation_id;
  }
  obey(executor_.committed(name, commit.ticket, activation_id, commit.start_within, now()));
}

// An owner speaks for itself alone.
bool Handoff::Desk::read(const Commit& commit, int peer, GuestId id, Guest& guest) const {
  auto message =
      invoker::parse_activation_message(base::to_utf8(commit.message), outside_.clock.wall());
  auto owner = base::Json::parse(commit.owner);
  const base::Json* number = owner.ok() && owner->is_object() ? owner->find("instance") : nullptr;
  if (!message.ok() || number == nullptr || number->as_int64() != peer) {
    log_.warn("Handoff", name_of_invoker(peer) + " commits what cannot be read");
    return false;
  }
  message->owner = std::make_shared<const invoker::ActivationOwner>(
      invoker::ActivationOwner{name_of_invoker(peer), std::move(*owner), id});
  auto locality = base::Json::parse(commit.locality);
  if (locality.ok() && locality->is_object()) guest.locality = std::move(*locality);
  guest.message = std::move(*message);
  return true;
}

void Handoff::Desk::hear(int peer, const Ask& ask) {
  obey(executor_.asked(name_of_invoker(peer), ask.ticket, ask.take_back, now()));
}

void Handoff::Desk::hear(int peer, const NotStarted& not_started) {
  obey(owner_.not_started(name_of_invoker(peer), not_started.ticket, not_started.reason, now()));
}

void Handoff::Desk::hear(int peer, const Underway& underway) {
  obey(owner_.underway(name_of_invoker(peer), underway.ticket, now()));
}

void Handoff::Desk::hear(int peer, const Done& done) {
  obey(owner_.done(name_of_invoker(peer), done.ticket, now()));
}

void Handoff::Desk::obey(const OwnerCommands& commands) {
  for (const OwnerCommand& command : commands) {
    std::visit([this](const auto& known) { act(known); }, command);
  }
  keep_time();
}

void Handoff::Desk::obey(const ExecutorCommands& commands) {
  for (const ExecutorCommand& command : commands) {
    std::visit([this](const auto& known) { act(known); }, command);
  }
  keep_time();
}

// One timer for whatever is due next.
void Handoff::Desk::keep_time() {
  std::optional<base::Instant> due = owner_.next_deadline();
  if (const auto other = executor_.next_deadline(); other && (!due || *other < *due)) due = other;
  if (timer_ && due && timer_->first <= *due) return;  // it strikes early enough
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (!due) return;
  timer_ = loop_.at(*due, [this] {
    timer_.reset();
    obey(owner_.tick(now()));
    obey(executor_.tick(now()));
  });
}

// --- The end ---

void Handoff::Desk::stop_moving() {
  moving_ = false;
  loop_.post([this] {
    executor_.stop_taking();
    for (auto& [number, task] : std::exchange(waiting_, {})) run_here(task);
  });
}

bool Handoff::Desk::wait_until_settled(base::Instant deadline) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, deadline - outside_.clock.now(),
                           [this] { return unsettled_ == 0; });
}

void Handoff::Desk::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  loop_.stop([this] { links_.stop(); });
  errands_.end();
}

// What the loop's thread answers; nothing where it ends meanwhile.
template <typename Answer>
Answer Handoff::Desk::ask_loop(std::function<Answer()> answer) const {
  auto told = std::make_shared<std::promise<Answer>>();
  std::future<Answer> future = told->get_future();
  const bool posted = loop_.post([told, &answer] { told->set_value(answer()); });
  told.reset();
  if (!posted) return answer();  // it has ended: nobody else is there
  try {
    return future.get();
  } catch (const std::future_error&) {
    return {};
  }
}

HandoffStats Handoff::Desk::stats() const {
  return ask_loop<HandoffStats>([this] {
    const std::lock_guard lock(mutex_);
    return HandoffStats{.owner = owner_.stats(),
                        .executor = executor_.stats(),
                        .peers_up = up_.size(),
                        .links_broken = links_.broken(),
                        .links_refused = links_.refused()};
  });
}

std::vector<PeerState> Handoff::Desk::peers() const {
  return ask_loop<std::vector<PeerState>>([this] {
    auto all = links_.peers();
    for (PeerState& peer : all) {
      peer.takes_offers = owner_.takes_offers(name_of_invoker(peer.invoker), now());
    }
    return all;
  });
}

}  // namespace invoker_handoff
