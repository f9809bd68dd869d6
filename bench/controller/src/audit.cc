#include "controller_sim/audit.h"

#include <algorithm>

namespace controller_sim {
namespace {

using base::Json;
using enum BreachKind;

std::string event_difference(const BooksConfig& config, const ActionTerms& terms,
                             const Entry& entry, const Expectation& wanted, const Event& event) {
  const std::string source = "invoker" + std::to_string(entry.invoker);
  if (event.source != source) return "source is " + event.source + ", not " + source;
  if (event.namespace_name != config.namespace_name) return "namespace is " + event.namespace_name;
  if (event.name != terms.full_name()) return "name is " + event.name;
  const bool resolved = terms.kind.ends_with(":default");  // by the invoker, to what it has
  if (!resolved && event.kind != terms.kind) return "kind is " + event.kind;
  if (!wanted.allows(event.status)) return "statusCode is " + std::to_string(event.status);
  if (event.memory_mb != terms.memory_mb) return "memory is " + std::to_string(event.memory_mb);
  return {};
}

std::string wrong_member(const Json& document, std::string_view key, std::string_view wanted) {
  const Json* came = document.find(key);
  if (came != nullptr && came->is_string() && came->as_string() == wanted) return {};
  return std::string(key) + " is not \"" + std::string(wanted) + "\"";
}

// Acknowledged and stored are one activation.
std::string unlike_acked(const AckedActivation& acked, const AckedActivation& record) {
  if (acked.status != record.status) return "status code is not the acknowledged one";
  const bool same_times = acked.start_ms == record.start_ms && acked.end_ms == record.end_ms &&
                          acked.duration_ms == record.duration_ms;
  return same_times ? "" : "start, end or duration are not the acknowledged ones";
}

std::string wrong_logs(const ActionTerms& terms, const Expectation& wanted,
                       const AckedActivation& record) {
  const auto lines = std::ssize(record.logs);
  if (terms.logs_mb == 0) return lines == 0 ? "" : "logs are there although their limit is 0";
  constexpr std::int64_t kBytesOfALine = 200;  // in a container's log, generously
  const bool fits =
      wanted.log_lines && *wanted.log_lines * kBytesOfALine < std::int64_t{terms.logs_mb} << 20;
  if (!fits || lines == *wanted.log_lines) return {};
  return "holds " + std::to_string(lines) + " lines of log, not " +
         std::to_string(*wanted.log_lines);
}

}  // namespace

void Audit::event(const Event& event) {
  if (!config_.events || event.type != "Activation") return;
  const Entry* entry = books_->find(event.activation_id);
  if (entry == nullptr) return;
  if (!events_.insert(event.activation_id).second) {
    breaches_->add(kSecondEvent, event.activation_id, "a second user event");
    return;
  }
  const ActionTerms& terms = books_->config().actions[entry->call.action];
  const std::string wrong =
      event_difference(books_->config(), terms, *entry, books_->expectation_of(entry->call), event);
  if (!wrong.empty()) breaches_->add(kEventWrong, event.activation_id, wrong);
}

void Audit::record(const std::string& id, const Json& document) {
  const Entry* entry = books_->find(id);
  if (entry == nullptr || !records_.insert(id).second) return;
  if (!config_.records_wanted) {
    breaches_->add(kRecordUnwanted, id, "stored although storeActivations is false");
    return;
  }
  const auto record = read_activation(document);
  if (!record) {
    breaches_->add(kRecordWrong, id, record.error().message);
    return;
  }
  const BooksConfig& config = books_->config();
  const ActionTerms& terms = config.actions[entry->call.action];
  for (const std::string& wrong :
       {difference(*books_, *entry, *record), wrong_member(document, "activationId", id),
        wrong_member(document, "entityType", "activation"),
        wrong_logs(terms, books_->expectation_of(entry->call), *record),
        entry->acked ? unlike_acked(*entry->acked, *record) : std::string()}) {
    if (!wrong.empty()) return breaches_->add(kRecordWrong, id, wrong);
  }
}

std::vector<std::string> Audit::records_to_look_for() const {
  std::vector<std::string> ids;
  if (!config_.records) return ids;
  for (std::size_t i = 0; i < books_->entries().size(); i += config_.every) {
    const Entry& entry = *books_->entries()[i];
    if (entry.completed && !records_.contains(entry.call.id)) ids.push_back(entry.call.id);
  }
  return ids;
}

bool Audit::events_complete() const {
  return !config_.events || std::ranges::all_of(books_->entries(), [this](const auto& entry) {
    return !entry->completed || events_.contains(entry->call.id);
  });
}

void Audit::finish() {
  if (config_.records_wanted) {
    for (const std::string& id : records_to_look_for()) {
      breaches_->add(kRecordMissing, id, "completed, and no record in the database");
    }
  }
  if (!config_.events) return;
  for (const auto& entry : books_->entries()) {
    if (!entry->completed || events_.contains(entry->call.id)) continue;
    breaches_->add(kEventMissing, entry->call.id, "completed, and no user event");
  }
}

}  // namespace controller_sim
