// The runtimes manifest, the API's address, the log and the metrics.
#include <algorithm>

#include "base/text.h"
#include "sections.h"

namespace invoker_settings {
namespace {

// OpenWhisk's levels; there is nothing below DEBUG and above ERROR here.
base::Result<base::LogLevel> read_level(const Reader& reader) {
  constexpr std::string_view kPath = "logback.log.level";
  TRY(const std::string name, reader.text(kPath));
  const std::string word = base::lower_case(name);
  if (word == "trace" || word == "all") return base::LogLevel::kDebug;
  if (word == "off") return base::LogLevel::kError;
  const auto level = base::parse_log_level(word);
  if (level) return *level;
  return reader.wrong(kPath, "is not DEBUG, INFO, WARN or ERROR");
}

// One way of keeping stem cells ready: a number of them.
void add_stem_cells(const invoker::Runtime& runtime, InvokerSettings& settings,
                    std::vector<std::string>& notices) {
  for (const invoker::StemCells& cells : runtime.stem_cells) {
    settings.pool.stem_cells.push_back({runtime.kind, cells.memory_bytes, cells.initial_count});
    if (!cells.reactive) continue;
    notices.push_back("not used: \"reactive\" in the stem cells of " + runtime.kind +
                      " in RUNTIMES_MANIFEST (" + std::to_string(cells.initial_count) +
                      " are kept ready at all times)");
  }
}

}  // namespace

base::Status read_runtimes(const Reader& reader, InvokerSettings& settings,
                           std::vector<std::string>& notices) {
  TRY(const std::string text, reader.text("RUNTIMES_MANIFEST"));
  const auto json = base::Json::parse(text);
  if (!json) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "RUNTIMES_MANIFEST is no JSON: " + json.error().message};
  }
  auto runtimes = invoker::Runtimes::parse(*json);
  if (!runtimes) {
    return base::Error{runtimes.error().code, "RUNTIMES_MANIFEST: " + runtimes.error().message};
  }
  settings.runtimes = std::move(*runtimes);
  for (const invoker::Runtime& runtime : settings.runtimes.all()) {
    add_stem_cells(runtime, settings, notices);
  }
  return {};
}

base::Result<std::string> read_api_host(const Reader& reader) {
  TRY(const std::size_t https, reader.choice("WHISK_API_HOST_PROTO", {"http", "https"}));
  TRY(const std::string name, reader.text("WHISK_API_HOST_NAME"));
  TRY(const int port, reader.small("WHISK_API_HOST_PORT", 1, 65'535));
  const std::string host = (https == 1 ? "https://" : "http://") + base::lower_case(name);
  return port == (https == 1 ? 443 : 80) ? host : host + ":" + std::to_string(port);
}

base::Status read_metrics(const Reader& reader, MetricsSettings& metrics) {
  TRY(metrics.stock_tags, reader.flag("METRICS_KAMON_TAGS"));
  TRY(metrics.log_markers, reader.flag("METRICS_LOG"));
  constexpr std::string_view kOurs = "larder.metrics.stock-names";
  if (reader.has(kOurs)) {
    TRY(metrics.stock_names, reader.flag(kOurs));
    return {};
  }
  TRY(const bool kamon, reader.flag("METRICS_KAMON"));
  TRY(const bool prometheus, reader.flag("whisk.metrics.prometheus-enabled"));
  metrics.stock_names = kamon && prometheus;
  return {};
}

base::Status read_volumes(const Reader& reader, VolumeSettings& volumes) {
  TRY(const std::size_t wanted, reader.choice("larder.volumes", {"auto", "required", "none"}));
  volumes.wanted = static_cast<VolumesWanted>(wanted);
  TRY(volumes.socket, reader.text("larder.storaged.socket"));
  TRY(volumes.patience, reader.duration("larder.storaged.patience"));
  return {};
}

base::Status read_log(const Reader& reader, base::LogConfig& log) {
  TRY(log.least, read_level(reader));
  TRY(const std::size_t format,
      reader.choice("larder.log.format", {"openwhisk", "json", "logfmt"}));
  log.format = static_cast<base::LogFormat>(format);
  return {};
}

}  // namespace invoker_settings
