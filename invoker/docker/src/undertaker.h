// Removes containers that could not be removed at once.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "engine_api.h"

namespace invoker_docker {

// Threads: any. It has one of its own, which tries all containers until the daemon has removed
// them, in rounds a second apart; when it ends, once more.
class Undertaker {
 public:
  Undertaker(const EngineApi& api, const base::Logger& log);
  ~Undertaker();

  void take(const std::string& id);

  // Returns when no process is seen any more of the containers that wait here: the daemon may
  // already give their addresses to others. Time: as end_processes_of(), nothing when none waits.
  void end_processes();

 private:
  void work();
  base::Status go_round(const std::vector<std::string>& ids);
  void drop(const std::string& id);

  const EngineApi& api_;
  const base::Logger log_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::string> ids_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_docker
