#include "invoker_couchdb/settings.h"

#include <charconv>

#include "base/text.h"

namespace invoker_couchdb {
namespace {

base::Result<int> parse_port(const std::string& text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65'536)
    return port;
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "whisk.couchdb.port is " + base::quoted(text) + ", which is no port"};
}

}  // namespace

base::Result<CouchSettings> read_couch_settings(const SettingLookup& value_of) {
  CouchSettings settings;
  std::string port = std::to_string(settings.port);
  const std::pair<const char*, std::string*> texts[] = {
      {"whisk.couchdb.protocol", &settings.protocol},
      {"whisk.couchdb.host", &settings.host},
      {"whisk.couchdb.port", &port},
      {"whisk.couchdb.username", &settings.username},
      {"whisk.couchdb.password", &settings.password},
      {"whisk.couchdb.databases.WhiskEntity", &settings.actions},
      {"whisk.couchdb.databases.WhiskActivation", &settings.activations},
      {"whisk.couchdb.databases.WhiskAuth", &settings.subjects},
  };
  for (const auto& [key, into] : texts) {
    if (const auto value = value_of(key); value && !value->empty()) *into = *value;
  }
  if (settings.protocol != "http" && settings.protocol != "https") {
    return base::Error{base::ErrorCode::kInvalidArgument, "whisk.couchdb.protocol is " +
                                                              base::quoted(settings.protocol) +
                                                              "; it must be http or https"};
  }
  TRY(settings.port, parse_port(port));
  return settings;
}

}  // namespace invoker_couchdb
