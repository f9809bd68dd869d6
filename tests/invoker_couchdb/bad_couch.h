// A server that plays a database, well or badly.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "invoker_couchdb/settings.h"
#include "testing/action_server.h"

namespace couch_tests {

using testing_support::ActionServer;
using testing_support::HttpRequest;

invoker_couchdb::CouchSettings settings_for(int port);

// "guest/hello" at this revision, with this code: a text, or an object in JSON.
std::string action_document(std::string_view revision, std::string_view code_json = "\"x\"");

// A port where nobody listens.
int free_port();

// The activations' database: takes records in bulk and knows which it has.
class BulkServer {
 public:
  // What to answer instead; empty: as a database does.
  using Override = std::function<std::string(const HttpRequest& request, std::size_t documents)>;

  BulkServer();

  int port() const { return server_.port(); }
  void set_override(Override override);
  // Without a word, after every such answer.
  void close_after_override() { closes_ = true; }
  std::set<std::string> ids() const;
  std::size_t requests() const { return server_.requests().size(); }
  std::size_t largest_request() const;

 private:
  bool answer(const HttpRequest& request, int fd);

  mutable std::mutex mutex_;  // guards everything below, but for the server
  Override override_;
  std::atomic<bool> closes_ = false;
  std::set<std::string> ids_;
  std::size_t largest_ = 0;
  ActionServer server_;  // last: it uses everything above
};

struct Log {
  base::DiscardSink sink;
  base::SystemClock clock;
  base::Logger log{sink, clock};
};

}  // namespace couch_tests
