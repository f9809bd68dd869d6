// The namespaces that may not invoke anything.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "base/log.h"
#include "base/result.h"
#include "invoker_couchdb/settings.h"

namespace invoker_couchdb {

class Database;

struct BlacklistConfig {
  CouchSettings couch;
  std::chrono::milliseconds interval{300'000};   // whisk.blacklist.poll-interval
  std::chrono::milliseconds retry_first{1'000};  // after a failure, doubling up to the interval
};

// Asks the database when it is made and then at each interval; what it said last counts until it
// says something else, so nobody is blocked before the first answer.
//
// To be asked before an activation's action is fetched. Threads: any method from any thread. Time:
// is_blocked() never waits for the database.
class NamespaceBlacklist {
 public:
  // The log outlives it.
  NamespaceBlacklist(const BlacklistConfig& config, const base::Logger& log);
  // Ends a request under way, within a second.
  ~NamespaceBlacklist();
  NamespaceBlacklist(const NamespaceBlacklist&) = delete;
  NamespaceBlacklist& operator=(const NamespaceBlacklist&) = delete;

  bool is_blocked(std::string_view namespace_name) const;

  // Asks now, on the caller's thread. Errors: as the database's; the old names stay.
  base::Status refresh();

  std::size_t size() const;

 private:
  using Names = std::unordered_set<std::string>;

  base::Result<Names> read();
  void poll(const std::stop_token& stop);

  const BlacklistConfig config_;
  const base::Logger log_;
  std::atomic<bool> cancelled_ = false;
  const std::unique_ptr<Database> database_;
  mutable std::mutex mutex_;  // guards names_; held for a look only
  std::shared_ptr<const Names> names_;
  std::mutex sleep_mutex_;  // of the thread's sleep; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace invoker_couchdb
