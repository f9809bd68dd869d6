#include "node.h"

#include "base/check.h"
#include "invoker/message_json.h"

namespace invoker_handoff {

using namespace std::chrono_literals;

Choice FakePlacement::choose(const invoker::Placeable&, base::Instant now) {
  const std::lock_guard lock(mutex_);
  ++asked_;
  Choice choice = choice_;
  if (wait_) {
    choice.where = Choice::Where::kWait;
    choice.again_at = now + *std::exchange(wait_, std::nullopt);
  }
  return choice;
}

void FakePlacement::accepted(int, const invoker::JobDemand&, microseconds) {
  const std::lock_guard lock(mutex_);
  ++accepted_;
}

void FakePlacement::refused(int peer) {
  const std::lock_guard lock(mutex_);
  refusals_.push_back(peer);
}

void FakePlacement::send_to(std::vector<int> peers) {
  const std::lock_guard lock(mutex_);
  choice_.where = peers.empty() ? Choice::Where::kHere : Choice::Where::kPeer;
  choice_.peers = std::move(peers);
  choice_.note = [](int invoker, microseconds, microseconds) {
    return base::Json::object({{"to", invoker}});
  };
}

void FakePlacement::wait_for(milliseconds time, std::vector<int> peers) {
  send_to(std::move(peers));
  const std::lock_guard lock(mutex_);
  wait_ = time;
}

std::vector<int> FakePlacement::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

std::size_t FakePlacement::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::size_t FakePlacement::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

OwnerConfig Node::patient() {
  OwnerConfig config;
  config.budget = 10s;
  return config;
}

Node::Node(const Options& options) : options_(options) {
  HandoffConfig config;
  config.instance.id = options.id;
  config.instance.user_memory_bytes = options.memory_mb << 20;
  config.incarnation = options.incarnation;
  config.listen = {"127.0.0.1", options.port};
  config.trust = options.trust;
  config.owner = options.owner;
  config.executor = options.executor;
  config.executor.hold = 10s;
  config.takes_guests = options.takes_guests;
  auto made = Handoff::start(config, {placement, clock_, log_, [this] {
                                        const std::lock_guard lock(mutex_);
                                        ++places_free_;
                                      }});
  CHECK(made.ok());
  handoff = std::move(*made);
  invoker::AcknowledgerConfig acks;
  acks.instance = config.instance;
  acks.event_topic = "events";
  acknowledger_ = std::make_unique<invoker::Acknowledger>(
      std::move(acks),
      invoker::AcknowledgerOutside{producer, *timer_, clock_, log_,
                                   [this](const auto&, const invoker::Activation& activation) {
                                     const std::lock_guard lock(mutex_);
                                     records_.push_back(activation);
                                   },
                                   [this](const auto& message) { ended(message); }});
  invoker::Action action;
  action.path = "guest";
  action.name = "hello";
  action.version = "0.0.1";
  action.revision = "1-a";
  action.exec.kind = "python:3";
  action.limits.concurrency = options.concurrency;
  actions_.put(action);
  invoker::InvokerConfig engine_config;
  engine_config.pool.memory_bytes = options.memory_mb << 20;
  invoker::Outside outside{actions_, containers_, stager_, *acknowledger_, clock_, log_};
  outside.delegate = handoff.get();
  engine = std::make_unique<invoker::Invoker>(std::move(engine_config), outside);
  handoff->use(*engine);
}

Node::~Node() {
  // As one that is killed: nothing is waited for.
  handoff->close();
  engine.reset();
  timer_.reset();
}

void Node::end() {
  const base::Instant deadline = clock_.now() + 20s;
  handoff->stop_moving();
  CHECK(handoff->wait_until_settled(deadline));
  engine->stop(deadline);
  CHECK(acknowledger_->flush(deadline).ok());
}

void Node::ended(const invoker::ActivationMessage& message) {
  if (message.owner) return handoff->guest_ended(message.owner->guest);
  if (message.place_given_back) return;
  const std::lock_guard lock(mutex_);
  ++places_free_;
}

void Node::submit(const std::string& id) const { submit(activation_message(id)); }

void Node::submit(invoker::ActivationMessage message) const {
  message.bytes = std::make_shared<const std::string>(invoker::to_json(message).to_string());
  CHECK(engine->submit(std::move(message)).ok());
}

std::vector<base::Json> Node::completions() const {
  std::vector<base::Json> all;
  for (const auto& sent : producer.sent()) {
    if (sent.topic == "events") continue;
    base::Json json = *base::Json::parse(sent.text);
    if (json.find("instance") != nullptr) all.push_back(std::move(json));
  }
  return all;
}

std::vector<invoker::Activation> Node::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

int Node::places_free() const {
  const std::lock_guard lock(mutex_);
  return places_free_;
}

invoker::ActivationMessage activation_message(const std::string& id) {
  invoker::ActivationMessage message;
  message.transid = {"tid", 1'700'000'000'000, *base::Json::parse(R"(["tid",1700000000000])")};
  message.action_path = "guest";
  message.action_name = "hello";
  message.user.subject = "guest";
  message.user.namespace_name = "guest";
  message.activation_id = std::string(32 - std::min<std::size_t>(32, id.size()), '0') + id;
  message.root_controller = "0";
  message.blocking = true;
  message.content = *base::Json::parse(R"({"n":12345678901234567890})");
  return message;
}

}  // namespace invoker_handoff
