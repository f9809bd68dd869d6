// Whether the databases are there and let us in.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "invoker_couchdb/settings.h"

namespace invoker_couchdb {

class Database;

// Asks a database for itself, with our name and password: a request that reads no document.
//
// Threads: check() in one, cancel() in any. Time: five seconds for a request.
class DatabaseProbe {
 public:
  explicit DatabaseProbe(const CouchSettings& settings);
  ~DatabaseProbe();
  DatabaseProbe(const DatabaseProbe&) = delete;
  DatabaseProbe& operator=(const DatabaseProbe&) = delete;

  // Asks each of them until all have been asked and then one: that which fails, or else the next in
  // turn. Fails where the last answer of any was a failure: kPermissionDenied (name or password),
  // kNotFound (no such database), kUnavailable, kDeadlineExceeded.
  base::Status check();

  // Ends check(), within a second.
  void cancel() { cancelled_ = true; }

 private:
  struct Asked {
    std::string name;
    std::unique_ptr<Database> database;
    base::Status status{};
  };

  base::Status ask(Asked& one) const;
  Asked* failing();

  const CouchSettings settings_;
  std::atomic<bool> cancelled_ = false;
  std::array<Asked, 3> databases_;
  std::size_t next_ = 0;  // counts on
};

}  // namespace invoker_couchdb
