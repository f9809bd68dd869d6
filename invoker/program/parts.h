// What an invoker is made of.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "adapters.h"
#include "base/timer.h"
#include "classic_invoker.h"
#include "invoker/acknowledger.h"
#include "invoker/message_reader.h"
#include "invoker/pinger.h"
#include "invoker_couchdb/database_probe.h"
#include "invoker_couchdb/namespace_blacklist.h"
#include "invoker_handoff/drill.h"
#include "invoker_handoff/handoff.h"
#include "invoker_volumes/storaged_volumes.h"
#include "invoker_volumes/volume_stager.h"
#include "periodic.h"
#include "readiness.h"

namespace program {

// Whether trying again may help.
bool may_come(const base::Error& error);

// The names of what has to work, on /ready.
inline constexpr const char* kZooKeeper = "zookeeper";
inline constexpr const char* kKafka = "kafka";
inline constexpr const char* kDatabase = "database";
inline constexpr const char* kContainers = "containers";
inline constexpr const char* kVolumes = "volumes";

// In the order of making; destroyed from the end. The timer ends before the producers, whose
// callbacks go to the acknowledger.
struct ClassicInvoker::Parts {
  Parts(const invoker_settings::InvokerSettings& the_settings, const base::Clock& the_clock,
        base::Logger& the_log);
  ~Parts();

  const invoker_settings::InvokerSettings& settings;
  const base::Clock& clock;
  base::Logger& log;
  Readiness readiness;
  invoker::InvokerInstance instance;
  std::unique_ptr<invoker_kafka::Kafka> kafka;
  std::unique_ptr<invoker_couchdb::CouchActions> actions;
  std::unique_ptr<invoker_couchdb::CouchActivations> activations;
  std::unique_ptr<invoker_couchdb::NamespaceBlacklist> blacklist;
  std::unique_ptr<invoker_couchdb::DatabaseProbe> probe;
  std::unique_ptr<Periodic> database_watch;
  std::unique_ptr<invoker::ContainerFactory> containers;
  std::unique_ptr<invoker_volumes::StoragedVolumes> volumes;  // none: not looked for
  std::unique_ptr<Periodic> volumes_watch;
  invoker_volumes::NoVolumes no_volumes{"its operator wants none (larder.volumes)"};
  std::unique_ptr<invoker::Acknowledger> acknowledger;
  std::unique_ptr<invoker::MessageProducer> producer;
  std::unique_ptr<invoker::MessageProducer> health_producer;
  std::unique_ptr<base::ThreadTimer> timer;
  std::unique_ptr<invoker::MessageConsumer> consumer;
  std::atomic<bool> volumes_there = false;
  std::atomic<std::int64_t> lag = -1;  // of the topic; -1: not known
  std::unique_ptr<Periodic> lag_watch;
  std::unique_ptr<invoker::MessageFeed> feed;  // before the engine, whose last ends it hears of
  std::unique_ptr<invoker_handoff::Placement> placement;  // null: nothing is handed over
  std::unique_ptr<invoker_handoff::Handoff> handoff;      // the same
  std::unique_ptr<invoker::Invoker> engine;
  std::unique_ptr<invoker::MessageReader> reader;
  std::unique_ptr<invoker::Pinger> pinger;
  std::unique_ptr<invoker_server::ControlServer> server;
  std::atomic<bool> serving = false;  // everything above is there: the server's threads may look
  std::mutex enabling;                // guards the next two, and with them whether it is enabled
  bool begins_enabled = true;
  bool stopping = false;

  // Does `attempt` again while what it needs may still come.
  template <typename Attempt>
  std::invoke_result_t<Attempt> wait_for(const std::string& what, const StopAsked& stop_asked,
                                         Attempt attempt);

  base::Status find_instance(const StopAsked& stop_asked);
  base::Status open_server();
  base::Status open_stores();
  base::Status open_bus(const StopAsked& stop_asked);
  base::Status open_containers(const StopAsked& stop_asked);
  base::Result<std::unique_ptr<invoker::ContainerFactory>> make_containers() const;
  void open_volumes();
  base::Status open_handoff();
  void open_engine();
  void processed(const invoker::ActivationMessage& message);
  void begin();

  void keep(const invoker::ActivationMessage& message, const invoker::Activation& activation);
  void look_at_database();
  void look_at_lag();
  void look_at_volumes();
  invoker::FileStager& files();
  bool enable(bool wanted);
  std::string name() const;
  std::vector<invoker_server::Check> checks();
  std::string metrics() const;
  void finish(base::Instant deadline);
};

template <typename Attempt>
std::invoke_result_t<Attempt> ClassicInvoker::Parts::wait_for(const std::string& what,
                                                              const StopAsked& stop_asked,
                                                              Attempt attempt) {
  // Between two tries to reach what is not there yet.
  constexpr std::chrono::milliseconds kRetryPause{1'000};
  while (true) {
    auto outcome = attempt();
    const bool is_new =
        readiness.note(what, outcome.ok() ? base::Status() : base::Status(outcome.error()));
    if (outcome.ok() || !may_come(outcome.error())) return outcome;
    const std::string& message = outcome.error().message;
    if (is_new) {
      log.warn("Invoker", std::string("waiting for ").append(what).append(": ").append(message));
    }
    if (stop_asked(kRetryPause)) {
      return base::Error{base::ErrorCode::kUnavailable, "stopped while waiting: " + message};
    }
  }
}

}  // namespace program
