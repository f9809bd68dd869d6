#include "books_fixture.h"

namespace controller_sim {

using base::Json;

namespace {

Instance instance_of(int id) {
  Instance instance;
  instance.id = id;
  instance.user_memory_bytes = std::int64_t{1024} << 20;
  return instance;
}

}  // namespace

BooksFixture::BooksFixture() {
  ActionTerms terms;
  terms.name = "echo";
  terms.behaviour = parse_behaviour("echo").value();
  config_.actions = {terms};
  restart();
}

void BooksFixture::restart() {
  breaches_.emplace();
  balancer_.emplace();
  books_.emplace(config_, *balancer_, *breaches_);
  for (int id = 0; id < 2; ++id) {
    balancer_->ping({instance_of(id), true}, now_);
    balancer_->outcome(id, Outcome::kSuccess, now_);
  }
}

std::string BooksFixture::send(std::uint64_t number, bool blocking) {
  // Whichever invoker is chosen, invoker 0 is told: the hash is not what these tests are about.
  Call call;
  call.id = random_activation_id(random_);
  call.transid = make_transid(random_, TransidShape::kPlain, 1000);
  call.number = number;
  call.blocking = blocking;
  const SlotNeed need = config_.actions[0].slot_need();
  std::optional<int> chosen;
  for (std::vector<int> others; !chosen;) {
    const int next = *balancer_->choose(config_.namespace_name, need.action, need, random_);
    if (next == 0) {
      chosen = next;
      for (const int other : others) balancer_->give_back(other, need);
    } else {
      others.push_back(next);
    }
  }
  const std::string id = call.id;
  books_->sent(std::move(call), *chosen, now_);
  return id;
}

AckedActivation BooksFixture::activation(const std::string& id) const {
  const Entry& sent = entry(id);
  const ActionTerms& terms = config_.actions[0];
  const Expectation wanted = books_->expectation_of(sent.call);
  AckedActivation activation;
  activation.id = id;
  activation.namespace_name = config_.namespace_name;
  activation.subject = config_.subject;
  activation.name = terms.name;
  activation.version = terms.version;
  activation.start_ms = 2000;
  activation.end_ms = 2005;
  activation.duration_ms = 5;
  activation.status = wanted.status;
  activation.result = wanted.result ? *wanted.result : Json::object({{"error", "some words"}});
  activation.annotations = Json::Array{
      Json::object({{"key", "path"}, {"value", terms.full_name()}}),
      Json::object({{"key", "waitTime"}, {"value", 3}}),
      Json::object({{"key", "kind"}, {"value", terms.kind}}),
      Json::object({{"key", "limits"},
                    {"value", Json::object({{"concurrency", terms.concurrency},
                                            {"logs", terms.logs_mb},
                                            {"memory", terms.memory_mb},
                                            {"timeout", terms.timeout.count()}})}}),
  };
  return activation;
}

Ack BooksFixture::result(const std::string& id) const {
  Ack ack;
  ack.transid = entry(id).call.transid;
  ack.id = id;
  ack.has_response = true;
  ack.activation = activation(id);
  return ack;
}

Ack BooksFixture::completion(const std::string& id) const {
  Ack ack;
  ack.transid = entry(id).call.transid;
  ack.id = id;
  ack.instance = instance_of(0);
  return ack;
}

Ack BooksFixture::combined(const std::string& id) const {
  Ack ack = result(id);
  ack.instance = instance_of(0);
  return ack;
}

Json BooksFixture::record(const std::string& id) const {
  const AckedActivation of = activation(id);
  return Json::object(
      {{"_id", of.namespace_name + "/" + id},
       {"entityType", "activation"},
       {"activationId", id},
       {"namespace", of.namespace_name},
       {"subject", of.subject},
       {"name", of.name},
       {"version", of.version},
       {"publish", false},
       {"start", of.start_ms},
       {"end", of.end_ms},
       {"duration", of.duration_ms},
       {"response", Json::object({{"statusCode", of.status}, {"result", *of.result}})},
       {"logs", Json::array()},
       {"annotations", of.annotations}});
}

Event BooksFixture::event(const std::string& id) const {
  const ActionTerms& terms = config_.actions[0];
  Event event;
  event.type = "Activation";
  event.source = "invoker0";
  event.namespace_name = config_.namespace_name;
  event.activation_id = id;
  event.name = terms.full_name();
  event.kind = terms.kind;
  event.memory_mb = terms.memory_mb;
  return event;
}

void BooksFixture::take(const Ack& ack, base::milliseconds after) {
  now_ += after;
  books_->ack(ack, now_);
}

void BooksFixture::answer(const std::string& id) {
  if (entry(id).call.blocking) take(result(id));
  take(completion(id));
}

void BooksFixture::expect_breaches(const std::vector<BreachKind>& kinds) const {
  std::string told;
  for (const Breach& breach : breaches_->kept()) {
    told += "\n" + std::string(name_of(breach.kind)) + ": " + breach.text;
  }
  EXPECT_EQ(breaches_->count(), kinds.size()) << told;
  for (const BreachKind kind : kinds) {
    EXPECT_EQ(breaches_->count(kind), 1U) << name_of(kind) << " was expected, and came:" << told;
  }
}

}  // namespace controller_sim
