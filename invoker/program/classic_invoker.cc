#include "classic_invoker.h"

#include <atomic>
#include <thread>
#include <utility>

#include "adapters.h"
#include "base/timer.h"
#include "identity.h"
#include "invoker/acknowledger.h"
#include "invoker/message_reader.h"
#include "invoker/pinger.h"
#include "invoker_couchdb/namespace_blacklist.h"
#include "metrics.h"
#include "no_files.h"
#include "readiness.h"

namespace program {

using base::ErrorCode;
using invoker_settings::InvokerSettings;
using std::chrono::milliseconds;

namespace {

// Between two tries to reach what is not there yet.
constexpr milliseconds kRetryPause{1'000};
// For controllers to hear that no more is wanted, and for what they had sent before to arrive.
constexpr milliseconds kSettleTime{500};
// For acknowledgements and records, after the last activation has ended.
constexpr milliseconds kFlushPatience{5'000};
// For answers of the HTTP endpoints that are under way.
constexpr milliseconds kServerPatience{200};

const std::string kKafka = "kafka";
const std::string kDatabase = "database";
const std::string kContainers = "containers";

bool may_come(const base::Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

}  // namespace

// In the order of making; destroyed from the end. The timer ends before the producers, whose
// callbacks go to the acknowledger.
struct ClassicInvoker::Parts {
  Parts(const InvokerSettings& the_settings, const base::Clock& the_clock, base::Logger& the_log)
      : settings(the_settings),
        clock(the_clock),
        log(the_log),
        readiness(clock, {kKafka, kDatabase, kContainers}) {}

  const InvokerSettings& settings;
  const base::Clock& clock;
  base::Logger& log;
  Readiness readiness;
  invoker::InvokerInstance instance;
  std::unique_ptr<invoker_kafka::Kafka> kafka;
  std::unique_ptr<invoker_couchdb::CouchActions> actions;
  std::unique_ptr<invoker_couchdb::CouchActivations> activations;
  std::unique_ptr<invoker_couchdb::NamespaceBlacklist> blacklist;
  std::unique_ptr<invoker::ContainerFactory> containers;
  NoFiles files;
  std::unique_ptr<invoker::Acknowledger> acknowledger;
  std::unique_ptr<invoker::MessageProducer> producer;
  std::unique_ptr<invoker::MessageProducer> health_producer;
  std::unique_ptr<base::ThreadTimer> timer;
  std::unique_ptr<invoker::MessageConsumer> consumer;
  std::unique_ptr<invoker::MessageFeed> feed;  // before the engine, whose last ends it hears of
  std::unique_ptr<invoker::Invoker> engine;
  std::unique_ptr<invoker::MessageReader> reader;
  std::unique_ptr<invoker::Pinger> pinger;
  std::unique_ptr<invoker_server::ControlServer> server;
  std::atomic<bool> serving = false;  // everything above is there: the server's threads may look

  // Does `attempt` again while what it needs may still come.
  template <typename Attempt>
  std::invoke_result_t<Attempt> wait_for(const std::string& what, const StopAsked& stop_asked,
                                         Attempt attempt);

  base::Status open_server();
  base::Status open_stores();
  base::Status open_bus(const StopAsked& stop_asked);
  base::Status open_containers(const StopAsked& stop_asked);
  base::Result<std::unique_ptr<invoker::ContainerFactory>> make_containers() const;
  void open_engine();
  void begin();

  void keep(const invoker::ActivationMessage& message, const invoker::Activation& activation);
  std::vector<invoker_server::Check> checks();
  std::string metrics() const;
  void finish(base::Instant deadline);
};

template <typename Attempt>
std::invoke_result_t<Attempt> ClassicInvoker::Parts::wait_for(const std::string& what,
                                                              const StopAsked& stop_asked,
                                                              Attempt attempt) {
  std::string last;
  while (true) {
    auto outcome = attempt();
    readiness.note(what, outcome.ok() ? base::Status() : base::Status(outcome.error()));
    if (outcome.ok() || !may_come(outcome.error())) return outcome;
    if (outcome.error().message != last) log.warn("Invoker", "waiting: " + outcome.error().message);
    last = outcome.error().message;
    if (stop_asked(kRetryPause)) {
      return base::Error{ErrorCode::kUnavailable, "stopped while waiting: " + last};
    }
  }
}

// First of all, so that whoever deploys sees that the program lives, and what it waits for.
base::Status ClassicInvoker::Parts::open_server() {
  invoker_server::ControlCallbacks callbacks;
  callbacks.enable = [this] { return serving && pinger->enable(); };
  callbacks.disable = [this] { return serving && pinger->disable(); };
  callbacks.is_enabled = [this] { return serving && pinger->is_enabled(); };
  callbacks.metrics = [this] { return metrics(); };
  callbacks.ready = [this] { return checks(); };
  TRY(server, invoker_server::ControlServer::start(server_options(settings, instance),
                                                   std::move(callbacks)));
  log.info("Invoker", instance.display() + " answers on port " + std::to_string(server->port()));
  return {};
}

// None of them needs the database to be there.
base::Status ClassicInvoker::Parts::open_stores() {
  actions = std::make_unique<invoker_couchdb::CouchActions>(actions_config(settings), clock);
  TRY(activations, invoker_couchdb::CouchActivations::open(activations_config(settings), log));
  invoker_couchdb::BlacklistConfig blocked;
  blocked.couch = couch_settings(settings);
  blocked.interval = settings.blacklist_interval;
  blacklist = std::make_unique<invoker_couchdb::NamespaceBlacklist>(blocked, log);
  return {};
}

base::Status ClassicInvoker::Parts::open_bus(const StopAsked& stop_asked) {
  TRY(kafka, invoker_kafka::Kafka::open(kafka_config(settings), log));
  const auto admin = kafka->topic_admin();
  const invoker::TopicSpec topic = topic_of(settings, instance);
  TRY_STATUS(wait_for(kKafka, stop_asked, [&] { return admin->ensure_topic(topic); }));
  TRY(producer, kafka->producer());
  TRY(health_producer, kafka->producer());
  invoker_kafka::ConsumerOptions options;
  options.topic = topic.name;
  // So that who comes after a crash need not wait until the broker has given the dead one up.
  options.instance_id = "larder-" + instance.source();
  TRY(consumer, kafka->consumer(options));
  return {};
}

base::Result<std::unique_ptr<invoker::ContainerFactory>> ClassicInvoker::Parts::make_containers()
    const {
  if (settings.containers.kind == invoker_settings::ContainerKind::kSandbox) {
    TRY(auto sandboxes, invoker_container::SandboxFactory::create(sandbox_config(instance), clock));
    return std::unique_ptr<invoker::ContainerFactory>(std::move(sandboxes));
  }
  TRY(auto docker,
      invoker_docker::DockerFactory::create(docker_config(settings, instance), clock, log));
  return std::unique_ptr<invoker::ContainerFactory>(std::move(docker));
}

base::Status ClassicInvoker::Parts::open_containers(const StopAsked& stop_asked) {
  TRY(containers, wait_for(kContainers, stop_asked, [this] { return make_containers(); }));
  return wait_for(kContainers, stop_asked, [this] { return containers->remove_leftovers(); });
}

void ClassicInvoker::Parts::keep(const invoker::ActivationMessage& message,
                                 const invoker::Activation& activation) {
  if (invoker::is_stored(message, activation, settings.records.policy)) {
    const auto now_ms = base::epoch_ms(clock.wall());
    // A record that has no room anywhere is logged by the store.
    [[maybe_unused]] const auto status = activations->store(invoker::to_record(activation, now_ms));
  } else if (settings.records.log_unstored) {
    log.info("Invoker", "activation " + activation.activation_id + " is not recorded");
  }
}

void ClassicInvoker::Parts::open_engine() {
  timer = std::make_unique<base::ThreadTimer>();
  invoker::AcknowledgerConfig acks;
  acks.instance = instance;
  acks.topic_prefix = settings.kafka.topic_prefix;
  if (settings.user_events) acks.event_topic = settings.kafka.user_event_prefix + "events";
  acknowledger = std::make_unique<invoker::Acknowledger>(
      std::move(acks),
      invoker::AcknowledgerOutside{
          *producer, *timer, clock, log,
          [this](const auto& message, const auto& activation) { keep(message, activation); },
          [this] { feed->processed(); }});
  engine = std::make_unique<invoker::Invoker>(
      engine_config(settings, instance),
      invoker::Outside{*actions, *containers, files, *acknowledger, clock, log});
  reader = std::make_unique<invoker::MessageReader>(invoker::MessageReaderOutside{
      *engine, *acknowledger, [this](std::string_view name) { return blacklist->is_blocked(name); },
      [this] { feed->processed(); }, clock, log});
}

void ClassicInvoker::Parts::begin() {
  feed = std::make_unique<invoker::MessageFeed>(
      *consumer, feed_limits_of(settings),
      [this](const std::string& message) { reader->read(message); }, log);
  pinger = std::make_unique<invoker::Pinger>(instance, settings.kafka.topic_prefix + "health",
                                             *health_producer, *timer, clock, log);
  feed->start();
  serving = true;
}

std::vector<invoker_server::Check> ClassicInvoker::Parts::checks() {
  if (serving) {
    const std::string trouble = feed->stats().trouble;
    readiness.note(
        kKafka, trouble.empty() ? base::Status() : base::Error{ErrorCode::kUnavailable, trouble});
    const auto stats = activations->stats();
    readiness.note(kDatabase, stats.available
                                  ? base::Status()
                                  : base::Error{ErrorCode::kUnavailable, stats.last_error});
    readiness.take(kContainers, containers->health());
  }
  return readiness.checks();
}

std::string ClassicInvoker::Parts::metrics() const {
  if (!serving) return "";
  const auto waiting = consumer->lag();
  return metrics_of({.engine = engine->stats(),
                     .feed = feed->stats(),
                     .acks = acknowledger->stats(),
                     .actions = actions->stats(),
                     .records = activations->stats(),
                     .containers = containers->health(),
                     .unreadable = reader->unreadable(),
                     .enabled = pinger->is_enabled(),
                     .topic = settings.kafka.topic_prefix + instance.source(),
                     .lag = waiting ? std::optional(*waiting) : std::nullopt},
                    settings.metrics);
}

ClassicInvoker::ClassicInvoker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ClassicInvoker::~ClassicInvoker() {
  if (parts_->server) stop(milliseconds(0));
}

base::Result<std::unique_ptr<ClassicInvoker>> ClassicInvoker::start(const InvokerSettings& settings,
                                                                    const base::Clock& clock,
                                                                    base::Logger& log,
                                                                    const StopAsked& stop_asked) {
  auto parts = std::make_unique<Parts>(settings, clock, log);
  TRY(const int id, find_id(settings.identity, log));
  parts->instance = instance_of(settings, id);
  TRY_STATUS(parts->open_server());
  TRY_STATUS(parts->open_stores());
  TRY_STATUS(parts->open_bus(stop_asked));
  TRY_STATUS(parts->open_containers(stop_asked));
  parts->open_engine();
  parts->begin();
  log.info("Invoker", parts->instance.display() + " takes activations");
  return std::unique_ptr<ClassicInvoker>(new ClassicInvoker(std::move(parts)));
}

void ClassicInvoker::stop(milliseconds patience) { parts_->finish(parts_->clock.now() + patience); }

void ClassicInvoker::Parts::finish(base::Instant deadline) {
  pinger->disable();
  const base::Instant settled = clock.now() + kSettleTime;
  std::this_thread::sleep_until(std::min(settled, deadline));
  // Committed, so nobody else will run these.
  for (const std::string& message : feed->stop(deadline)) reader->read(message);
  engine->stop(deadline);
  const base::Instant flushed = clock.now() + kFlushPatience;
  if (const auto status = acknowledger->flush(flushed); !status.ok()) {
    log.error("Invoker", status.error().message);
  }
  if (!activations->flush(flushed)) {
    log.warn("Invoker", "the database is away: records wait on disk for the next start");
  }
  server->stop(kServerPatience);
  server.reset();
  pinger.reset();
  // What outlived the deadline, such as a question to a database that hangs, ends here at the
  // latest, and is acknowledged too.
  reader.reset();
  engine.reset();
  if (const auto status = acknowledger->flush(clock.now() + kFlushPatience); !status.ok()) {
    log.error("Invoker", status.error().message);
  }
  acknowledger->stop();
}

}  // namespace program
