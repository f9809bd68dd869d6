// Removes containers that could not be removed at once.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "engine_api.h"

namespace invoker_docker {

// Threads: any. It has one of its own, which tries all containers until the daemon has removed
// them, in rounds a pause apart; when it ends, once more.
class Undertaker {
 public:
  Undertaker(const EngineApi& api, const base::Logger& log,
             base::milliseconds pause = base::milliseconds(1'000));
  ~Undertaker();

  void take(const std::string& id);

  // A container of that name, which no other will have, may appear although nobody waits for it
  // any more. Looked for in so many rounds in which the daemon answers.
  void expect(const std::string& name);
  static constexpr int kExpectedRounds = 120;

  // Returns when no process is seen any more of the containers that wait here: the daemon may
  // already give their addresses to others. Time: as end_processes_of(), nothing when none waits.
  void end_processes();

 private:
  void work();
  base::Status go_round(const std::vector<std::string>& ids, const std::vector<std::string>& names);
  base::Status look_for(const std::string& name);
  void drop(const std::string& id);
  bool idle() const { return ids_.empty() && expected_.empty(); }  // with mutex_ held

  const EngineApi& api_;
  const base::Logger log_;
  const base::milliseconds pause_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::string> ids_;
  std::map<std::string, int> expected_;  // names, and in how many rounds more
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_docker
