// Any text as OPENWHISK_CONFIG, as a variable's value and as options of a JVM: it is read, or
// refused in one line.
#include "hocon.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "invoker_settings/settings.h"
#include "units.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_message(const std::string& message) {
  require(!message.empty() && message.find('\n') == message.npos);
}

void check_hocon(const std::string& text) {
  const auto found = invoker_settings::parse_hocon(text);
  if (!found.ok()) return check_message(found.error().message);
  for (const auto& [path, value] : *found) {
    require(!path.empty() && !value.is_object());
    static_cast<void>(value.to_string());
  }
}

// Everything is set that is needed, so that all readers are reached.
void check_settings(const std::string& text) {
  const std::vector<std::string> environment = {
      "KAFKA_HOSTS=k:1",
      R"(RUNTIMES_MANIFEST={"runtimes":{}})",
      "WHISK_API_HOST_NAME=h",
      "CONFIG_whisk_couchdb_host=d",
      "CONFIG_whisk_couchdb_databases_WhiskEntity=e",
      "CONFIG_whisk_couchdb_databases_WhiskActivation=a",
      "CONFIG_whisk_couchdb_databases_WhiskAuth=s",
      "OPENWHISK_CONFIG=" + text,
      "CONFIG_" + text,
      "INVOKER_OPTS=" + text,
  };
  const std::vector<std::string> arguments = {"--id", "0"};
  const auto start = invoker_settings::settings_from(environment, arguments);
  if (!start.ok()) return check_message(start.error().message);
  require(start->settings.pool.memory_bytes > 0);
  for (const std::string& notice : start->notices) require(!notice.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find('\0') != text.npos) return 0;  // no variable contains it
  check_hocon(text);
  check_settings(text);
  if (const auto bytes = invoker_settings::hocon_bytes(text)) require(*bytes >= 0);
  if (const auto time = invoker_settings::hocon_duration(text)) require(time->time.count() >= 0);
  return 0;
}
