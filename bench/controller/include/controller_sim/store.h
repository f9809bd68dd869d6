// The databases as a controller uses them: CouchDB over HTTP. The only part that speaks to libcurl.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace controller_sim {

struct StoreConfig {
  std::string url;  // http://user:password@host:port
  std::string actions = "whisk_local_whisks";
  std::string activations = "whisk_local_activations";
};

// Threads: one. Errors: kUnavailable (nobody answers, or an answer that says to try again),
// kNotFound, kConflict, kPermissionDenied, kInternal.
class Store {
 public:
  explicit Store(StoreConfig config);
  ~Store();

  // Makes the two databases where they are missing.
  base::Status create_databases();
  // Writes the document, over an older one if there is one; with `attachment`, also its code under
  // the name that its exec gives. What comes back is the revision that a controller then sends.
  base::Result<std::string> put_action(base::Json document, const std::string& attachment);
  base::Status delete_action(const std::string& id);
  // The records that are there, of these activations of one namespace.
  base::Result<std::vector<base::Json>> records(const std::string& namespace_name,
                                                const std::vector<std::string>& activation_ids);

 private:
  struct Answer {
    long status = 0;
    std::string body;
  };
  struct Curl;
  struct Request;
  base::Result<Answer> ask(const Request& request);
  base::Result<base::Json> ask_json(const Request& request);
  std::string document_path(const std::string& database, const std::string& id) const;

  StoreConfig config_;
  std::unique_ptr<Curl> curl_;
};

// One segment of a URL, as OpenWhisk's client writes it: "guest/a b" is "guest%2Fa+b".
std::string url_segment(std::string_view text);

}  // namespace controller_sim
