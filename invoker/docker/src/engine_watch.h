// Follows the daemon: its events, whether it is there, and what it still knows of our containers.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "ending.h"
#include "engine_api.h"
#include "invoker/health.h"

namespace invoker_docker {

// Threads: any. It has one of its own. A daemon that says nothing for a while is asked whether it
// is there. One that comes back is asked for every container: what it does not run any more is
// ended, whatever became of its processes.
class EngineWatch {
 public:
  EngineWatch(const EngineApi& api, const base::Clock& clock, const base::Logger& log);
  ~EngineWatch();

  // Marks `ending` when the container ends, also if it has ended before this call. The address is
  // its own from now on: another container that had it is over.
  void add(const std::string& id, const std::string& address,
           const std::shared_ptr<Ending>& ending);
  void remove(const std::string& id);

  // Whether the daemon answered when it was last heard of.
  invoker::Health health() const { return health_.health(); }

 private:
  struct Watched {
    std::string address;
    std::weak_ptr<Ending> ending;
  };

  void work();
  bool follow();
  bool wait_until_back();
  bool stops_within(base::milliseconds time);
  void note(std::string_view line);
  void note_health(const base::Status& status);
  base::Status ask_for_all();
  base::Status ask(const std::string& id);
  std::shared_ptr<Ending> find(const std::string& id);
  std::shared_ptr<Ending> former_owner(const std::string& id, const std::string& address);

  const EngineApi& api_;
  const base::Clock& clock_;
  const base::Logger log_;
  invoker::HealthKeeper health_;
  invoker_http::HttpStream stream_;
  base::WallTime since_;  // events before it have been seen
  std::mutex mutex_;      // guards what follows
  std::condition_variable changed_;
  std::map<std::string, Watched> containers_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_docker
