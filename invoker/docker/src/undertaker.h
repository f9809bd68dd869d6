// Removes containers that could not be removed at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "engine_api.h"

namespace invoker_docker {

// Threads: any. It has one of its own, which tries each container until the daemon has removed it,
// a second apart; when it ends, once more each.
class Undertaker {
 public:
  Undertaker(const EngineApi& api, const base::Logger& log);
  ~Undertaker();

  void take(const std::string& id);

 private:
  void work();

  const EngineApi& api_;
  const base::Logger log_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::string> ids_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_docker
