#include "controller_sim/controller.h"

#include <utility>

#include "controller_sim/action_document.h"

namespace controller_sim {
namespace {

using base::Json;

constexpr base::milliseconds kTickEvery{20};
constexpr base::milliseconds kProbeEvery{10};
constexpr base::milliseconds kEchoPatience{2'000};
constexpr std::string_view kEchoKey = "larder-controller-sim";
constexpr std::string_view kEchoStart = R"({"larder-controller-sim":)";

using Settings = std::map<std::string, std::string>;

Settings topic_settings(bool large_messages) {
  Settings settings = {{"segment.bytes", "536870912"},
                       {"retention.bytes", "1073741824"},
                       {"retention.ms", "3600000"}};
  if (large_messages) settings.emplace("max.message.bytes", "1054644");
  return settings;
}

BooksConfig no_actions(const Options& options) {
  BooksConfig config;
  config.namespace_name = options.set_up.caller.namespace_name;
  config.subject = options.set_up.caller.subject;
  return config;
}

}  // namespace

Controller::Controller(const Options& options, Kafka& kafka, Breaches& breaches, Signals& signals,
                       Say say)
    : options_(&options),
      kafka_(&kafka),
      breaches_(&breaches),
      signals_(&signals),
      say_(std::move(say)),
      random_(options.load.seed),
      balancer_(options.set_up.cluster_size, options.actions.memory_min_mb),
      watch_(options.checks.ping_gap, breaches),
      books_(no_actions(options), balancer_, breaches),
      audit_(options.checks.audit, books_, breaches),
      acks_topic_(options.set_up.topic_prefix + "completed" + options.set_up.controller),
      health_topic_(options.set_up.topic_prefix + "health"),
      events_topic_(options.set_up.event_prefix + "events") {
  health_transid_ = Json::array();
  health_transid_.append("sid_invokerHealth").append(base::epoch_ms(clock_.wall()));
}

void Controller::know(BooksConfig config, std::vector<std::string> revisions) {
  books_.begin(std::move(config));
  revisions_ = std::move(revisions);
}

base::Status Controller::start() {
  TRY_STATUS(kafka_->ensure_topic(health_topic_, topic_settings(false)));
  TRY_STATUS(kafka_->ensure_topic(acks_topic_, topic_settings(true)));
  TRY_STATUS(kafka_->ensure_topic(events_topic_, topic_settings(false)));
  return kafka_->follow({health_topic_, acks_topic_, events_topic_});
}

std::string Controller::invoker_topic(int invoker) const {
  return options_->set_up.topic_prefix + "invoker" + std::to_string(invoker);
}

void Controller::pump(std::chrono::microseconds wait) {
  const std::vector<BusMessage> messages = kafka_->poll(wait);
  const base::Instant now = clock_.now();
  for (const BusMessage& message : messages) take(message, now);
  take_deliveries();
  if (probing_) probe_if_due(now);
  if (now < next_tick_) return;
  next_tick_ = now + kTickEvery;
  tick(now);
}

void Controller::take(const BusMessage& message, base::Instant now) {
  if (message.topic == acks_topic_) {
    take_ack(message.text, now);
  } else if (message.topic == health_topic_) {
    take_ping(message.text, now);
  } else if (message.topic == events_topic_) {
    take_event(message.text);
  }
}

void Controller::take_ack(const std::string& text, base::Instant now) {
  if (echo_ && text == *echo_) return take_echo(now);
  if (text.starts_with(kEchoStart)) return;  // given up, and come all the same
  last_message_ = now;
  const auto ack = read_ack(text);
  if (ack) return books_.ack(*ack, now);
  breaches_->add(BreachKind::kUnreadable, {},
                 "acknowledgement: " + ack.error().message + ": " + text.substr(0, 200));
}

void Controller::take_ping(const std::string& text, base::Instant now) {
  const auto ping = read_ping(text);
  if (!ping) {
    breaches_->add(BreachKind::kUnreadable, {},
                   "ping: " + ping.error().message + ": " + text.substr(0, 200));
    return;
  }
  constexpr int kInvokersMax = 10'000;  // an id beyond is a mistake, and would fill the table
  if (ping->instance.id > kInvokersMax) {
    breaches_->add(BreachKind::kUnreadable, {}, "ping of an id out of range: " + text);
    return;
  }
  watch_.ping(*ping, now);
  balancer_.ping(*ping, now);
  if (!user_memory_mb_) user_memory_mb_ = ping->instance.user_memory_bytes >> 20;
}

void Controller::take_event(const std::string& text) {
  if (!options_->checks.audit.events) return;
  const auto event = read_event(text);
  if (event) return audit_.event(*event);
  breaches_->add(BreachKind::kUnreadable, {},
                 "event: " + event.error().message + ": " + text.substr(0, 200));
}

void Controller::take_deliveries() {
  for (const Delivery& delivery : kafka_->take_deliveries()) {
    if (delivery.error.empty()) {
      books_.delivered(delivery.token, delivery.offset);
    } else {
      say_("activation " + delivery.token + " did not reach the broker: " + delivery.error);
      books_.undelivered(delivery.token);
    }
  }
}

void Controller::tick(base::Instant now) {
  balancer_.tick(now);
  watch_.tick(now);
  books_.tick(now);
  for (const int invoker : balancer_.take_tests_due(now)) send_health_test(invoker);
  for (int i = 0; i < balancer_.size(); ++i) {
    const HealthState state = balancer_.state(i);
    HealthState& last = last_states_.try_emplace(i, HealthState::kOffline).first->second;
    if (std::exchange(last, state) == state) continue;
    say_("invoker" + std::to_string(i) + " is " + std::string(name_of(state)));
  }
  if (signals_->deaths > deaths_noted_) note_death();
  settle_deaths(now);
  const std::string complaint = kafka_->take_complaint();
  if (!complaint.empty()) say_("broker: " + complaint);
  for (const Breach& breach : breaches_->take_news()) {
    const bool tolerated = breaches_->tolerated(breach.kind);
    say_((tolerated ? "tolerated: " : "BREACH ") + std::string(name_of(breach.kind)) + " " +
         breach.id + " " + breach.text);
  }
}

void Controller::send_health_test(int invoker) {
  const ActivationRequest request =
      health_request(random_, options_->set_up.controller, health_transid_);
  books_.health_test_sent(request.id, health_transid_);
  const auto sent =
      kafka_->send(invoker_topic(invoker), activation_message(request).to_string(), {});
  if (!sent) say_("no health test: " + sent.error().message);
}

std::optional<std::string> Controller::invoke(std::size_t action, std::uint64_t number,
                                              bool counted) {
  const ActionTerms& terms = books_.config().actions[action];
  const Caller& caller = options_->set_up.caller;
  const auto invoker =
      balancer_.choose(caller.namespace_name, terms.full_name(), terms.slot_need(), random_);
  if (!invoker) return std::nullopt;
  const LoadOptions& load = options_->load;
  const auto shape =
      load.transid_variants ? static_cast<TransidShape>(number % 4) : TransidShape::kPlain;
  Call call;
  call.id = random_activation_id(random_);
  call.transid = make_transid(random_, shape, base::epoch_ms(clock_.wall()));
  call.action = action;
  call.number = number;
  // The blocking ones are spread evenly: of each hundred calls in a row, so many percent.
  call.blocking = (number * 37) % 100 < static_cast<std::uint64_t>(load.blocking_percent);
  call.counted = counted;
  ActivationRequest request;
  request.transid = call.transid;
  request.action_path = terms.path;
  request.action_name = terms.name;
  request.action_version = terms.version;
  request.revision = revisions_[action];
  request.caller = caller;
  request.id = call.id;
  request.controller = options_->set_up.controller;
  request.blocking = call.blocking;
  request.content = books_.content_of(call);
  request.init_args = init_args_of(terms.behaviour);
  const std::string text = activation_message(request).to_string();
  books_.sent(std::move(call), *invoker, clock_.now());
  const auto sent = kafka_->send(invoker_topic(*invoker), text, request.id);
  if (!sent) {
    say_(sent.error().message);
    books_.undelivered(request.id);
  }
  return request.id;
}

bool Controller::send_echo(base::Instant now) {
  echo_ = Json::object({{std::string(kEchoKey), random_text(random_, 16)}}).to_string();
  echo_sent_ = now;
  return kafka_->send(acks_topic_, *echo_, {}).ok();
}

void Controller::take_echo(base::Instant now) {
  echo_.reset();
  trips_.push_back({echo_sent_, now});
}

// One that does not come back is given up: the broker may have gone.
void Controller::probe_if_due(base::Instant now) {
  if (now - echo_sent_ < (echo_ ? kEchoPatience : kProbeEvery)) return;
  if (!send_echo(now)) echo_.reset();
}

std::vector<double> Controller::measure_floor(int trips) {
  std::vector<double> times;
  for (int i = 0; i < trips && !stopped(); ++i) {
    if (!send_echo(clock_.now())) break;
    while (echo_ && clock_.now() - echo_sent_ < kEchoPatience) pump(base::milliseconds(10));
    if (echo_) break;
    times.push_back(trips_.back().ms());
  }
  return times;
}

std::map<int, std::int64_t> Controller::committed() {
  std::map<int, std::int64_t> offsets;
  for (int i = 0; i < balancer_.size(); ++i) {
    const auto offset = kafka_->committed(invoker_topic(i), invoker_topic(i));
    if (offset) {
      offsets[i] = *offset;
    } else {
      say_(offset.error().message);
    }
  }
  return offsets;
}

// The invoker is dead and commits no more. What it said last may still be on its way into the
// broker.
void Controller::note_death() {
  constexpr base::milliseconds kOnItsWay{500};
  deaths_noted_ = signals_->deaths;
  const base::Instant until = clock_.now() + kOnItsWay;
  do {
    for (const BusMessage& message : kafka_->poll(base::milliseconds(10))) {
      take(message, clock_.now());
    }
  } while (clock_.now() < until);
  const auto end = kafka_->end_of(acks_topic_);
  if (!end) {
    say_("a death could not be noted: " + end.error().message);
    return;
  }
  open_deaths_.push_back({committed(), *end});
}

void Controller::settle_deaths(base::Instant now) {
  std::erase_if(open_deaths_, [&](const OpenDeath& death) {
    if (kafka_->position(acks_topic_) < death.acks_end) return false;
    for (const auto& [invoker, offset] : death.committed) {
      deaths_.push_back({invoker, offset, now});
      say_("death noted: invoker" + std::to_string(invoker) + " had committed " +
           std::to_string(offset));
    }
    return true;
  });
}

}  // namespace controller_sim
