// Where the database is.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

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

}  // namespace invoker_couchdb
