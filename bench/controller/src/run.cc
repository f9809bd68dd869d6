#include "controller_sim/run.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "controller_sim/action_document.h"
#include "controller_sim/marks.h"
#include "controller_sim/store.h"
#include "load.h"

namespace controller_sim {
namespace {

using base::Json;
using base::milliseconds;
using Millis = std::chrono::duration<double, std::milli>;

constexpr milliseconds kPumpWait{20};

// What a run has beside the controller.
class Run {
 public:
  Run(const Options& options, Kafka& kafka, Breaches& breaches, Signals& signals, const Say& say)
      : options_(options),
        breaches_(breaches),
        say_(say),
        store_(options.set_up.store),
        controller_(options_, kafka, breaches, signals, say) {}

  base::Result<RunReport> operator()();

 private:
  base::Status set_up();
  base::Status store_health_action();
  base::Status store_actions();
  base::Status store_action(ActionTerms& terms, std::vector<std::string>& revisions);
  base::Status listen_for_marks();
  void remove_actions();
  bool wait_until_healthy();
  void choose_memory();
  std::vector<ActionTerms> terms() const;
  Json mark_target() const;
  std::string phase_name(std::size_t actions) const;
  void run_phases();
  bool all_consumed();
  void wait_until_consumed();
  void wait_for_stragglers();
  void look_for_records();
  void read_records();
  void judge();

  Options options_;
  Breaches& breaches_;
  const Say& say_;
  base::SystemClock clock_;
  Store store_;
  Controller controller_;
  std::unique_ptr<MarkListener> listener_;
  std::vector<std::string> stored_;  // documents to remove
  RunReport report_;
};

base::Result<RunReport> Run::operator()() {
  report_.seed = options_.load.seed;
  report_.conditions = {.records_stored = options_.checks.audit.records_wanted,
                        .records_read = options_.checks.audit.records,
                        .logs_mb = options_.actions.logs_mb,
                        .blocking_percent = options_.load.blocking_percent,
                        .kind = options_.actions.kind};
  base::Status done = set_up();
  if (done && wait_until_healthy()) {
    for (const double trip : controller_.measure_floor(30)) report_.floor.add(trip);
    choose_memory();
    done = store_actions();
    if (done) run_phases();
  }
  if (!options_.set_up.keep_actions) remove_actions();
  if (!done) return std::move(done).error();
  return report_;
}

base::Status Run::set_up() {
  if (options_.set_up.create_databases) TRY_STATUS(store_.create_databases());
  TRY_STATUS(listen_for_marks());
  TRY_STATUS(store_health_action());
  return controller_.start();
}

base::Status Run::store_health_action() {
  const std::string& kind = options_.set_up.health_kind;
  TRY(const std::string code, health_code_for(kind));
  const Json document =
      health_document(options_.set_up.controller, kind, code, options_.actions.memory_min_mb,
                      base::epoch_ms(clock_.wall()));
  TRY([[maybe_unused]] const std::string revision, store_.put_action(document, {}));
  stored_.push_back(document.find("_id")->as_string());
  return {};
}

base::Status Run::listen_for_marks() {
  const std::string& place = options_.checks.marks_listen;
  if (place.empty()) return {};
  const std::size_t colon = place.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos) {
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), port);
  }
  TRY(listener_, MarkListener::listen(place.substr(0, colon), port));
  say_("counts marks at " + place.substr(0, colon) + ":" + std::to_string(listener_->port()));
  return {};
}

Json Run::mark_target() const {
  const CheckOptions& checks = options_.checks;
  if (listener_) {
    return Json::object({{"host", checks.marks_listen.substr(0, checks.marks_listen.rfind(':'))},
                         {"port", static_cast<std::int64_t>(listener_->port())}});
  }
  if (checks.marks_path.empty()) return {};
  return Json::object({{"file", checks.marks_path}});
}

bool Run::wait_until_healthy() {
  const base::Instant start = clock_.now();
  const int wanted = options_.set_up.invokers;
  say_("waiting for " + std::to_string(wanted) + " healthy invoker(s)");
  while (controller_.balancer().healthy() < wanted && !controller_.stopped()) {
    if (clock_.now() - start > options_.set_up.healthy_within) {
      breaches_.add(BreachKind::kNeverHealthy, {},
                    std::to_string(controller_.balancer().healthy()) + " of " +
                        std::to_string(wanted) + " invokers are healthy after " +
                        std::to_string(options_.set_up.healthy_within.count()) + " ms");
      return false;
    }
    controller_.pump(kPumpWait);
  }
  report_.healthy_after_ms = Millis(clock_.now() - start).count();
  say_("healthy after " + std::to_string(static_cast<long>(*report_.healthy_after_ms)) + " ms");
  return !controller_.stopped();
}

