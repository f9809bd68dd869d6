#include "invoker/acknowledger.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace invoker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{100};
constexpr milliseconds kPauseMax{5'000};

// The action's time limit, where its record tells it.
std::optional<milliseconds> time_limit_of(const Activation& activation) {
  for (const base::Json& entry : activation.annotations.items()) {
    const base::Json* key = entry.find("key");
    const base::Json* value = entry.find("value");
    if (key == nullptr || value == nullptr || !key->is_string() || key->as_string() != "limits") {
      continue;
    }
    const base::Json* timeout = value->find("timeout");
    if (timeout != nullptr && timeout->as_int64()) return milliseconds(*timeout->as_int64());
  }
  return std::nullopt;
}

}  // namespace

Acknowledger::Acknowledger(AcknowledgerConfig config, AcknowledgerOutside outside)
    : config_(std::move(config)),
      outside_(std::move(outside)),
      instance_(to_json(config_.instance)) {}

std::string Acknowledger::topic_of(const ActivationMessage& message) const {
  return config_.topic_prefix + "completed" + message.root_controller;
}

const base::Json& Acknowledger::instance_of(const ActivationMessage& message) const {
  return message.owner ? message.owner->instance : instance_;
}

base::Instant Acknowledger::give_up_at(const Activation& activation) const {
  const milliseconds limit = std::max(
      time_limit_of(activation).value_or(config_.time_limit_standard), config_.time_limit_standard);
  return outside_.clock.now() + 2 * limit + std::chrono::minutes(1);
}

void Acknowledger::result_ready(const ActivationMessage& message, const Activation& activation) {
  if (!message.blocking) return;
  {
    const std::lock_guard lock(mutex_);
    results_.try_emplace(message.activation_id);
  }
  deliver({.topic = topic_of(message),
           .text = result_ack(message, activation, false),
           .smaller = result_ack(message, activation, true),
           .activation_id = message.activation_id,
           .transaction = message.transid.id,
           .give_up = give_up_at(activation),
           .then = [this, id = message.activation_id] { result_settled(id); }});
}

void Acknowledger::completed(const ActivationMessage& message, Activation activation,
                             Progress progress) {
  tell_event(message, activation);
  Delivery delivery{.topic = topic_of(message),
                    .activation_id = message.activation_id,
                    .transaction = message.transid.id,
                    .give_up = give_up_at(activation)};
  if (final_ack(message.blocking, progress) == AckKind::kCompletion) {
    delivery.text = completion_ack(message, activation.response.code, instance_of(message));
  } else {
    const bool shrunk = !message.blocking;
    const base::Json& instance = instance_of(message);
    delivery.text = combined_ack(message, activation, instance, shrunk);
    if (!shrunk) delivery.smaller = combined_ack(message, activation, instance, true);
  }
  deliver_final(message.activation_id, std::move(delivery));
  outside_.keep(message, activation);
  outside_.processed(message);
}

void Acknowledger::refuse(const ActivationMessage& message, const Activation& activation) {
  tell_event(message, activation);
  deliver({.topic = topic_of(message),
           .text = combined_ack(message, activation, instance_of(message), true),
           .activation_id = message.activation_id,
           .transaction = message.transid.id,
           .give_up = give_up_at(activation)});
  outside_.processed(message);
}

// Waits for the result's fate, where there was a result to be told.
void Acknowledger::deliver_final(const std::string& activation_id, Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    const auto result = results_.find(activation_id);
    if (result != results_.end()) {
      result->second = std::move(delivery);
      return;
    }
  }
  deliver(std::move(delivery));
}

void Acknowledger::result_settled(const std::string& activation_id) {
  std::optional<Delivery> next;
  {
    const std::lock_guard lock(mutex_);
    auto result = results_.extract(activation_id);
    if (!result.empty()) next = std::move(result.mapped());
  }
  if (next) deliver(std::move(*next));
}

void Acknowledger::deliver(Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.under_way;
  }
  send(std::make_shared<Delivery>(std::move(delivery)));
}

void Acknowledger::send(const SharedDelivery& delivery) {
  outside_.producer.send(
      delivery->topic, delivery->text,
      [this, delivery](const base::Status& status) { on_sent(delivery, status); });
}

void Acknowledger::on_sent(const SharedDelivery& delivery, const base::Status& status) {
  if (status.ok()) {
    const std::lock_guard lock(mutex_);
    ++stats_.sent;
  } else if (status.error().code == base::ErrorCode::kInvalidArgument &&
             !delivery->smaller.empty()) {
    delivery->text = std::exchange(delivery->smaller, {});
    {
      const std::lock_guard lock(mutex_);
      ++stats_.shrunk;
    }
    return send(delivery);
  } else if (status.error().code == base::ErrorCode::kUnavailable && may_send_again(*delivery)) {
    return send_later(delivery);
  } else {
    outside_.log.for_transaction(delivery->transaction)
        .error("Acknowledger", "gave up the acknowledgement of activation " +
                                   delivery->activation_id + " to topic " + delivery->topic + ": " +
                                   status.error().message);
    const std::lock_guard lock(mutex_);
    ++stats_.lost;
  }
  end(delivery);
}

bool Acknowledger::may_send_again(const Delivery& delivery) const {
  const std::lock_guard lock(mutex_);
  return !stopped_ && outside_.clock.now() < delivery.give_up;
}

void Acknowledger::send_later(const SharedDelivery& delivery) {
  delivery->pause = std::clamp(2 * delivery->pause, kPauseMin, kPauseMax);
  {
    const std::lock_guard lock(mutex_);
    ++stats_.repeated;
  }
  outside_.timer.arm(outside_.clock.now() + delivery->pause, [this, delivery] { send(delivery); });
}

// What has to follow begins before this one counts as settled, so that flush() sees no gap.
void Acknowledger::end(const SharedDelivery& delivery) {
  if (delivery->then) delivery->then();
  const std::lock_guard lock(mutex_);
  if (--stats_.under_way == 0) settled_.notify_all();
}

void Acknowledger::tell_event(const ActivationMessage& message, const Activation& activation) {
  if (!config_.event_topic) return;
  const std::string source = message.owner ? message.owner->source : config_.instance.source();
  auto event = activation_event(message, activation, source, outside_.clock.wall());
  if (!event) {
    log_of(outside_.log, message)
        .warn("Acknowledger", "activation " + message.activation_id +
                                  " has no path or kind in its record: no event is sent");
    return;
  }
  outside_.producer.send(*config_.event_topic, std::move(*event),
                         [id = message.activation_id,
                          log = log_of(outside_.log, message)](const base::Status& status) {
                           if (status.ok()) return;
                           log.warn("Acknowledger", "the event of activation " + id +
                                                        " is lost: " + status.error().message);
                         });
}

void Acknowledger::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

base::Status Acknowledger::flush(base::Instant deadline) {
  std::unique_lock lock(mutex_);
  if (settled_.wait_until(lock, deadline, [this] { return stats_.under_way == 0; })) return {};
  return base::Error{base::ErrorCode::kDeadlineExceeded,
                     std::to_string(stats_.under_way) + " acknowledgements have not arrived"};
}

Acknowledger::Stats Acknowledger::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace invoker
