// Tells controllers what became of activations, and keeps on until they have heard it.
//
// OpenWhisk's invoker sends each acknowledgement once; when that fails, the controller's place for
// the activation stays taken until it gives up by itself. Here it is sent again until then: a
// second one for the same activation is only logged by the controller.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "invoker/acknowledgement.h"
#include "invoker/invoker.h"
#include "invoker/message_bus.h"

namespace invoker {

struct AcknowledgerConfig {
  InvokerInstance instance;
  std::string topic_prefix;                // of `completed`
  std::optional<std::string> event_topic;  // nothing: no events
  // The controller's own patience with an activation: twice the limit and one minute, and at least
  // as if the limit were this (whisk.time-limit.std).
  std::chrono::milliseconds time_limit_standard{60'000};
};

// All outlive the acknowledger.
struct AcknowledgerOutside {
  MessageProducer& producer;
  base::Timer& timer;
  const base::Clock& clock;
  base::Logger& log;
  // Keeps the record; called before completed() returns, on the same thread.
  std::function<void(const ActivationMessage&, const Activation&)> keep;
  // The activation is over for this invoker: its place among those under way is free.
  std::function<void(const ActivationMessage&)> processed;
};

// Threads: any method from any thread. The acknowledgement that ends an activation is handed to the
// producer only when the fate of the one that told its result is known.
class Acknowledger final : public ActivationSink {
 public:
  Acknowledger(AcknowledgerConfig config, AcknowledgerOutside outside);

  void result_ready(const ActivationMessage& message, const Activation& activation) override;
  void completed(const ActivationMessage& message, Activation activation,
                 Progress progress) override;

  // Ends an activation that must not run, because its namespace is blocked: always shrunk, no
  // record.
  void refuse(const ActivationMessage& message, const Activation& activation);

  // Waits until every acknowledgement has arrived or is given up. kDeadlineExceeded names how many
  // have not.
  base::Status flush(base::Instant deadline);

  // From now on nothing is sent again: what does not arrive at once is lost. Between this and its
  // own end, end the timer first and then the producer, whose callbacks come here.
  void stop();

  struct Stats {
    std::uint64_t sent = 0, repeated = 0, shrunk = 0, lost = 0;
    std::size_t under_way = 0;
  };
  Stats stats() const;

 private:
  // One acknowledgement until it has arrived.
  struct Delivery {
    std::string topic{};
    std::string text{};
    std::string smaller{};  // to be sent instead when `text` is too large; empty: nothing smaller
    std::string activation_id{};
    std::string transaction{};
    base::Instant give_up{};
    std::chrono::milliseconds pause{};  // before it is sent again
    std::function<void()> then{};
  };
  using SharedDelivery = std::shared_ptr<Delivery>;

  void deliver(Delivery delivery);
  void send(const SharedDelivery& delivery);
  void on_sent(const SharedDelivery& delivery, const base::Status& status);
  bool may_send_again(const Delivery& delivery) const;
  void send_later(const SharedDelivery& delivery);
  void end(const SharedDelivery& delivery);
  void result_settled(const std::string& activation_id);
  void deliver_final(const std::string& activation_id, Delivery delivery);
  void tell_event(const ActivationMessage& message, const Activation& activation);
  std::string topic_of(const ActivationMessage& message) const;
  // Whose place in the controller's books it is.
  const base::Json& instance_of(const ActivationMessage& message) const;
  base::Instant give_up_at(const Activation& activation) const;

  const AcknowledgerConfig config_;
  const AcknowledgerOutside outside_;
  const base::Json instance_;

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable settled_;
  // Results on their way, and the acknowledgement that has to wait for each.
  std::unordered_map<std::string, std::optional<Delivery>> results_;
  Stats stats_;
  bool stopped_ = false;
};

}  // namespace invoker