void Run::choose_memory() {
  ActionOptions& actions = options_.actions;
  const auto memory = controller_.user_memory_mb();
  if (actions.fit <= 0 || !memory) return;
  const double count = static_cast<double>(actions.behaviours.size()) * actions.copies;
  const auto fitting =
      static_cast<std::int64_t>(static_cast<double>(*memory) / count / actions.fit);
  actions.memory_mb = std::max(fitting, actions.memory_min_mb);
  if (actions.memory_mb > fitting) {
    say_("the actions would have to be of " + std::to_string(fitting) +
         " MB each; they are of the least, " + std::to_string(actions.memory_mb) + " MB");
  }
}

std::vector<ActionTerms> Run::terms() const {
  const ActionOptions& actions = options_.actions;
  std::vector<ActionTerms> all;
  for (int copy = 0; copy < actions.copies; ++copy) {
    for (std::size_t i = 0; i < actions.behaviours.size(); ++i) {
      ActionTerms each;
      each.path = options_.set_up.caller.namespace_name;
      each.behaviour = actions.behaviours[i];
      each.name = "larder-sim-" + each.behaviour.text + "-" +
                  std::to_string(static_cast<std::size_t>(copy) * actions.behaviours.size() + i);
      std::ranges::replace(each.name, ':', '-');
      each.kind = actions.kind;
      each.memory_mb = actions.memory_mb;
      each.concurrency = actions.concurrency;
      each.logs_mb = actions.logs_mb;
      each.timeout = actions.timeout;
      if (each.behaviour.deed == Deed::kHang) each.timeout = milliseconds(each.behaviour.amount);
      all.push_back(std::move(each));
    }
  }
  return all;
}

base::Status Run::store_action(ActionTerms& terms, std::vector<std::string>& revisions) {
  TRY(std::string code, code_for(terms.behaviour, terms.kind));
  if (code.size() < options_.actions.code_bytes) {
    // A comment in both languages, whose first bytes a line of its own makes harmless.
    const bool python = terms.kind.starts_with("python");
    code += python ? "\n# " : "\n// ";
    code.append(options_.actions.code_bytes - code.size(), '.');
  }
  const ActionDocument document =
      action_document(terms, code, options_.actions.annotations, base::epoch_ms(clock_.wall()),
                      controller_.random());
  TRY(std::string revision, store_.put_action(document.document, document.attachment));
  revisions.push_back(std::move(revision));
  stored_.push_back(document.document.find("_id")->as_string());
  return {};
}

base::Status Run::store_actions() {
  BooksConfig config;
  config.namespace_name = options_.set_up.caller.namespace_name;
  config.subject = options_.set_up.caller.subject;
  config.actions = terms();
  config.payload_max_bytes = options_.checks.payload_max_bytes;
  config.forced_after = options_.checks.forced_after;
  config.ack_within = options_.checks.ack_within;
  config.strict_shapes = options_.checks.strict;
  config.mark = mark_target();
  std::vector<std::string> revisions;
  for (ActionTerms& each : config.actions) {
    TRY_STATUS(store_action(each, revisions));
    controller_.pump(milliseconds(0));
  }
  controller_.know(std::move(config), std::move(revisions));
  return {};
}

void Run::remove_actions() {
  for (const std::string& id : stored_) {
    const auto gone = store_.delete_action(id);
    if (!gone) say_("left in the database: " + id + ": " + gone.error().message);
  }
}

std::string Run::phase_name(std::size_t actions) const {
  std::string name = std::to_string(actions) + (actions == 1 ? " action" : " actions");
  const auto memory = controller_.user_memory_mb();
  const auto needed =
      static_cast<double>(actions) * static_cast<double>(options_.actions.memory_mb);
  if (actions > 1 && memory && needed > static_cast<double>(*memory)) {
    const double share = static_cast<double>(*memory) / needed;
    name += ", " + std::to_string(static_cast<int>(share * 100)) + "% of the memory";
  }
  return name;
}

