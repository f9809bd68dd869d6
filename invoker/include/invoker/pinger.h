// Tells every controller once a second that this invoker is there.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "invoker/instance.h"
#include "invoker/message_bus.h"

namespace invoker {

// A ping goes out every second, counted from the one before; the next waits until the fate of that
// one is known. A controller that hears none for ten seconds stops sending work.
//
// Threads: any method from any thread. What it is handed outlives it.
class Pinger {
 public:
  // Begins at once, enabled.
  Pinger(const InvokerInstance& instance, std::string topic, MessageProducer& producer,
         base::Timer& timer, const base::Clock& clock, base::Logger& log);
  // Sends nothing more.
  ~Pinger();
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  // True when this call changed it. enable() pings again; disable() says so in one last ping, each
  // time that it is called, and pings no more.
  bool enable();
  bool disable();
  bool is_enabled() const;

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace invoker
