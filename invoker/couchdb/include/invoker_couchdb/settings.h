// Where the database is, as OpenWhisk's configuration says it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace invoker_couchdb {

struct CouchSettings {
  std::string protocol = "http";
  std::string host = "localhost";
  int port = 5984;
  std::string username;
  std::string password;
  std::string actions = "whisk_local_whisks";  // the names of the databases
  std::string activations = "whisk_local_activations";
  std::string subjects = "whisk_local_subjects";
  std::size_t connections_max = 128;  // for each of the classes of this library
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{30'000};  // of one request, the answer included
};

// The value of a key of OpenWhisk's configuration, such as "whisk.couchdb.host".
using SettingLookup = std::function<std::optional<std::string>(std::string_view key)>;

// Reads whisk.couchdb.{protocol,host,port,username,password} and
// whisk.couchdb.databases.{WhiskEntity,WhiskActivation,WhiskAuth}; what has no value keeps its
// default. Errors: kInvalidArgument with the key, for a protocol or a port that is none.
base::Result<CouchSettings> read_couch_settings(const SettingLookup& value_of);

}  // namespace invoker_couchdb