void Run::run_phases() {
  Load load(options_.load, controller_, say_);
  const std::size_t all = controller_.books().config().actions.size();
  std::vector<std::size_t> sizes{all};
  if (options_.load.compare && all > 1) sizes.insert(sizes.begin(), 1);
  for (const std::size_t actions : sizes) {
    if (controller_.stopped()) break;
    PhaseFigures figures = load.run(actions);
    figures.name = phase_name(actions);
    figures.memory_mb = options_.actions.memory_mb;
    report_.phases.push_back(std::move(figures));
  }
  wait_for_stragglers();
  look_for_records();
  judge();
}

// Every message that the broker has was taken, and committed, by its invoker.
bool Run::all_consumed() {
  const std::map<int, std::int64_t> committed = controller_.committed();
  return std::ranges::all_of(controller_.books().entries(), [&](const auto& entry) {
    const auto offset = committed.find(entry->invoker);
    return !entry->offset || (offset != committed.end() && *entry->offset < offset->second);
  });
}

// An invoker that is started again gets nothing until the broker has given up the one that died:
// for as long as a session lasts, 30 s by OpenWhisk's configuration.
void Run::wait_until_consumed() {
  constexpr std::chrono::seconds kSessions{90};
  const base::Instant end = clock_.now() + kSessions;
  while (!all_consumed() && clock_.now() < end && !controller_.stopped()) {
    const base::Instant again = clock_.now() + milliseconds(500);
    while (clock_.now() < again) controller_.pump(kPumpWait);
  }
}

// What may still come: second acknowledgements, events; with killed invokers also activations that
// wait in the topic longer than the controller does.
void Run::wait_for_stragglers() {
  constexpr milliseconds kQuiet{300};
  const base::Instant last = clock_.now() + options_.checks.grace;
  while (controller_.books().open() > 0 && clock_.now() < last) controller_.pump(kPumpWait);
  if (options_.checks.at_most_once) wait_until_consumed();
  const milliseconds quiet = options_.checks.at_most_once ? options_.checks.grace : kQuiet;
  const base::Instant start = clock_.now();
  while (clock_.now() - std::max(controller_.last_message(), start) < quiet) {
    controller_.pump(kPumpWait);
  }
  const base::Instant end = clock_.now() + options_.checks.grace;
  while (!controller_.audit().events_complete() && clock_.now() < end) controller_.pump(kPumpWait);
}

void Run::look_for_records() {
  const base::Instant end = clock_.now() + options_.checks.grace;
  // Where none may be, one look after a moment is all that can be done.
  if (!options_.checks.audit.records_wanted) return read_records();
  for (bool first = true; first || clock_.now() < end; first = false) {
    read_records();
    if (controller_.audit().records_to_look_for().empty()) return;
    const base::Instant again = clock_.now() + milliseconds(200);
    while (clock_.now() < again) controller_.pump(kPumpWait);
  }
}

void Run::read_records() {
  constexpr std::size_t kAtOnce = 100;
  const std::vector<std::string> ids = controller_.audit().records_to_look_for();
  for (std::size_t i = 0; i < ids.size(); i += kAtOnce) {
    const auto from = ids.begin() + static_cast<std::ptrdiff_t>(i);
    const auto to = ids.begin() + static_cast<std::ptrdiff_t>(std::min(i + kAtOnce, ids.size()));
    const auto records = store_.records(controller_.books().config().namespace_name, {from, to});
    controller_.pump(milliseconds(0));
    if (!records) return say_(records.error().message);
    for (const Json& record : *records) {
      const Json* id = record.find("activationId");
      if (id != nullptr && id->is_string()) controller_.audit().record(id->as_string(), record);
    }
  }
}

void Run::judge() {
  Books& books = controller_.books();
  books.finish(clock_.now());
  controller_.audit().finish();
  if (options_.checks.at_most_once) {
    std::optional<Marks> marks;
    if (listener_) marks = listener_->marks();
    if (!options_.checks.marks_file.empty()) marks = read_marks(options_.checks.marks_file);
    report_.losses =
        judge_losses(books, controller_.deaths(), controller_.committed(), marks, breaches_);
  }
  report_.given_up = books.given_up();
  report_.results_by_record = books.results_by_record();
  report_.overloads = controller_.balancer().overloads();
  report_.records_seen = controller_.audit().records_seen();
  report_.events_seen = controller_.audit().events_seen();
  report_.longest_ping_gap_ms = controller_.pings().longest_gap().count();
}

}  // namespace

base::Result<RunReport> run(const Options& options, Breaches& breaches, Signals& signals,
                            const Say& say) {
  TRY(const std::unique_ptr<Kafka> kafka, Kafka::connect(options.set_up.kafka));
  return Run(options, *kafka, breaches, signals, say)();
}

}  // namespace controller_sim
