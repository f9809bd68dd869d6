// Making the parts of an invoker, one after the other.
#include "identity.h"
#include "parts.h"

namespace program {

using base::ErrorCode;
using invoker_settings::VolumesWanted;
using std::chrono::milliseconds;

namespace {

// Between two looks at what /ready and /metrics tell of the world: nobody who asks them waits.
constexpr milliseconds kDatabasePause{3'000};
constexpr milliseconds kLagPause{2'000};
constexpr milliseconds kVolumesPause{500};

std::vector<std::string> check_names(const invoker_settings::InvokerSettings& settings) {
  std::vector<std::string> names = {kKafka, kDatabase, kContainers};
  if (settings.volumes.wanted == VolumesWanted::kRequired) names.emplace_back(kVolumes);
  if (!settings.identity.id) names.insert(names.begin(), kZooKeeper);
  return names;
}

}  // namespace

bool may_come(const base::Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

ClassicInvoker::Parts::Parts(const invoker_settings::InvokerSettings& the_settings,
                             const base::Clock& the_clock, base::Logger& the_log)
    : settings(the_settings),
      clock(the_clock),
      log(the_log),
      readiness(clock, check_names(settings)) {}

// The watch ends with what it asks just now.
ClassicInvoker::Parts::~Parts() {
  if (probe) probe->cancel();
}

// First of all, so that whoever deploys sees that the program lives, and what it waits for.
base::Status ClassicInvoker::Parts::open_server() {
  invoker_server::ControlCallbacks callbacks;
  callbacks.instance = [this] { return name(); };
  callbacks.enable = [this] { return enable(true); };
  callbacks.disable = [this] { return enable(false); };
  callbacks.is_enabled = [this] { return serving && pinger->is_enabled(); };
  callbacks.metrics = [this] { return metrics(); };
  callbacks.ready = [this] { return checks(); };
  TRY(server, invoker_server::ControlServer::start(server_options(settings), std::move(callbacks)));
  log.info("Invoker", name() + " answers on port " + std::to_string(server->port()));
  return {};
}

// What is said during the start is kept for its end. One that stops stays disabled.
bool ClassicInvoker::Parts::enable(bool wanted) {
  const std::lock_guard lock(enabling);
  if (!serving) return std::exchange(begins_enabled, wanted) != wanted;
  if (!wanted) return pinger->disable();
  return !stopping && pinger->enable();
}

// Until ZooKeeper has given the number there is a name only.
std::string ClassicInvoker::Parts::name() const {
  return serving || settings.identity.id ? instance.display()
                                         : settings.identity.unique_name.value_or("");
}

base::Status ClassicInvoker::Parts::find_instance(const StopAsked& stop_asked) {
  const invoker_settings::IdentitySettings& identity = settings.identity;
  if (identity.id) return {};
  TRY(const int id, wait_for(kZooKeeper, stop_asked, [&] { return find_id(identity); }));
  instance = instance_of(settings, id);
  log.info("Invoker", "ZooKeeper gave id " + std::to_string(id) + " to " + name());
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
  probe = std::make_unique<invoker_couchdb::DatabaseProbe>(couch_settings(settings));
  database_watch = std::make_unique<Periodic>(kDatabasePause, [this] { look_at_database(); });
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
    TRY(auto sandboxes, invoker_container::SandboxFactory::create(
                            sandbox_config(settings.containers, instance), clock));
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

// An invoker without volumes serves all other actions, so nothing is waited for.
void ClassicInvoker::Parts::open_volumes() {
  if (settings.volumes.wanted == VolumesWanted::kNone) return;
  volumes = std::make_unique<invoker_volumes::StoragedVolumes>(volume_options(settings), clock);
  volumes_watch = std::make_unique<Periodic>(kVolumesPause, [this] { look_at_volumes(); });
}

invoker::FileStager& ClassicInvoker::Parts::files() {
  if (volumes) return *volumes;
  return no_volumes;
}

base::Status ClassicInvoker::Parts::open_handoff() {
  if (!settings.handoff.on()) return {};
  std::vector<int> numbers;
  for (const auto& peer : peers_of(settings, instance)) numbers.push_back(peer.invoker);
  placement = std::make_unique<invoker_handoff::Drill>(instance.id, settings.handoff.drill_percent,
                                                       std::move(numbers), nullptr);
  TRY(handoff,
      invoker_handoff::Handoff::start(handoff_config(settings, instance),
                                      {*placement, clock, log, [this] { feed->processed(); }}));
  log.info("Invoker", "other invokers reach it on port " + std::to_string(handoff->port()));
  return {};
}

// Of one that somebody else has had the feed has its place back already.
void ClassicInvoker::Parts::processed(const invoker::ActivationMessage& message) {
  if (message.owner) return handoff->guest_ended(message.owner->guest);
  if (!message.place_given_back) feed->processed();
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
          [this](const invoker::ActivationMessage& message) { processed(message); }});
  engine = std::make_unique<invoker::Invoker>(
      engine_config(settings, instance),
      invoker::Outside{*actions, *containers, files(), *acknowledger, clock, log, handoff.get()});
  reader = std::make_unique<invoker::MessageReader>(invoker::MessageReaderOutside{
      *engine, *acknowledger, [this](std::string_view name) { return blacklist->is_blocked(name); },
      [this] { feed->processed(); }, clock, log, handoff != nullptr});
}

void ClassicInvoker::Parts::begin() {
  feed = std::make_unique<invoker::MessageFeed>(
      *consumer, feed_limits_of(settings),
      [this](const std::string& message) { reader->read(message); }, log);
  pinger = std::make_unique<invoker::Pinger>(instance, settings.kafka.topic_prefix + "health",
                                             *health_producer, *timer, clock, log);
  if (handoff) {
    handoff->use(*engine);
    handoff->set_peers(peers_of(settings, instance));
  }
  feed->start();
  lag_watch = std::make_unique<Periodic>(kLagPause, [this] { look_at_lag(); });
  const std::lock_guard lock(enabling);
  if (!begins_enabled) pinger->disable();
  serving = true;
}

}  // namespace program
