#include "controller_sim/books.h"

#include <algorithm>
#include <utility>

namespace controller_sim {

using base::Json;
using enum BreachKind;

base::milliseconds forced_timeout(base::milliseconds action_timeout) {
  using std::chrono::minutes;
  return std::max<base::milliseconds>(action_timeout, minutes(1)) * 2 + minutes(1);
}

Books::Books(BooksConfig config, Balancer& balancer, Breaches& breaches)
    : config_(std::move(config)), balancer_(&balancer), breaches_(&breaches) {}

Json Books::content_of(const Call& call) const {
  Json content = content_for(config_.actions[call.action].behaviour, call.number);
  if (config_.mark.is_null()) return content;
  Json mark = config_.mark;
  mark.set("id", call.id);
  content.set("mark", std::move(mark));
  return content;
}

Expectation Books::expectation_of(const Call& call) const {
  return controller_sim::expectation_of(config_.actions[call.action].behaviour, content_of(call),
                                        config_.payload_max_bytes);
}

const ActionTerms& Books::terms_of(const Entry& entry) const {
  return config_.actions[entry.call.action];
}

const Entry* Books::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Entry* Books::find_mutable(const std::string& id) { return const_cast<Entry*>(find(id)); }

void Books::breach(BreachKind kind, const Entry& entry, const std::string& text) {
  breaches_->add(kind, entry.call.id, terms_of(entry).full_name() + ": " + text);
}

void Books::sent(Call call, int invoker, base::Instant now) {
  auto entry = std::make_unique<Entry>();
  entry->call = std::move(call);
  entry->invoker = invoker;
  entry->sent = now;
  const auto patience = config_.forced_after.value_or(forced_timeout(terms_of(*entry).timeout));
  forced_at_.emplace(now + patience, entry.get());
  by_id_.emplace(entry->call.id, entry.get());
  entries_.push_back(std::move(entry));
  ++open_;
}

void Books::delivered(const std::string& id, std::int64_t offset) {
  if (Entry* entry = find_mutable(id)) entry->offset = offset;
}

void Books::undelivered(const std::string& id) {
  Entry* entry = find_mutable(id);
  if (entry == nullptr || !entry->open()) return;
  entry->undelivered = true;
  balancer_->give_back(entry->invoker, terms_of(*entry).slot_need());
  close(*entry);
}

void Books::close(Entry& entry) {
  --open_;
  closed_.push_back(&entry);
}

void Books::health_test_sent(std::string id, Json transid) {
  health_ids_.insert(std::move(id));
  health_transid_ = std::move(transid);
}

void Books::ack(const Ack& ack, base::Instant now) {
  Entry* entry = find_mutable(ack.id);
  if (entry == nullptr) return unknown(ack, now);
  if (!(ack.transid == entry->call.transid)) {
    breach(kTransidChanged, *entry,
           "sent with " + entry->call.transid.to_string() + ", acknowledged with " +
               ack.transid.to_string());
  }
  check_shape(*entry, ack);
  check_late(*entry, now);
  if (ack.has_response) take_response(*entry, ack);
  if (ack.instance) take_completion(*entry, ack, now);
}

void Books::unknown(const Ack& ack, base::Instant now) {
  if (!health_ids_.contains(ack.id)) {
    breaches_->add(kUnknownId, ack.id, "acknowledged, and never sent");
    return;
  }
  if (!(ack.transid == health_transid_)) {
    breaches_->add(kTransidChanged, ack.id,
                   "the health test was sent with " + health_transid_.to_string() +
                       ", acknowledged with " + ack.transid.to_string());
    return;
  }
  if (!ack.instance) return;
  ++health_acked_;
  balancer_->outcome(ack.instance->id, ack.system_error ? Outcome::kSystemError : Outcome::kSuccess,
                     now);
}

void Books::check_late(Entry& entry, base::Instant now) {
  if (entry.first_ack) return;
  entry.first_ack = now;
  const auto took = std::chrono::duration_cast<base::milliseconds>(now - entry.sent);
  if (config_.ack_within && took > *config_.ack_within) {
    breach(kAckLate, entry, "first acknowledged after " + std::to_string(took.count()) + " ms");
  }
}

// A result for a caller who waits, and then, after the logs, the completion; without logs both at
// once. What could not be started at all (here: what was not a success) may always come at once.
void Books::check_shape(const Entry& entry, const Ack& ack) {
  if (!entry.call.blocking && ack.activation) {
    breach(kResultUnexpected, entry, "the activation is not blocking");
  } else if (!entry.call.blocking && ack.has_response && !ack.instance) {
    breach(kResultUnexpected, entry, "a result by itself, and the activation is not blocking");
  }
  if (!config_.strict_shapes || !entry.call.blocking) return;
  const bool split = terms_of(entry).logs_mb != 0;
  const bool combined = ack.has_response && ack.instance;
  if (split && combined && ack.activation && ack.activation->status == 0) {
    breach(kAckShapeWrong, entry, "result and completion came as one although logs are collected");
  } else if (!split && !combined) {
    breach(kAckShapeWrong, entry,
           "result and completion came apart although no logs are collected");
  }
}

void Books::take_response(Entry& entry, const Ack& ack) {
  if (std::exchange(entry.result_seen, true)) {
    breach(kSecondResult, entry, "its result came a second time");
    return;
  }
  if (!ack.activation) {
    if (entry.call.blocking) ++results_by_record_;
    return;
  }
  check_activation(entry, *ack.activation);
  entry.acked = ack.activation;
  entry.cold = entry.acked->annotation("initTime") != nullptr;
  entry.acked->result.reset();  // these were compared, and a long run need not keep them
  entry.acked->annotations = Json();
}

void Books::check_activation(const Entry& entry, const AckedActivation& activation) {
  const std::string wrong = difference(*this, entry, activation);
  if (!wrong.empty()) breach(kResultWrong, entry, wrong);
  if (!activation.logs.empty()) breach(kResultWrong, entry, "an acknowledgement carries logs");
}

void Books::check_system_error(const Entry& entry, const Ack& ack) {
  const int status = entry.acked ? entry.acked->status : expectation_of(entry.call).status;
  if (ack.system_error == (status == 3)) return;
  breach(kSystemErrorWrong, entry,
         std::string("isSystemError is ") + (ack.system_error ? "true" : "false") +
             " with status code " + std::to_string(status));
}

void Books::take_completion(Entry& entry, const Ack& ack, base::Instant now) {
  if (entry.completed) {
    breach(kSecondCompletion, entry, "completed a second time");
    return;
  }
  const bool was_open = entry.open();
  entry.completed = now;
  if (ack.instance->id != entry.invoker) {
    breach(kInstanceWrong, entry,
           "sent to invoker" + std::to_string(entry.invoker) + ", acknowledged as invoker" +
               std::to_string(ack.instance->id));
  }
  check_system_error(entry, ack);
  if (entry.call.blocking && !entry.result_seen) {
    breach(kCompletionBeforeResult, entry, "its completion came before its result");
  }
  if (entry.given_up) breach(kAckLate, entry, "completed after the controller had given it up");
  if (!was_open) return;
  balancer_->give_back(ack.instance->id, terms_of(entry).slot_need());
  balancer_->outcome(ack.instance->id, ack.system_error ? Outcome::kSystemError : Outcome::kSuccess,
                     now);
  close(entry);
}

void Books::tick(base::Instant now) {
  while (!forced_at_.empty() && forced_at_.begin()->first <= now) {
    Entry& entry = *forced_at_.begin()->second;
    forced_at_.erase(forced_at_.begin());
    if (!entry.open()) continue;
    entry.given_up = true;
    ++given_up_;
    balancer_->give_back(entry.invoker, terms_of(entry).slot_need());
    balancer_->outcome(entry.invoker, Outcome::kTimeout, now);
    breach(kAckMissing, entry, "no completion within the controller's forced timeout");
    close(entry);
  }
}

void Books::finish(base::Instant now) {
  tick(now);
  for (const auto& entry : entries_) {
    if (entry->open()) breach(kAckMissing, *entry, "no completion until the end");
  }
  check_slots();
}

void Books::check_slots() {
  if (open_ != 0) return;  // what is missing is named already
  for (int i = 0; i < balancer_->size(); ++i) {
    const MemorySlots& slots = balancer_->slots(i);
    if (slots.free_mb() == slots.total_mb()) continue;
    breaches_->add(kSlotLeak, {},
                   "invoker" + std::to_string(i) + " has " + std::to_string(slots.free_mb()) +
                       " MB of " + std::to_string(slots.total_mb()) +
                       " MB free, and nothing is running");
  }
}

}  // namespace controller_sim
