// Follows the daemon's events, for containers whose processes this host does not show.
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

namespace invoker_docker {

// Threads: any. It has one of its own, which comes back to a daemon that comes back, and then asks
// for the containers that ended meanwhile.
class EngineWatch {
 public:
  EngineWatch(const EngineApi& api, const base::Clock& clock, const base::Logger& log);
  ~EngineWatch();

  // Marks `ending` when the container ends, also if it has ended before this call.
  void add(const std::string& id, const std::shared_ptr<Ending>& ending);
  void remove(const std::string& id);

 private:
  void work();
  void note(std::string_view line);
  void ask_again();
  void ask(const std::string& id);
  void mark(const std::string& id);

  const EngineApi& api_;
  const base::Clock& clock_;
  const base::Logger log_;
  invoker_http::HttpStream stream_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::string, std::weak_ptr<Ending>> endings_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_docker
