#include "classic_invoker.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "parts.h"

namespace program {

using std::chrono::milliseconds;

namespace {

// For controllers to hear that no more is wanted, and for what they had sent before to arrive.
constexpr milliseconds kSettleTime{500};
// For acknowledgements and records, after the last activation has ended.
constexpr milliseconds kFlushPatience{5'000};
// From the deadline on, for all that is to be done then: whoever stops us kills us soon after it.
constexpr milliseconds kLastPatience{6'000};
// For answers of the HTTP endpoints that are under way.
constexpr milliseconds kServerPatience{200};

}  // namespace

ClassicInvoker::ClassicInvoker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ClassicInvoker::~ClassicInvoker() {
  if (parts_->server) stop(milliseconds(0));
}

base::Result<std::unique_ptr<ClassicInvoker>> ClassicInvoker::start(
    const invoker_settings::InvokerSettings& settings, const base::Clock& clock, base::Logger& log,
    const StopAsked& stop_asked) {
  auto parts = std::make_unique<Parts>(settings, clock, log);
  if (settings.identity.id) parts->instance = instance_of(settings, *settings.identity.id);
  TRY_STATUS(parts->open_server());
  TRY_STATUS(parts->find_instance(stop_asked));
  TRY_STATUS(parts->open_stores());
  TRY_STATUS(parts->open_bus(stop_asked));
  TRY_STATUS(parts->open_containers(stop_asked));
  parts->open_volumes();
  TRY_STATUS(parts->open_handoff());
  parts->open_engine();
  parts->begin();
  log.info("Invoker", parts->instance.display() + " takes activations");
  return std::unique_ptr<ClassicInvoker>(new ClassicInvoker(std::move(parts)));
}

void ClassicInvoker::stop(milliseconds patience) { parts_->finish(parts_->clock.now() + patience); }

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

void ClassicInvoker::Parts::finish(base::Instant deadline) {
  const base::Instant last = deadline + kLastPatience;
  const auto flush_end = [&] { return std::min(clock.now() + kFlushPatience, last); };
  {
    const std::lock_guard lock(enabling);
    stopping = true;
    pinger->disable();
  }
  const base::Instant settled = clock.now() + kSettleTime;
  std::this_thread::sleep_until(std::min(settled, deadline));
  if (handoff) handoff->stop_moving();
  // Committed, so nobody else will run these.
  for (const std::string& message : feed->stop(deadline)) reader->read(message);
  // What others have may still come back from them.
  if (handoff && !handoff->wait_until_settled(deadline)) {
    log.warn("Invoker",
             "other invokers have not ended what they took: they will say it themselves");
  }
  engine->stop(deadline);
  const base::Instant flushed = flush_end();
  // Nobody else can say it: a broker that is away has as long as running activations have.
  if (const auto status = acknowledger->flush(std::max(deadline, flushed)); !status.ok()) {
    log.error("Invoker", status.error().message);
  }
  if (!activations->flush(flushed)) {
    log.warn("Invoker", "the database is away: records wait on disk for the next start");
  }
  server->stop(kServerPatience);
  server.reset();
  pinger.reset();
  // What outlived the deadline, such as a container's engine that hangs, ends here at the latest,
  // and is acknowledged too.
  reader.reset();
  if (handoff) handoff->close();
  engine.reset();
  if (const auto status = acknowledger->flush(flush_end()); !status.ok()) {
    log.error("Invoker", status.error().message);
  }
  acknowledger->stop();
}

}  // namespace program
