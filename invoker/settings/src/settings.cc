#include "invoker_settings/settings.h"

#include "arguments.h"
#include "base/text.h"
#include "environment.h"
#include "keys.h"
#include "report.h"
#include "sections.h"

namespace invoker_settings {
namespace {

// Defaults that stand in a tree of names. OpenWhisk's, but for those that its own code overrides.
constexpr std::pair<const char*, const char*> kTreeDefaults[] = {
    {"whisk.kafka.topics.invoker.segment-bytes", "536870912"},
    {"whisk.kafka.topics.invoker.retention-bytes", "1073741824"},
    {"whisk.kafka.topics.invoker.retention-ms", "172800000"},
    {"whisk.kafka.common.security-protocol", "PLAINTEXT"},
    {"whisk.kafka.common.ssl-endpoint-identification-algorithm", ""},
    {"whisk.kafka.consumer.session-timeout-ms", "30000"},
    {"whisk.kafka.consumer.heartbeat-interval-ms", "10000"},
    {"whisk.kafka.consumer.enable-auto-commit", "false"},
    {"whisk.kafka.consumer.auto-offset-reset", "earliest"},
    {"whisk.kafka.consumer.request-timeout-ms", "30000"},
    {"whisk.kafka.consumer.max-poll-interval-ms", "1800000"},
    {"whisk.kafka.consumer.fetch-max-wait-ms", "500"},
    {"whisk.kafka.producer.acks", "1"},
    {"whisk.kafka.producer.request-timeout-ms", "30000"},
    {"whisk.kafka.producer.metadata-max-age-ms", "15000"},
};

// As variables, which is how everybody sets them.
constexpr std::string_view kRequired[] = {
    "KAFKA_HOSTS",
    "RUNTIMES_MANIFEST",
    "WHISK_API_HOST_NAME",
    "CONFIG_whisk_couchdb_host",
    "CONFIG_whisk_couchdb_databases_WhiskEntity",
    "CONFIG_whisk_couchdb_databases_WhiskActivation",
    "CONFIG_whisk_couchdb_databases_WhiskAuth",
};

void add_default(const std::string& path, const char* value, Layers& layers) {
  layers.set(path, {value, Source::kDefault, "default", path});
}

Layers defaults() {
  Layers layers;
  for (const Key& key : used_keys()) {
    if (key.standard != nullptr) add_default(std::string(key.path), key.standard, layers);
  }
  for (const auto& [path, value] : kTreeDefaults) add_default(path, value, layers);
  return layers;
}

base::Status check_required(const Reader& reader) {
  std::string missing;
  for (const std::string_view name : kRequired) {
    const bool named = !name.starts_with("CONFIG_");
    if (reader.has(named ? std::string(name) : path_of_variable(name))) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  if (missing.empty()) return {};
  return base::Error{base::ErrorCode::kInvalidArgument, "not set and needed: " + missing};
}

// OpenWhisk asks again at once where nothing is to be between two questions.
base::Result<milliseconds> read_blacklist_interval(const Reader& reader,
                                                   std::vector<std::string>& notices) {
  constexpr std::string_view kPath = "whisk.blacklist.poll-interval";
  constexpr milliseconds kLeast{1'000};
  TRY(const milliseconds interval, reader.duration(kPath));
  if (interval >= kLeast) return interval;
  notices.push_back(reader.place(kPath) + std::to_string(interval.count()) +
                    " ms would keep the database busy; taken for a second");
  return kLeast;
}

base::Status read_outside(const Reader& reader, Start& start) {
  InvokerSettings& settings = start.settings;
  TRY_STATUS(check_providers(reader));
  TRY_STATUS(read_kafka(reader, settings.kafka));
  TRY_STATUS(read_couch(reader, settings.couch));
  TRY_STATUS(read_containers(reader, settings.containers));
  TRY_STATUS(read_volumes(reader, settings.volumes));
  TRY(settings.api_host, read_api_host(reader));
  TRY(settings.user_events, reader.flag("whisk.user-events.enabled"));
  TRY(settings.blacklist_interval, read_blacklist_interval(reader, start.notices));
  return read_parameter_storage(reader, settings.parameter_storage);
}

base::Status read_inside(const Reader& reader, Start& start) {
  InvokerSettings& settings = start.settings;
  TRY_STATUS(read_pool(reader, settings));
  TRY_STATUS(read_limits(reader, settings.limits));
  TRY_STATUS(read_records(reader, settings.records));
  TRY_STATUS(read_runtimes(reader, settings, start.notices));
  TRY_STATUS(read_server(reader, settings.server));
  TRY_STATUS(read_handoff(reader, settings));
  TRY_STATUS(read_metrics(reader, settings.metrics));
  TRY_STATUS(read_log(reader, settings.log));
  TRY(settings.data_folder, reader.text("larder.data-folder"));
  TRY(settings.stop_patience, reader.duration("larder.stop-patience"));
  return {};
}

base::Status read_all(const Reader& reader, Start& start) {
  TRY_STATUS(read_identity(reader, start.settings.identity));
  TRY_STATUS(check_required(reader));
  TRY_STATUS(read_outside(reader, start));
  return read_inside(reader, start);
}

base::Status read_values(const Layers& layers, Start& start) {
  const Reader reader(layers);
  TRY(start.notices, notices_of(layers));
  TRY_STATUS(check_mode(reader, layers));
  TRY_STATUS(read_all(reader, start));
  for (std::string& notice : useless_notices(layers, start.settings)) {
    start.notices.push_back(std::move(notice));
  }
  return {};
}

base::Result<Start> read_start(std::span<const std::string> environment,
                               std::span<const std::string> arguments) {
  Start start;
  Layers layers = defaults();
  Layers options;  // of the command line, which come last and are wanted first
  TRY(Arguments parsed, parse_arguments(arguments, options));
  start.task = parsed.task;
  if (start.task == Task::kHelp || start.task == Task::kVersion) return start;
  TRY_STATUS(add_environment(environment, layers));
  for (const auto& [path, value] : options.all()) layers.set(path, value);
  start.settings.identity = std::move(parsed.identity);
  start.description = describe(layers, start.settings.identity);
  const base::Status read = read_values(layers, start);
  if (read.ok()) return start;
  if (start.task != Task::kPrintSettings) return read.error();
  start.fault = read.error().message;  // whoever looks for it wants to see all of them
  return start;
}

// What somebody else wrote may have line ends in it.
std::string on_one_line(const std::string& message) {
  std::string line;
  base::append_one_line(line, message);
  return line;
}

}  // namespace

base::Result<Start> settings_from(std::span<const std::string> environment,
                                  std::span<const std::string> arguments) {
  auto start = read_start(environment, arguments);
  if (!start) return base::Error{start.error().code, on_one_line(start.error().message)};
  for (std::string& notice : start->notices) notice = on_one_line(notice);
  start->fault = on_one_line(start->fault);
  return start;
}

std::string help_text() {
  std::string text =
      "larder-invoker --id N [--uniqueName NAME] [--displayedName NAME]\n"
      "larder-invoker --uniqueName NAME [--overwriteId N]\n"
      "\n"
      "  --id N              the number of this invoker; N alone will do\n"
      "  --uniqueName NAME   without --id: ZooKeeper gives the number\n"
      "  --displayedName NAME\n"
      "  --overwriteId N     give the name this number\n"
      "  -Dsetting=value     over every other place\n"
      "  --print-config      print each setting with its origin, and go\n"
      "  --help, --version\n"
      "\n"
      "Settings come from the environment as for OpenWhisk's invoker: CONFIG_whisk_..., "
      "CONFIG_larder_...\n\n";
  for (const Key& key : used_keys()) {
    text += "  " + std::string(key.path) + (key.shape == Shape::kTree ? ".*" : "");
    if (key.standard != nullptr && *key.standard != '\0') {
      text += " (" + std::string(key.standard) + ")";
    }
    text += ": " + std::string(key.help) + "\n";
  }
  return text;
}

}  // namespace invoker_settings
