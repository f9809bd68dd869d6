// The real database of the tests, and what they put into it themselves.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "invoker_couchdb/settings.h"
#include "invoker_http/http_client.h"

namespace couch_tests {

// Where the service is that left its words in `folder`.
invoker_couchdb::CouchSettings settings_in(const std::string& folder);
// The service that ctest started.
invoker_couchdb::CouchSettings shared_settings();

// As a controller or a person would use the database. Threads: one.
class Couch {
 public:
  explicit Couch(const invoker_couchdb::CouchSettings& settings);

  // The new revision.
  std::string put(const std::string& database, const std::string& id, base::Json document);
  std::string put_attachment(const std::string& id, const std::string& revision,
                             const std::string& name, const std::string& type,
                             const std::string& bytes);
  void remove(const std::string& database, const std::string& id, const std::string& revision);
  // The document; null where there is none.
  base::Json get(const std::string& database, const std::string& id);
  std::int64_t count(const std::string& database);

  std::string actions, activations, subjects;  // the names of the databases

 private:
  base::Json ask(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::string& type = "application/json");
  invoker_http::HttpClient client_;
};

// An action with these members, that the database does not know yet.
base::Json action(const std::string& id, base::Json code, bool binary = false);

// A database of one test alone, which may be killed.
class OwnService {
 public:
  OwnService();
  ~OwnService();
  OwnService(const OwnService&) = delete;
  OwnService& operator=(const OwnService&) = delete;

  bool runs() const;
  void crash() { call("crash"); }
  void resume() { call("resume"); }
  invoker_couchdb::CouchSettings settings() const { return settings_in(folder_); }

 private:
  void call(const std::string& what);
  std::string folder_;
};

}  // namespace couch_tests
