// One database of a CouchDB server.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "invoker_couchdb/settings.h"
#include "invoker_http/http_client.h"

namespace invoker_couchdb {

// The text as one segment of a path.
std::string encode_segment(std::string_view text);

// A sentence about an answer that was not hoped for: its status and the beginning of its body.
std::string describe(std::string_view what, const invoker_http::HttpAnswer& answer);

// Threads: any method from any thread. Time: the request timeout of the settings, and no more than
// a second after `cancelled` has become true.
class Database {
 public:
  // `cancelled` outlives it.
  Database(const CouchSettings& settings, const std::string& name,
           const std::atomic<bool>& cancelled);

  // `path`: below the database, encoded, without a first slash. `revision` goes along as If-Match,
  // as OpenWhisk sends it: CouchDB does not look at it, but a proxy may.
  base::Result<invoker_http::HttpAnswer> get(const std::string& path,
                                             const std::optional<std::string>& revision);
  base::Result<invoker_http::HttpAnswer> post(const std::string& path, std::string body);

 private:
  const std::string root_;  // "/name/"
  const std::chrono::milliseconds timeout_;
  const std::atomic<bool>& cancelled_;
  invoker_http::HttpClient client_;
};

}  // namespace invoker_couchdb
